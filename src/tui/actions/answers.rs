//! What each action that changes something answers: an order, or why there is none now. Whether
//! something is possible comes from the world's offers, so that keys, menu and night screen say the
//! same.

mod ways;

use std::sync::Arc;

use crate::domain::ask::{Intent, QueueOf, Source};
use crate::domain::deployment::Deployment;
use crate::domain::end::End;
use crate::domain::hold::HoldKind;
use crate::domain::ids::{DeploymentId, DeploymentNo, StackId};
use crate::domain::level::{Danger, Level, Verb, level};
use crate::domain::purpose::Purpose;
use crate::domain::request::Release;
use crate::tui::pane::Target;
use crate::world::available::Doing;

use super::{Cx, Denied, Offer, Opens, Order};
use ways::brought_nothing;

impl<'a> Cx<'a> {
    fn target(&self) -> Result<&'a Target, Denied> {
        self.target
            .ok_or_else(|| Denied::new("nothing is under the cursor"))
    }

    fn stack(&self) -> Result<&'a StackId, Denied> {
        self.target()?.stack().ok_or_else(|| {
            Denied::new("an environment is under the cursor; choose one of its stacks")
        })
    }

    fn offer(&self, stack: &StackId, doing: Doing) -> Result<(Option<Intent>, String), Denied> {
        let offer = self.world.offer(stack, doing, self.now);
        match offer.refused {
            Some(not) => Err(not.into()),
            None => Ok((offer.intent, offer.note)),
        }
    }

    /// A card with one row.
    fn single(&self, doing: Doing, label: &str) -> Result<Order, Denied> {
        let stack = self.stack()?;
        let (intent, note) = self.offer(stack, doing)?;
        let intent = intent.ok_or_else(|| Denied::new("there is nothing to ask"))?;
        Ok(Order::Card {
            target: Target::Stack(stack.clone()),
            offers: vec![Offer {
                label: label.to_owned(),
                note,
                intent,
            }],
            first: 0,
            opens: Opens::Looks,
        })
    }

    /// Whether the environment asks no more than the key for a deployment that replaces nothing.
    fn one_key(&self, stack: &StackId) -> bool {
        self.world.record(&stack.env).is_some_and(|record| {
            let plain = level(record.class, Verb::Deploy, Danger::default()).0;
            record.min_level.map_or(plain, |least| plain.max(least)) <= Level::L1
        })
    }
}

/// What serves, once more: by one key where level 1 is enough for it. Where more is asked, or the
/// last deployment failed, a person chooses among all ways.
pub(super) fn redeploy(cx: &Cx<'_>) -> Result<Order, Denied> {
    let stack = cx.stack()?;
    let (mut offers, denied) = cx.deploys(stack);
    if offers.is_empty() {
        return Err(denied.unwrap_or_else(|| Denied::new("there is nothing to deploy")));
    }
    let failed = offers
        .iter()
        .any(|offer| matches!(offer.intent, Intent::Retry { .. }));
    if cx.one_key(stack) && !failed {
        offers.truncate(1);
    }
    Ok(Order::Card {
        target: Target::Stack(stack.clone()),
        offers,
        first: 0,
        opens: Opens::Arms,
    })
}

pub(super) fn release(cx: &Cx<'_>) -> Result<Order, Denied> {
    let stack = cx.stack()?;
    let (offers, denied) = cx.deploys(stack);
    let same = |offer: &Offer| {
        matches!(
            &offer.intent,
            Intent::Deploy {
                source: Source::Same,
                ..
            }
        )
    };
    let first = offers
        .iter()
        .position(|offer| !same(offer) && matches!(offer.intent, Intent::Deploy { .. }));
    match first {
        Some(first) => Ok(Order::Card {
            target: Target::Stack(stack.clone()),
            offers,
            first,
            opens: Opens::Waits,
        }),
        None => Err(denied
            .unwrap_or_else(|| Denied::new("no other release is known; `r` redeploys the same"))),
    }
}

/// To what served before; of an earlier deployment that is under the cursor, to its release.
pub(super) fn rollback(cx: &Cx<'_>) -> Result<Order, Denied> {
    if let Some(order) = back_to(cx)? {
        return Ok(order);
    }
    let mut order = cx.single(Doing::Rollback, "roll back")?;
    if let Order::Card { target, offers, .. } = &mut order
        && let Some(stack) = target.stack()
    {
        let alone = cx.world.versions_before(stack).into_iter();
        offers.extend(alone.map(|before| Offer {
            label: format!("{} alone back to {}", before.name, before.version),
            note: format!("of {}; everything else stays", before.of),
            intent: before.intent,
        }));
    }
    Ok(order)
}

