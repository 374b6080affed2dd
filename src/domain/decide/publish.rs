//! Releases that are archives: what a system makes of one, under a name that stands for it alone.

use crate::domain::artifact::Artifact;
use crate::domain::ask::{Intent, Source};
use crate::domain::cause::Of;
use crate::domain::failure::Failure;
use crate::domain::folds::Folds;
use crate::domain::refused::Refused;
use crate::domain::request::Spec;

use super::specs::StartOf;

/// What a system makes of a stack and an archive of that name; `None` where it takes none.
pub(super) type Publishing<'a> =
    dyn Fn(&Spec, &str, &Artifact) -> Option<Result<Spec, Failure>> + 'a;

/// Makes of what starts from an archive the release that it is.
///
/// # Errors
/// The system takes no archive, or its name stands for something else already.
pub fn publish(
    folds: &Folds,
    intent: &Intent,
    starts: &mut [StartOf],
    published: &Publishing<'_>,
) -> Result<(), Refused> {
    let Intent::Deploy {
        source: Source::Archive { version, archive },
        ..
    } = intent
    else {
        return Ok(());
    };
    is_version(version)?;
    for start in starts {
        let made = published(&start.spec, version, archive).ok_or_else(|| {
            Refused::new(
                "no-archive",
                format!(
                    "{} is a {}: it takes no archive",
                    start.stack, start.spec.system
                ),
            )
            .hint(format!("`holdpoint deploy {}`", start.stack))
        })?;
        let spec = made.map_err(|why| Refused::new(Refused::CANNOT_PLAN, why.summary))?;
        let other = folds
            .deployments
            .values()
            .filter(|d| d.stack() == Some(&start.stack))
            .filter_map(|d| d.request.as_ref())
            .find(|request| {
                let release = &request.spec.release;
                release.name == spec.release.name && !release.is(&spec.release)
            });
        if let Some(other) = other {
            let (stack, no) = (&start.stack, other.no);
            return Err(Refused::new(
                "version",
                format!("{version} of {stack} is the release of {no} already, with other files"),
            )
            .hint("a version stands for one archive for ever: give these files another one"));
        }
        let serves = folds.stack(&start.stack).has_in_service(&spec.release);
        start.of = serves.then_some(Of::Serving);
        start.spec = spec;
    }
    Ok(())
}

/// How many characters the name of an archive may have.
const LONGEST_VERSION: usize = 64;

fn is_version(version: &str) -> Result<(), Refused> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let begins = version.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && version.len() <= LONGEST_VERSION && version.chars().all(plain) {
        return Ok(());
    }
    Err(Refused::new("version", format!("{version:?} cannot be the name of a release")).hint(
        format!("letters, digits, '.', '_', '+' and '-', {LONGEST_VERSION} at most, a letter or a digit first: 1.4.2"),
    ))
}
