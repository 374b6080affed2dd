//! `doctor`: looks at everything this program needs, and says what is wrong and what to do.

use serde::Serialize;

use crate::domain::time::short;
use crate::world::{EngineSeen, World};

use super::out::table;
use super::{Code, Ground, Out, Stop, wait};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What was looked at.
    pub what: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// How it is; and what to do, where it is not right.
    pub says: String,
}

impl Fact {
    /// It is as it should be.
    #[must_use]
    pub fn right(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self { what: what.into(), ok: true, says: says.into() }
    }

    /// It is not.
    #[must_use]
    pub fn wrong(what: impl Into<String>, says: impl Into<String>) -> Self {
        Self { what: what.into(), ok: false, says: says.into() }
    }
}

/// `doctor`.
pub(super) fn doctor(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let mut facts = ground.facts();
    match ground.estate() {
        Ok(loaded) => {
            facts.push(Fact::right("estate", loaded.file.to_string_lossy()));
            let wrong = ground.resolve(&loaded);
            facts.extend(wrong.into_iter().map(|(stack, says)| Fact::wrong(format!("files of {stack}"), says)));
            match ground.desk().and_then(|desk| wait::ready(&*desk, ground)) {
                Ok(world) => facts.extend(seen(&world, ground)),
                Err(stop) => facts.push(Fact::wrong("store", stop.says)),
            }
        }
        Err(unread) => facts.push(Fact::wrong("estate", Stop::from(unread).says)),
    }
    let ok = facts.iter().all(|fact| fact.ok);
    if out.is_json() {
        out.document(&serde_json::json!({ "ok": ok, "facts": facts }))?;
    } else {
        let rows: Vec<Vec<String>> =
            facts.iter().map(|fact| vec![if fact.ok { "ok" } else { "WRONG" }.to_owned(), fact.what.clone(), fact.says.clone()]).collect();
        for line in table(&rows) {
            out.line(&line)?;
        }
    }
    Ok(if ok { Code::Done } else { Code::Failed })
}

fn seen(world: &World, ground: &dyn Ground) -> Vec<Fact> {
    let now = ground.now();
    let mut facts = Vec::new();
    facts.push(match &world.engine {
        EngineSeen::None(_) => Fact::wrong("engine", world.engine.says()),
        EngineSeen::Unknown | EngineSeen::Starting | EngineSeen::Live { .. } | EngineSeen::Draining { .. } => {
            Fact::right("engine", world.engine.says())
        }
    });
    for (stream, why) in &world.folds.broken {
        facts.push(Fact::wrong(stream.to_string(), format!("its log cannot be read any further: {why}")));
    }
    for env in world.environments(now) {
        let what = format!("environment {}", env.name);
        if let Some(why) = env.differs.refuses(&env.name) {
            facts.push(Fact::wrong(&what, why));
        }
        match world.identity(&env.name) {
            Some(identity) if identity.stale.is_none() => {
                let age = short(now.since(identity.taken_at));
                facts.push(Fact::right(&what, format!("account {} as {}, proven {age} ago", identity.account, identity.arn)));
            }
            Some(identity) => {
                let why = identity.stale.map(ToString::to_string).unwrap_or_default();
                facts.push(Fact::wrong(&what, format!("{why}; name a profile in the estate file, or use --here")));
            }
            None => facts.push(Fact::right(&what, "nobody has looked yet who we are there")),
        }
    }
    facts
}