/// Back to the release of the deployment under the cursor, where that ended well and another one is
/// in service.
fn back_to(cx: &Cx<'_>) -> Result<Option<Order>, Denied> {
    let Target::Deployment(stack, id, no) = cx.target()? else {
        return Ok(None);
    };
    let d = cx
        .world
        .deployment(*id)
        .filter(|d| d.end == Some(End::Done));
    let request = d.and_then(|d| d.request.as_ref());
    let serves = |release: &Release| cx.world.folds.stack(stack).has_in_service(release);
    let Some(request) = request
        .filter(|request| request.purpose == Purpose::Deploy && !serves(&request.spec.release))
        .filter(|_| !d.is_some_and(|d| brought_nothing(d)))
    else {
        return Ok(None);
    };
    cx.offer(stack, Doing::Rollback)?;
    let release = &request.spec.release;
    Ok(Some(Order::Card {
        target: Target::Stack(stack.clone()),
        offers: vec![Offer {
            label: format!("roll back to {release}"),
            note: format!("of {no}, {}", request_at(d)),
            intent: Intent::Rollback {
                stack: stack.clone(),
                to: Some(*no),
            },
        }],
        first: 0,
        opens: Opens::Looks,
    }))
}

fn request_at(d: Option<&Arc<Deployment>>) -> String {
    d.map(|d| d.created_at.text("%-d %b %H:%M"))
        .unwrap_or_default()
}

pub(super) fn retry(cx: &Cx<'_>) -> Result<Order, Denied> {
    cx.single(Doing::Retry, cx.retry_label(cx.stack()?))
}

pub(super) fn teardown(cx: &Cx<'_>) -> Result<Order, Denied> {
    cx.single(Doing::Teardown, "tear down")
}

pub(super) fn cancel(cx: &Cx<'_>) -> Result<Order, Denied> {
    // In the queue a deployment is under the cursor, and that one is meant, not the one that runs.
    if let Target::Deployment(stack, id, no) = cx.target()?
        && cx
            .world
            .current(stack)
            .is_none_or(|current| current.id != *id)
    {
        let d = cx
            .world
            .deployment(*id)
            .ok_or_else(|| Denied::new(format!("{no} is not loaded any more")))?;
        if d.is_over() {
            return Err(Denied::new(format!("{no} has ended")));
        }
        let offer = Offer {
            label: format!("cancel {no}"),
            note: "it waits".to_owned(),
            intent: Intent::Cancel { deployment: *id },
        };
        return Ok(Order::Card {
            target: Target::Stack(stack.clone()),
            offers: vec![offer],
            first: 0,
            opens: Opens::Looks,
        });
    }
    cx.single(Doing::Cancel, "cancel")
        .or_else(|denied| cx.single(Doing::Abandon, "abandon").map_err(|_| denied))
}

pub(super) fn unblock(cx: &Cx<'_>) -> Result<Order, Denied> {
    let stack = cx.stack()?;
    let restore = cx.world.current(stack).and_then(|d| {
        d.open_holds()
            .find(|hold| hold.kind == HoldKind::RestoreService)
    });
    if let Some(hold) = restore {
        return Ok(Order::Hold(stack.clone(), hold.id.clone()));
    }
    cx.offer(stack, Doing::Unblock)?;
    let offers: Vec<Offer> = cx
        .world
        .ways(stack)
        .into_iter()
        .map(|(way, says)| Offer {
            label: says,
            note: String::new(),
            intent: Intent::unblock(stack.clone(), way),
        })
        .collect();
    if offers.is_empty() {
        return Err(Denied::new(format!("{stack} is not broken")));
    }
    Ok(Order::Card {
        target: Target::Stack(stack.clone()),
        offers,
        first: 0,
        opens: Opens::Looks,
    })
}

