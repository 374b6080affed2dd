//! `--flag NAME=VALUE`: what an application's system lets one choose beside the release. The engine
//! knows which there are.

use clap::Args;

use crate::domain::ask::Intent;
use crate::domain::flag::{Flags, Value};
use crate::domain::ids::{BadName, FlagName};

use super::Stop;

/// Whether any system lets one choose something: without that, the help does not speak of it.
pub(super) fn flags_exist() -> bool {
    crate::systems::all()
        .iter()
        .any(|system| !system.flags().is_empty())
}

/// What is chosen.
#[derive(Debug, Clone, Default, Args)]
pub struct Chosen {
    /// Something that the application's system lets one choose; may be given several times
    #[arg(long = "flag", value_name = "NAME=VALUE", hide = !flags_exist())]
    flags: Vec<String>,
}

impl Chosen {
    /// The intent with what is chosen.
    pub(super) fn on(&self, intent: Intent) -> Result<Intent, Stop> {
        let mut flags = Flags::new();
        for text in &self.flags {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Stop::wrong("flag", format!("--flag {text:?}: write NAME=VALUE")))?;
            let name: FlagName = name
                .parse()
                .map_err(|why: BadName| Stop::wrong("flag", why.to_string()))?;
            if value.is_empty() {
                // A variable of the shell that is not set would choose something else than it says.
                let says = format!("--flag {name}= has no value: write one, or leave it out");
                return Err(Stop::wrong("flag", says));
            }
            if flags
                .insert(name.clone(), Value::Text(value.into()))
                .is_some()
            {
                return Err(Stop::wrong("flag", format!("--flag {name} is given twice")));
            }
        }
        let verb = intent.verb();
        intent
            .choosing(flags)
            .ok_or_else(|| Stop::wrong("flag", format!("{} takes no --flag", verb.word())))
    }
}
