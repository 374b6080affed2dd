//! The program as it is called: with which variables and secrets, and what is asked of it beside the
//! work of a step.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::folder::Lasting;
use super::{Params, State};
use crate::aws::{Clients, KIND};
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::masks::Secret;
use crate::exec::Job;
use crate::exec::process::Told;
use crate::forms::terraform::{Form, number, parts};
use crate::os::{child, tool};
use crate::text::safe::Safe;

/// What it sees of the variables around this program: where it and what it starts are, and what signs
/// them in where modules are fetched.
const SEEN: [&str; 9] = [
    "PATH",
    "HOME",
    "SSH_AUTH_SOCK",
    "XDG_CONFIG_HOME",
    "TF_CLI_CONFIG_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
];
/// What it is told.
const TOLD: [(&str, &str); 7] = [
    ("TF_IN_AUTOMATION", "1"),
    ("TF_INPUT", "0"),
    ("CHECKPOINT_DISABLE", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
    ("GCM_INTERACTIVE", "never"),
    ("LANG", "C.UTF-8"),
];
/// How long a question beside the work may take.
const ANSWER: Duration = Duration::from_mins(5);
/// The most that is said to one.
const SAID: u64 = 256 << 20;

/// The program, for one attempt.
#[derive(Clone, Copy)]
pub(super) struct Tool<'a> {
    pub(super) job: &'a Job,
    pub(super) params: &'a Params,
    pub(super) lasting: &'a Lasting,
    pub(super) clients: &'a Clients,
}

impl Tool<'_> {
    /// Gives out a line.
    pub(super) fn say(&self, text: &str) {
        self.job.port.line(0, Severity::Info, "", Safe::new(text));
    }

    /// All variables, but for secrets.
    pub(super) async fn variables(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut all = tool::seen(&SEEN);
        let told = TOLD.map(|(name, is)| (name.to_owned(), is.to_owned()));
        all.extend(told);
        let providers = self.lasting.providers()?.display().to_string();
        all.insert("TF_PLUGIN_CACHE_DIR".to_owned(), providers);
        if let Some(place) = self.job.place.as_ref().filter(|place| place.kind == KIND) {
            all.extend(self.clients.for_tools(place).await?.plain);
        }
        all.extend(self.params.env.clone());
        Ok(all)
    }

    /// All secrets, read now.
    pub(super) async fn secrets(&self) -> Result<Told, Failure> {
        let (job, params) = (self.job, self.params);
        let mut told = Told::default();
        if let Some(place) = job.place.as_ref().filter(|place| place.kind == KIND) {
            for (name, secret) in self.clients.for_tools(place).await?.secret {
                job.port.covers(&secret);
                told.variables.insert(name, secret.reveal().to_owned());
            }
        }
        let named = params.variables.values();
        let named: Vec<_> = named
            .chain(params.secrets.values().map(|told| &told.from))
            .cloned()
            .collect();
        let read = job.port.secrets(named).await.map_err(|why| Failure {
            summary: format!("{}: not started: {}", job.step, why.summary),
            ..why
        })?;
        let mut read = read.into_iter();
        for (name, secret) in params.variables.keys().zip(&mut read) {
            told.variables
                .insert(name.clone(), secret.reveal().to_owned());
        }
        let mut all = serde_json::Map::new();
        for ((name, own), secret) in params.secrets.iter().zip(read) {
            let value = value(own.form, secret.reveal());
            for (n, part) in texts(&value).into_iter().enumerate() {
                job.port.covers(&Secret::new(part.clone()));
                told.within.insert(format!("{name} ({n})"), part);
            }
            all.insert(name.clone(), value);
        }
        if !all.is_empty() && params.original.is_none() {
            let all = Value::Object(all).to_string();
            told.variables.insert("TF_VAR_secrets".to_owned(), all);
        }
        Ok(told)
    }

    /// Asks the program something that it answers soon, and gives what it says.
    async fn asked(&self, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
        let mut variables = self.variables().await?;
        variables.extend(self.secrets().await?.variables);
        let (program, node) = (&self.params.program, self.lasting.node());
        let path = variables.get("PATH").cloned().unwrap_or_default();
        let found = child::program(program, &node, &path)
            .ok_or_else(|| Failure::new(format!("there is no program {program} in {path}")))?;
        let ran = tool::run_to(SAID, &found, arguments, b"", &variables, &node, ANSWER).await;
        let asked = format!(
            "{program} {}",
            arguments.first().copied().unwrap_or_default()
        );
        match ran {
            Ok(ran) if ran.code == Some(0) => Ok(ran.out),
            Ok(ran) => {
                let says = String::from_utf8_lossy(&ran.err).into_owned();
                let line = says.lines().find(|line| line.contains("Error"));
                let line = line.map(|line| format!(": {}", line.trim_matches(['│', ' '])));
                let failure = Failure::new(format!(
                    "{}: {asked} failed{}",
                    self.job.step,
                    Safe::new(&line.unwrap_or_default())
                ));
                Err(failure.detail(Safe::new(&says).into_string()))
            }
            Err(why) => Err(Failure::new(format!("{}: {asked}: {why}", self.job.step))
                .retry(Retry::After(Duration::from_secs(5)))),
        }
    }

    /// Which state it is, and how often it was written.
    pub(super) async fn state(&self) -> Result<State, Failure> {
        let said = self.asked(&["state", "pull"]).await?;
        if said.trim_ascii().is_empty() {
            return Ok(State::default());
        }
        serde_json::from_slice(&said)
            .map_err(|why| Failure::new("the state cannot be read").detail(why.to_string()))
    }

    /// What stands in a plan file.
    pub(super) async fn shown(&self, file: &Path) -> Result<Vec<u8>, Failure> {
        let name = file.display().to_string();
        self.asked(&["show", "-json", &name]).await
    }
}

/// A secret as Terraform is told it.
fn value(form: Form, text: &str) -> Value {
    match form {
        Form::Text => json!(text),
        Form::Literal => match text {
            "true" | "True" | "TRUE" => json!(true),
            "false" | "False" | "FALSE" => json!(false),
            text => number(text)
                .and_then(|number| serde_json::from_str(&number).ok())
                .unwrap_or_else(|| json!(text)),
        },
        Form::Parts => {
            let own = parts(text).into_iter().filter(|(_, own)| *own);
            json!(own.map(|(part, _)| part).collect::<Vec<_>>())
        }
    }
}

/// The single values in a secret, as texts.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}