pub(super) fn freeze(cx: &Cx<'_>) -> Result<Order, Denied> {
    match cx.target()? {
        Target::Environment(env) => match cx
            .world
            .folds
            .environments
            .get(env)
            .and_then(|fold| fold.frozen(cx.now))
        {
            Some(freeze) => Err(Denied::new(format!(
                "{env} is frozen already {}",
                freeze.says()
            ))),
            None => Ok(Order::Freeze(QueueOf::Environment(env.clone()))),
        },
        target => {
            let stack = target
                .stack()
                .ok_or_else(|| Denied::new("choose a stack or an environment"))?;
            cx.offer(stack, Doing::Freeze)?;
            Ok(Order::Freeze(QueueOf::Stack(stack.clone())))
        }
    }
}

/// Of a stack whose builds have parameters, where it could be deployed now.
pub(super) fn parameter(cx: &Cx<'_>) -> Result<Order, Denied> {
    let stack = cx.stack()?;
    let entry = cx.world.catalog.stacks.get(stack);
    let path = entry.and_then(|entry| entry.parameters.clone());
    let path = path.ok_or_else(|| {
        Denied::new(format!(
            "the builds of {stack} have no parameters by the estate file"
        ))
    })?;
    cx.offer(stack, Doing::Deploy)?;
    Ok(Order::Parameter(stack.clone(), path))
}

pub(super) fn thaw(cx: &Cx<'_>) -> Result<Order, Denied> {
    match cx.target()? {
        Target::Environment(env) => {
            let freeze = cx
                .world
                .folds
                .environments
                .get(env)
                .and_then(|fold| fold.frozen(cx.now));
            let freeze = freeze.ok_or_else(|| Denied::new(format!("{env} is not frozen")))?;
            let offer = Offer {
                label: format!("thaw {env}"),
                note: format!("frozen {}", freeze.says()),
                intent: Intent::Thaw {
                    target: QueueOf::Environment(env.clone()),
                },
            };
            Ok(Order::Card {
                target: Target::Environment(env.clone()),
                offers: vec![offer],
                first: 0,
                opens: Opens::Looks,
            })
        }
        _ => cx.single(Doing::Thaw, "thaw"),
    }
}

/// What was armed last from here. What somebody else armed is withdrawn once it was chosen: one key
/// would stop what nobody here has seen, and let one's own run.
pub(super) fn undo(cx: &Cx<'_>) -> Result<Order, Denied> {
    match undone(cx) {
        Some((id, no)) => Ok(Order::Undo(id, no)),
        None if cx.world.armed(cx.now).is_empty() => Err(Denied::new(
            "nothing is armed; what has started is ended with cancel",
        )),
        None => Ok(Order::UndoWhich),
    }
}

