//! Fills an ask with what the estate says of the stacks concerned: their specs and files. Decides
//! nothing.

use crate::domain::ask::{Ask, Attached, Intent, Way};
use crate::domain::estate::Catalog;
use crate::domain::folds::Folds;
use crate::domain::ids::StackId;
use crate::domain::refused::Refused;
use crate::domain::request::{SourceBundle, Spec};

/// Whether an ask is about what the estate's files say now.
pub(super) fn wants_files(ask: &Ask) -> bool {
    match ask {
        Ask::Preview { intent, .. } => reads_files(intent),
        // What was shown is what is done: only an ask that nobody previewed reads the files again.
        Ask::Do {
            intent, confirm, ..
        } => confirm.subject.is_none() && reads_files(intent),
        Ask::Approve { .. }
        | Ask::Reject { .. }
        | Ask::Undo { .. }
        | Ask::Lock { .. }
        | Ask::App { .. }
        | Ask::Drain { .. } => false,
    }
}

fn reads_files(intent: &Intent) -> bool {
    match intent {
        Intent::Deploy { source, .. } => source.reads_files(),
        Intent::Apply { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Teardown { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Unblock { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. } => false,
    }
}

/// The ask with the catalog's entries; what was deployed before, by the log, may need none.
pub(super) fn attach(ask: Ask, catalog: &Catalog, folds: &Folds) -> Result<Ask, Refused> {
    match ask {
        Ask::Preview { intent, .. } => Ok(Ask::Preview {
            attached: entries(&intent, catalog, folds)?,
            intent,
        }),
        Ask::Do {
            intent,
            confirm,
            armed,
            ..
        } => Ok(Ask::Do {
            attached: entries(&intent, catalog, folds)?,
            intent,
            confirm,
            armed,
        }),
        Ask::Approve { .. }
        | Ask::Reject { .. }
        | Ask::Undo { .. }
        | Ask::Lock { .. }
        | Ask::App { .. }
        | Ask::Drain { .. } => Ok(ask),
    }
}

fn entries(intent: &Intent, catalog: &Catalog, folds: &Folds) -> Result<Vec<Attached>, Refused> {
    let (stacks, needed): (&[StackId], bool) = match intent {
        Intent::Deploy { stacks, source, .. } => (stacks, source.reads_files()),
        Intent::Teardown { stack, .. }
        | Intent::Unblock {
            stack,
            way: Way::Recover | Way::Retry | Way::LastGood,
            ..
        } => (std::slice::from_ref(stack), false),
        Intent::Unblock {
            way: Way::Free | Way::ResolveDone { .. } | Way::ResolveFailed { .. },
            ..
        }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => (&[], false),
    };
    let mut attached = Vec::new();
    for stack in stacks {
        let fold = folds.stack(stack);
        let was_deployed = fold.last.or(fold.last_good).is_some();
        match catalog.of(stack).map(|entry| (&entry.spec, &entry.bundle)) {
            Some((Ok(spec), bundle)) => {
                let of = |stack: &StackId, spec: &Spec, bundle: &SourceBundle| Attached {
                    stack: stack.clone(),
                    spec: spec.clone(),
                    bundle: bundle.clone(),
                };
                attached.push(of(stack, spec, bundle));
                // The files of a whole are those of its parts.
                let parts = catalog
                    .stacks
                    .iter()
                    .filter(|(id, _)| spec.is_whole() && id.is_part_of(stack));
                attached.extend(parts.filter_map(|(id, entry)| {
                    Some(of(id, entry.spec.as_ref().ok()?, &entry.bundle))
                }));
            }
            Some((Err(why), _)) if needed || !was_deployed => {
                return Err(Refused::new(
                    "files",
                    format!("the files of {stack} cannot be read: {why}"),
                )
                .hint("`holdpoint check` lists everything that is wrong"));
            }
            // An engine refuses it as well; said here, whoever passes a message on keeps it for a
            // while.
            None if needed || !was_deployed => return Err(Refused::unlisted(stack)),
            Some((Err(_), _)) | None => {}
        }
    }
    Ok(attached)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ask::Source;
    use crate::world::fixture::{Scene, id};

    /// What needs files that cannot be read is refused with what is wrong with them, not as a stack
    /// that the estate file does not have.
    #[test]
    fn files_that_cannot_be_read_are_told_to_whoever_needs_them() {
        let mut scene = Scene::whole();
        for stack in ["dev/orders", "dev/unborn"] {
            scene.listed(stack, Err("orders.yaml:3:7: no such thing".to_owned()));
        }
        let asked = |stack: &str, intent: &dyn Fn(StackId) -> Intent| {
            let ask = Ask::Preview {
                intent: intent(id(stack)),
                attached: Vec::new(),
            };
            attach(ask, &scene.world.catalog, &scene.world.folds).map_err(|refused| refused.says)
        };
        let same = |stack| Intent::deploy(stack, Source::Same);
        let nowhere = asked("dev/nowhere", &Intent::teardown).unwrap_err();
        assert_eq!(nowhere, "the estate file has no dev/nowhere");
        let estate = |stack| Intent::deploy(stack, Source::Estate);
        let needs: [&dyn Fn(StackId) -> Intent; 3] = [&Intent::teardown, &same, &estate];
        for intent in needs {
            assert_eq!(
                asked("dev/unborn", intent),
                Err(
                    "the files of dev/unborn cannot be read: orders.yaml:3:7: no such thing"
                        .to_owned()
                )
            );
        }
        assert!(asked("dev/orders", &estate).is_err());
        assert!(
            asked("dev/orders", &Intent::teardown).is_ok(),
            "it goes by what was deployed"
        );
        assert!(asked("dev/orders", &same).is_ok());
    }
}
