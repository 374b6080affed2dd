//! The embedded cloud's own levers, for tests and for practice: mishaps, scripted failures,
//! stories, pushes to repositories, live tails that break. They are spoken to like any other service, at paths that no
//! service of a cloud has.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sandbox::call::{AwsError, Call};
use crate::sandbox::chaos::Rule;
use crate::sandbox::errand::{ERRAND, ERRANDS, News, Told};
use crate::sandbox::levers::{Deliveries, PRACTICE, Push, Scripted};
use crate::sandbox::protocol::{Protocol, Route};
use crate::sandbox::realm::Cx;
use crate::sandbox::service::{Offer, Reply, Scope, Service};
use crate::sandbox::services::logs::Logs;
use crate::sandbox::story;

/// The levers.
pub const OFFER: Offer = Offer {
    scope: Scope::World,
    is_lever: true,
    ..Offer::of::<Practice>(PRACTICE, Protocol::RestJson { routes: ROUTES })
};

const ROUTES: &[Route] = &[
    Route::new("POST", "/_holdpoint/chaos", "Chaos"),
    Route::new("POST", "/_holdpoint/calm", "Calm"),
    Route::new("POST", "/_holdpoint/fail", "Fail"),
    Route::new("POST", "/_holdpoint/story", "Story"),
    Route::new("POST", "/_holdpoint/break-tails", "BreakTails"),
    Route::new("POST", "/_holdpoint/deliveries", "Deliveries"),
    Route::new("POST", "/_holdpoint/push", "Push"),
];

/// Keeps nothing: how the levers stand is part of the world.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Practice {}

impl Service for Practice {
    fn call(&mut self, call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
        if call.action == ERRAND {
            return hear(call, cx);
        }
        let effect = pull(call, cx)?;
        cx.effect = Some(effect.clone());
        Ok(json!({ "done": effect }).into())
    }
}

fn pull(call: &Call, cx: &mut Cx<'_>) -> Result<String, AwsError> {
    let bad = |error: serde_json::Error| AwsError::validation(format!("{}: {error}", call.action));
    match call.action.as_str() {
        "Chaos" => {
            let rule: Rule = serde_json::from_value(call.params.clone()).map_err(bad)?;
            let text = format!("chaos {:?}", rule.kind);
            cx.levers.chaos.add(rule);
            Ok(text)
        }
        "Calm" => {
            cx.levers.chaos.clear();
            cx.levers.failures.clear();
            cx.levers.deliveries = Deliveries::default();
            Ok("calm".to_owned())
        }
        "Fail" => {
            let scripted: Scripted = serde_json::from_value(call.params.clone()).map_err(bad)?;
            let text = format!(
                "next {} of {} meets {}",
                scripted.logical,
                scripted.stack,
                scripted.reason.as_deref().unwrap_or("slowness")
            );
            cx.levers.failures.push(scripted);
            Ok(text)
        }
        "Story" => {
            let name = call
                .params
                .get("Name")
                .and_then(Value::as_str)
                .unwrap_or("");
            story::begin(cx.levers, cx.now, cx.pace, name).map_err(AwsError::validation)?;
            Ok(format!("story {name}"))
        }
        "BreakTails" => {
            cx.levers.tails += 1;
            Ok("live tails end".to_owned())
        }
        "Deliveries" => {
            let next: Deliveries = serde_json::from_value(call.params.clone()).map_err(bad)?;
            let text = format!("{} events lost, then {} doubled", next.lose, next.double);
            cx.levers.deliveries = next;
            Ok(text)
        }
        "Push" => {
            let push: Push = serde_json::from_value(call.params.clone()).map_err(bad)?;
            let text = format!("push {} of {}", push.number, push.repository);
            cx.levers.pushes.push(push);
            Ok(text)
        }
        "Pushed" if !cx.levers.pushes.is_empty() => {
            cx.levers.pushes.remove(0);
            say(call, cx)
        }
        "Say" => say(call, cx),
        ERRANDS => {
            cx.levers.errands.on = call.params().flag("On");
            Ok(if cx.levers.errands.on {
                "errands are run from now on".to_owned()
            } else {
                "no errand is run from now on".to_owned()
            })
        }
        action => Err(AwsError::new(
            "InvalidAction",
            format!("there is no lever {action}"),
        )),
    }
}

/// What became of an errand reaches the service that wanted it.
fn hear(call: &Call, cx: &mut Cx<'_>) -> Result<Reply, AwsError> {
    let told: Told = serde_json::from_value(call.params.clone())
        .map_err(|why| AwsError::validation(format!("{ERRAND}: {why}")))?;
    let reply = cx.hear(&told.service, &told.id, &told.news, &call.body)?;
    if told.news != News::Fetch {
        cx.effect = Some(format!("{} {}", told.id, told.news.word()));
    }
    Ok(reply)
}

/// What happened in a repository, as a line of its log group.
fn say(call: &Call, cx: &mut Cx<'_>) -> Result<String, AwsError> {
    let params = call.params();
    let need = |name: &str| params.need(name).map(str::to_owned);
    let (repository, text) = (need("Repository")?, need("Text")?);
    let now = cx.now;
    let group = cx
        .get_mut::<Logs>()
        .and_then(|logs| logs.groups.get_mut(&format!("/practice/git/{repository}")));
    if let Some(group) = group {
        group.put("git", now, now, text.clone());
    }
    Ok(text)
}
