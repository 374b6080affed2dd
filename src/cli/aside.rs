//! `aside`: messages of queues that led to nothing, for people and for scripts.

use serde_json::{Value, json};

use crate::domain::aside::{AsideKind, SetAside};
use crate::domain::queue::QueueKind;
use crate::domain::time::short;
use crate::text::counted::counted;

use super::act::Done;
use super::json::at;
use super::{Code, Ground, Out, wait};

/// `aside`.
pub(super) fn aside(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Done {
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let read = &world.aside;
    if out.is_json() {
        let messages: Vec<Value> = read.kept.messages.iter().map(document).collect();
        let trouble = read.trouble.as_ref().map(ToString::to_string);
        out.document(&json!({
            "messages": messages, "total": read.kept.total, "trouble": trouble,
        }))?;
    } else {
        for one in &read.kept.messages {
            let age = short(ground.now().since(one.at));
            out.line(&format!("{}  {}, {age} ago", at(one.at), one.queue))?;
            out.line(&format!("  why      {}", one.why))?;
            out.line(&format!("  then     {}", one.then()))?;
            out.line(&format!("  message  {}, {}", one.id, one.tries()))?;
            out.line(&format!("  said     {}", one.body))?;
        }
        let kept = read.kept.messages.len();
        if kept == 0 && read.trouble.is_none() {
            out.line("no message of a queue was set aside")?;
        }
        let older = read.kept.total.saturating_sub(kept as u64);
        if older > 0 {
            out.line(&format!("{older} older ones are kept no longer"))?;
        }
        if let Some(why) = &read.trouble {
            out.aside(&format!(
                "what was set aside cannot be read ({} shown as it was before): {why}",
                counted(kept, "message")
            ))?;
        }
    }
    Ok(if read.trouble.is_some() {
        Code::Failed
    } else {
        Code::Done
    })
}

fn document(one: &SetAside) -> Value {
    json!({
        "at": at(one.at),
        "queue": one.queue,
        "of": one.of.map(QueueKind::word),
        "kind": one.kind.map(AsideKind::word),
        "id": one.id,
        "tries": one.received,
        "why": one.why,
        "then": one.then(),
        "body": one.body,
    })
}