/// What an undo would withdraw now, without a choice.
pub(in crate::tui) fn undone(cx: &Cx<'_>) -> Option<(DeploymentId, DeploymentNo)> {
    let armed = cx.world.armed(cx.now);
    let own = cx.own.iter().rev();
    own.filter_map(|own| armed.iter().find(|(_, entry)| entry.deployment == *own))
        .map(|(_, entry)| (entry.deployment, entry.no))
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ask::{Answer, Ask, Attached};
    use crate::domain::class::EnvClass;
    use crate::domain::ids::AskId;
    use crate::domain::label::Label;
    use crate::domain::row::Row;
    use crate::world::fixture::{self, NOW, Scene, decided, id};

    /// On the page of an earlier deployment *rollback* means its release; of the one in service, what
    /// served before it.
    #[test]
    fn a_rollback_goes_to_the_release_of_the_deployment_under_the_cursor() {
        let mut scene = Scene::new();
        let spec = |release: &str| fixture::spec("x/a", release);
        scene
            .env("x", EnvClass::Development)
            .listed("x/a", Ok(spec("4")));
        for (ago, release) in [(900, "1"), (600, "2"), (300, "3")] {
            scene.ago(ago).good("x/a", spec(release));
        }
        scene.cfn("x/a", "UPDATE_COMPLETE", 300, vec![]);
        let deployments = scene.world.deployments_of(&id("x/a"));
        let of = |release: &str| {
            let mut all = deployments.iter();
            all.find(|d| d.request.as_ref().unwrap().spec.release.to_string() == release)
                .unwrap()
        };
        for (cursor, to) in [("1", "1"), ("2", "2"), ("3", "2")] {
            let target = Target::Deployment(id("x/a"), of(cursor).id, of(cursor).no());
            let cx = Cx {
                world: &scene.world,
                now: NOW,
                target: Some(&target),
                own: &[],
            };
            let Ok(Order::Card { offers, opens, .. }) = rollback(&cx) else {
                panic!("{cursor}")
            };
            let wanted = Intent::Rollback {
                stack: id("x/a"),
                to: Some(of(to).no()),
            };
            assert_eq!(
                (&offers[0].intent, opens),
                (&wanted, Opens::Looks),
                "{cursor}"
            );
        }
        assert_eq!(
            scene.world.in_service(&id("x/a")).unwrap().no(),
            of("3").no()
        );
    }

    /// Each thing that the release in service is made of may go back alone.
    #[test]
    fn a_rollback_offers_what_each_thing_was_before() {
        let mut scene = Scene::new();
        let spec = |release: &str| fixture::spec("x/a", release);
        scene
            .env("x", EnvClass::Development)
            .listed("x/a", Ok(spec("4")));
        for (ago, release, cart, list) in [
            (900, "1", "v1", "v7"),
            (600, "2", "v2", "v7"),
            (300, "3", "v3", "v7"),
        ] {
            let d = scene.ago(ago).good("x/a", spec(release));
            let d = scene.world.folds.deployments.get_mut(&d).unwrap();
            let plan = Arc::make_mut(d).plan.as_mut().unwrap();
            Arc::make_mut(plan).brings = vec![Row::new("cart", cart), Row::new("list", list)];
        }
        scene.cfn("x/a", "UPDATE_COMPLETE", 300, vec![]);
        let target = Target::Stack(id("x/a"));
        let labels = |scene: &Scene| -> Vec<String> {
            let cx = Cx {
                world: &scene.world,
                now: NOW,
                target: Some(&target),
                own: &[],
            };
            let Ok(Order::Card { offers, .. }) = rollback(&cx) else {
                panic!()
            };
            offers.into_iter().map(|offer| offer.label).collect()
        };
        assert_eq!(labels(&scene), ["roll back"]);
        let catalog = Arc::make_mut(&mut scene.world.catalog);
        let entry = catalog.stacks.get_mut(&id("x/a")).unwrap();
        entry.brings.pin = Some("pin");
        assert_eq!(labels(&scene), ["roll back", "cart alone back to v2"]);
    }

    /// A row of a menu names no release, or the one that stands on the card that it leads to.
    #[test]
    fn a_row_of_the_menu_names_the_release_of_its_card() {
        let mut scene = Scene::new();
        let spec = |release: &str| fixture::spec("x/a", release);
        scene
            .env("x", EnvClass::Development)
            .listed("x/a", Ok(spec("4")));
        scene.ago(900).good("x/a", spec("1"));
        scene.ago(600).good("x/a", spec("2"));
        scene.ago(60).ask("x/a", spec("3"), None, &[]);
        scene.cfn("x/a", "UPDATE_COMPLETE", 600, vec![]);
        let cx = Cx {
            world: &scene.world,
            now: NOW,
            target: None,
            own: &[],
        };
        let mut named = Vec::new();
        for offer in cx.deploys(&id("x/a")).0 {
            // The files are read anew when the row is chosen.
            let mut world = scene.world.clone();
            let catalog = std::sync::Arc::make_mut(&mut world.catalog);
            let entry = catalog.stacks.get_mut(&id("x/a")).unwrap();
            entry.spec = Ok(spec("5"));
            let attached = vec![Attached {
                stack: id("x/a"),
                spec: spec("5"),
                bundle: entry.bundle.clone(),
            }];
            let ask = Ask::Preview {
                intent: offer.intent,
                attached,
            };
            let rows = fixture::rows(false);
            let answer = decided(&world, &ask, AskId(uuid::Uuid::nil()), &rows, NOW);
            let Ok((_, Answer::Card { card })) = answer else {
                panic!("{answer:?}")
            };
            let step = card.lines.iter().find(|line| line.label == Label::Step);
            let step = step.unwrap().text.split_whitespace().nth(1).unwrap();
            let words = offer.label.split(|c: char| !c.is_alphanumeric());
            let numbers: Vec<&str> = words.filter(|word| word.parse::<u32>().is_ok()).collect();
            assert!(
                numbers.iter().all(|one| *one == step),
                "{}: {step}",
                offer.label
            );
            named.extend(numbers.first().map(|one| (*one).to_owned()));
        }
        assert_eq!(named, ["2", "1"]);
    }
}
