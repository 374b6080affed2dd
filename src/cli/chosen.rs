//! What an application's system lets one choose beside the release: `--flag NAME=VALUE`, or `--NAME`
//! for every flag that some system declares. The engine knows which there are for an application.

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::domain::ask::Intent;
use crate::domain::flag::{Flag, Flags, Form, Value};
use crate::domain::ids::{BadName, FlagName};
use crate::domain::purpose::Purpose;

use super::Stop;

/// What is chosen.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    flags: Vec<String>,
}

/// The id under which the parser has `--flag`.
const FLAG: &str = "flag";
/// Flags that have a verb of their own.
const VERBS: [&str; 1] = [crate::domain::parameter::PARAMETER];
/// What they are below in the help.
const HEADING: &str = "What the application's system lets one choose";

/// The flags of all systems for a deployment, each name once, with the systems that have it.
fn declared() -> Vec<(&'static Flag, Vec<&'static str>)> {
    let mut all: Vec<(&'static Flag, Vec<&'static str>)> = Vec::new();
    for system in crate::systems::all() {
        let own = system.flags().iter().chain(system.flags_of_whole());
        let own = own.filter(|flag| flag.purposes.contains(&Purpose::Deploy));
        for flag in own.filter(|flag| !VERBS.contains(&flag.name)) {
            match all.iter_mut().find(|(known, _)| known.name == flag.name) {
                Some((_, systems)) if systems.contains(&system.name()) => {}
                Some((_, systems)) => systems.push(system.name()),
                None => all.push((flag, vec![system.name()])),
            }
        }
    }
    all
}

/// An option for a flag.
fn option(flag: &'static Flag, systems: &[&'static str]) -> Arg {
    let help = format!("{} ({})", flag.says, systems.join(", "));
    let arg = Arg::new(flag.name)
        .long(flag.name)
        .help(help)
        .help_heading(HEADING);
    let may_stand_alone = |arg: Arg| {
        // A word behind it is the stack.
        arg.num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_name("true|false")
    };
    match flag.form {
        Form::Switch(_) => may_stand_alone(arg),
        Form::OneOf(names) if names.contains(&"true") => may_stand_alone(arg),
        Form::OneOf(names) => arg
            .value_name("WHICH")
            .value_parser(PossibleValuesParser::new(names)),
        Form::Number(_) => arg.value_name("N"),
        Form::Commit => arg.value_name("COMMIT"),
        Form::Version => arg.value_name("NAME=VERSION"),
        Form::Text(_) | Form::Change => arg.value_name("TEXT"),
    }
}

impl Args for Chosen {
    fn augment_args(command: Command) -> Command {
        let any = Arg::new(FLAG)
            .long(FLAG)
            .value_name("NAME=VALUE")
            .action(ArgAction::Append)
            .help("Something that the application's system lets one choose; may be given several times")
            .help_heading(HEADING);
        let own = declared();
        let own = own.iter().map(|(flag, systems)| option(flag, systems));
        command.arg(any).args(own)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Chosen {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = matches.get_many::<String>(FLAG).into_iter().flatten();
        let mut flags: Vec<String> = given.cloned().collect();
        for (flag, _) in declared() {
            let value = matches
                .try_get_one::<String>(flag.name)
                .map_err(|why| Error::raw(ErrorKind::InvalidValue, why))?;
            flags.extend(value.map(|value| format!("{}={value}", flag.name)));
        }
        Ok(Self { flags })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
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
