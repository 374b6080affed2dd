//! `env:NAME`: a variable of the engine's own environment. A detached engine has next to none; one
//! in a pipeline (`--here`) has its.

use std::future::ready;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::{Given, SecretKind};
use crate::domain::masks::Secret;

/// The kind.
#[derive(Debug)]
pub(super) struct Env;

impl SecretKind for Env {
    fn scheme(&self) -> &'static str {
        "env"
    }

    fn form(&self) -> &'static str {
        "env:NAME"
    }

    fn check(&self, name: &str) -> Result<(), String> {
        let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if first && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Ok(())
        } else {
            Err(format!("{name:?} cannot be the name of a variable"))
        }
    }

    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Given> {
        let read = match std::env::var(name) {
            Ok(value) => Ok(Secret::new(value)),
            Err(std::env::VarError::NotPresent) => Err((
                format!("the engine has no variable {name}"),
                format!(
                    "end this engine (process {}) and run `holdpoint engine`, or the verb with --here, in a shell that has {name}; or name a file in the estate, which any engine can read (file:/whole/path)",
                    std::process::id()
                ),
            )),
            Err(std::env::VarError::NotUnicode(_)) => Err((
                format!("the variable {name} is not text"),
                "give it as text".to_owned(),
            )),
        };
        ready(read).boxed()
    }
}
