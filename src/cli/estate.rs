//! `check`, `schema`, `trust`: the estate file, without a store or an engine.

use serde_json::json;

use crate::config::{self, Loaded};
use crate::domain::estate::Kind;

use super::{Code, Ground, Out, Stop, Unread};

/// `check`.
pub(super) fn check(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let loaded = match ground.estate() {
        Ok(loaded) => loaded,
        Err(Unread::None(stop)) => return Err(stop),
        Err(Unread::Wrong(diagnostics)) => {
            if out.is_json() {
                out.document(&json!({ "ok": false, "errors": diagnostics }))?;
            } else {
                out.line(&diagnostics.to_string())?;
                let count = diagnostics.0.len();
                out.aside(&format!("holdpoint: {count} {} in the estate file", if count == 1 { "error" } else { "errors" }))?;
            }
            return Ok(Code::Wrong);
        }
    };
    let wrong = ground.resolve(&loaded);
    if out.is_json() {
        let errors: Vec<_> = wrong.iter().map(|(stack, says)| json!({ "stack": stack, "says": says })).collect();
        let file = loaded.file.to_string_lossy();
        out.document(&json!({ "file": file, "ok": errors.is_empty(), "errors": errors }))?;
    } else {
        for (stack, says) in &wrong {
            out.line(&format!("{stack}: {says}"))?;
        }
        if wrong.is_empty() {
            let (envs, apps) = (loaded.estate.environments.len(), loaded.estate.applications.len());
            out.line(&format!("{} is right: {envs} environments, {apps} applications", loaded.file.display()))?;
        }
    }
    Ok(if wrong.is_empty() { Code::Done } else { Code::Wrong })
}

/// `schema`.
pub(super) fn schema(out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    out.document(&config::schema())?;
    Ok(Code::Done)
}

/// `trust`.
pub(super) fn trust(ground: &dyn Ground, out: &mut Out<'_, '_>) -> Result<Code, Stop> {
    let loaded = ground.estate()?;
    let reach = reach(&loaded);
    if out.is_json() {
        ground.trust(&loaded)?;
        out.document(&json!({ "outcome": "done", "file": loaded.file.to_string_lossy(), "reach": reach }))?;
        return Ok(Code::Done);
    }
    out.aside(&format!("{} names:", loaded.file.display()))?;
    for line in &reach {
        out.aside(&format!("  {line}"))?;
    }
    if out.can_ask() {
        let typed = out.ask("type  trust  to let it reach these: ")?.unwrap_or_default();
        if typed.trim() != "trust" {
            return Err(Stop::wrong("not-confirmed", "the estate file is not trusted; nothing was changed"));
        }
    }
    ground.trust(&loaded)?;
    out.line(&format!("trusted {}", loaded.file.display()))?;
    Ok(Code::Done)
}

/// What an estate file can reach: accounts, ways in, CloudFormation stacks, commands.
pub(super) fn reach(loaded: &Loaded) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, record) in &loaded.estate.environments {
        let account = record.account.as_deref().unwrap_or("any account");
        let aws = record.aws.iter().flat_map(|aws| {
            [
                ("profile", aws.profile.as_ref()),
                ("region", aws.region.as_ref()),
                ("role", aws.role_arn.as_ref()),
                ("endpoint", aws.endpoint_url.as_ref()),
            ]
        });
        let aws: Vec<String> = aws.filter_map(|(what, value)| Some(format!("{what} {}", value?))).collect();
        lines.push(format!("environment {name} ({}): {account} {}", record.class.word(), aws.join(", ")));
    }
    for (name, app) in &loaded.estate.applications {
        match &app.kind {
            Kind::Service(entry) => lines.push(format!("service {name}: template {}", entry.template)),
            Kind::Script(entry) => {
                for (step, what) in entry.steps.iter().chain(entry.teardown.iter().flat_map(|down| &down.steps)) {
                    lines.push(format!("script {name}: {step} runs {}", what.command.join(" ")));
                }
            }
        }
    }
    lines.iter().map(|line| crate::domain::safe::Safe::new(line).to_string()).collect()
}
