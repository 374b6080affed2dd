//! `parameter`: one parameter of a site's builds is put or deleted, behind its card. What is typed is
//! where a value is, and never the value.

use crate::domain::ask::{Intent, Source};
use crate::domain::parameter::{Change, is_variable};
use crate::world::available::Doing;

use super::act::{Done, on_stack};
use super::args::ParameterArgs;
use super::{Ground, Out, Stop};

/// `parameter`.
pub(super) fn parameter(ground: &dyn Ground, args: &ParameterArgs, out: &mut Out<'_, '_>) -> Done {
    let change = change(args)?;
    let stack = (args.site.as_str(), Doing::Deploy);
    on_stack(ground, stack, &args.guard, out, |_, id| {
        change
            .of(Intent::deploy(id.clone(), Source::Estate))
            .ok_or_else(|| Stop::failed("parameter", "the change cannot be asked for".to_owned()))
    })
}

/// What is asked for; nothing of what is wrong with it is repeated, because it may be the value.
fn change(args: &ParameterArgs) -> Result<Change, Stop> {
    let wrong = |why: String| Stop::wrong("parameter", why);
    let text = match &args.from {
        Some(from) => format!("{}={from}", args.name),
        None => format!("-{}", args.name),
    };
    if !is_variable(&args.name) {
        let why = "NAME: a parameter's name has letters, digits and '_', and no digit first";
        return Err(wrong(why.to_owned()));
    }
    text.parse().map_err(|_| {
        wrong(
            "--from names where the value is, and is never the value itself: file:/whole/path or env:VARIABLE of the engine; --delete deletes the parameter"
                .to_owned(),
        )
    })
}
