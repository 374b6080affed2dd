//! Hands for CloudFormation: one file a step kind, `operation` for what those have in common that
//! change a stack. Every call that changes anything is noted before it is made and carries the
//! attempt's token; after a restart AWS is asked what became of it.

mod cancel;
mod change;
mod change_set;
mod continued;
mod create;
mod delete;
mod execute;
mod operation;
mod outcome;
mod update;
mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::{Value, json};

use self::change::Hand;
use super::job::{cloud, noted, params, require};
use super::{Executor, Job};
use crate::aws::cfn::input::Given;
use crate::aws::cfn::stack::CfnStack;
use crate::aws::{Clients, Cloud};
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::plan::{Counts, Output};
use crate::domain::time::Time;
use crate::forms::cloudformation::{AsSeen, CfnInput};
use crate::text::safe::Safe;

/// All executors of CloudFormation.
#[must_use]
pub fn executors(clients: &Arc<Clients>) -> Vec<Arc<dyn Executor>> {
    vec![
        Hand::<create::Create>::executor(clients),
        Hand::<update::Update>::executor(clients),
        Hand::<update::Scale>::executor(clients),
        Hand::<execute::Execute>::executor(clients),
        Hand::<delete::Delete>::executor(clients),
        Hand::<continued::Continue>::executor(clients),
        Arc::new(cancel::CancelUpdate(Arc::clone(clients))),
        Arc::new(change_set::MakeChangeSet(Arc::clone(clients))),
        Arc::new(verify::Verify(Arc::clone(clients))),
    ]
}

/// How soon after a change its effect is looked at first on this machine, and at AWS.
const SOON: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(500)];
/// From then on looks fall on common moments, so that one call answers all who wait: two a second
/// at first,
const BEAT: Duration = Duration::from_millis(500);
/// and one a second for what has taken so long.
const LONG: Duration = Duration::from_secs(10);

/// How long to wait before the next look at something that has taken so long: twice as long each
/// time at first, then until the next beat.
fn pause(cloud: &Cloud, waited: Duration) -> Duration {
    beat(cloud.now(), waited, SOON[usize::from(!cloud.is_local())])
}

fn beat(now: Time, waited: Duration, soon: Duration) -> Duration {
    let pause = waited.max(soon);
    if pause < BEAT {
        return pause;
    }
    let beat = if waited < LONG { BEAT } else { BEAT * 2 };
    // Never a moment after the last look, and never two beats.
    let (at, every) = (
        (now + beat / 2).0,
        i64::try_from(beat.as_millis()).unwrap_or(1),
    );
    beat / 2 + Duration::from_millis((-at).rem_euclid(every).unsigned_abs())
}

/// Checks an `input`, which never holds references.
fn check_input(params: &Value) -> Result<(), String> {
    require(params, &["input"])?;
    serde_json::from_value::<CfnInput>(params["input"].clone())
        .map(|_| ())
        .map_err(|why| format!("input: {why}"))
}

/// An input with its template, for the stack as it is.
async fn given(
    job: &Job,
    cloud: &Cloud,
    input: &CfnInput,
    counts: &BTreeMap<String, String>,
    now: Option<&CfnStack>,
) -> Result<Given, Failure> {
    let bundle = job.port.bundle(input.template.bundle).await?;
    let place = job.place.as_ref();
    Given::new(input, &bundle, counts, now, place, &cloud.region)
}

/// Brings the template of a call to where CloudFormation reads it. Nothing is changed by that: it
/// comes before anything is noted, and what is there already is there.
async fn bring(job: &Job, cloud: &Cloud, given: &Given) -> Result<(), Failure> {
    let brought = cloud.bring(given).await;
    let put = brought.map_err(|trouble| trouble.held_open().as_before())?;
    if let Some(bucket) = put {
        let says = format!("put the template into the bucket {bucket}");
        job.port
            .out(Severity::Info, &given.stack_name, Safe::new(&says));
    }
    Ok(())
}

/// A stack as a step compares it.
fn seen(stack: &CfnStack) -> AsSeen {
    AsSeen {
        changed_at: stack.changed_at,
        parameters: stack.parameters.clone(),
        tags: stack.tags.clone(),
        left: None,
    }
}

/// Refuses to touch a stack that is another than the one for which the step was planned and
/// approved. Asked before anything is noted: nothing is begun then.
fn as_seen(job: &Job, now: &CfnStack) -> Result<(), Failure> {
    let Some(planned) = job.params.get("as_seen") else {
        return Ok(());
    };
    let planned = AsSeen::deserialize(planned)
        .map_err(|why| Failure::new(format!("as_seen of step {}: {why}", job.step)).as_before())?;
    let differs = planned.differs(&seen(now));
    if differs.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "{} was changed by somebody else since this was planned ({})",
        now.name,
        differs.join("; ")
    ))
    .hint("look at what was changed, then deploy again")
    .retry(Retry::Replan)
    .as_before())
}

/// The output of a step that left the stack in this state, with those of its counts that the step
/// was given.
fn output(job: &Job, stack: Option<&CfnStack>, noop: bool) -> Output {
    let outputs: BTreeMap<&String, Safe> = stack
        .iter()
        .flat_map(|stack| &stack.outputs)
        .map(|(name, value)| (name, Safe::told_of(name, value)))
        .collect();
    let given = job.params.get("counts").and_then(Value::as_object);
    let is_given = |name: &String| given.is_some_and(|counts| counts.contains_key(name));
    let left = stack.map(|stack| {
        stack
            .parameters
            .iter()
            .filter(|(name, _)| is_given(name))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    });
    Output {
        counts: left
            .map(|counts| Counts::of(&counts))
            .filter(|counts| !counts.is_empty()),
        changed_at: stack.and_then(|stack| stack.changed_at),
        ..Output::public(json!({
            "status": stack.map_or("MISSING", |stack| stack.status.as_str()),
            "stack_id": stack.map_or("", |stack| stack.id.as_str()),
            "noop": noop,
            "changed_at": stack.and_then(|stack| stack.changed_at),
            "outputs": outputs,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_quick_at_first_and_then_fall_on_the_same_moments() {
        let ms = Duration::from_millis;
        let (mut now, mut waited) = (Time(1_000_130), Duration::ZERO);
        let mut looks = Vec::new();
        while waited < Duration::from_secs(3) {
            let pause = beat(now, waited, ms(50));
            (now, waited) = (now + pause, waited + pause);
            looks.push(waited.as_millis());
        }
        assert_eq!(
            looks,
            [50, 100, 200, 400, 800, 1_370, 1_870, 2_370, 2_870, 3_370]
        );
        // Of all that wait, whenever they began, those that take long are looked at with the
        // others.
        for at in 1_000_000..1_002_000 {
            for (waited, beat_ms) in [(4, 500), (9, 500), (10, 1_000), (3_600, 1_000)] {
                let pause = beat(Time(at), Duration::from_secs(waited), ms(50));
                assert_eq!((Time(at) + pause).0 % beat_ms, 0, "{at} {waited}");
                assert!(
                    pause >= ms(250) && pause <= ms(1_500),
                    "{at} {waited} {pause:?}"
                );
            }
        }
        assert_eq!(beat(Time(0), Duration::ZERO, ms(500)), ms(500));
    }
}
