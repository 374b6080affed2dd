//! Fills an ask with what the estate says of the stacks concerned: their specs and files. Decides
//! nothing.

use crate::domain::ask::{Ask, Attached, Intent, Refused, Source, Way};
use crate::domain::estate::Catalog;
use crate::domain::ids::StackId;

/// Whether an ask is about what the estate's files say now.
pub(super) fn wants_files(ask: &Ask) -> bool {
    match ask {
        Ask::Preview { intent, .. } => reads_files(intent),
        // What was shown is what is done: only an ask that nobody previewed reads the files again.
        Ask::Do {
            intent, confirm, ..
        } => confirm.subject.is_none() && reads_files(intent),
        Ask::Approve { .. } | Ask::Reject { .. } | Ask::Undo { .. } | Ask::Drain { .. } => false,
    }
}

fn reads_files(intent: &Intent) -> bool {
    match intent {
        Intent::Deploy { source, .. } => matches!(source, Source::Estate),
        Intent::Apply { .. }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Teardown { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Unblock { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. } => false,
    }
}

/// The ask with the catalog's entries.
pub(super) fn attach(ask: Ask, catalog: &Catalog) -> Result<Ask, Refused> {
    match ask {
        Ask::Preview { intent, .. } => Ok(Ask::Preview {
            attached: entries(&intent, catalog)?,
            intent,
        }),
        Ask::Do {
            intent,
            confirm,
            armed,
            ..
        } => Ok(Ask::Do {
            attached: entries(&intent, catalog)?,
            intent,
            confirm,
            armed,
        }),
        Ask::Approve { .. } | Ask::Reject { .. } | Ask::Undo { .. } | Ask::Drain { .. } => Ok(ask),
    }
}

fn entries(intent: &Intent, catalog: &Catalog) -> Result<Vec<Attached>, Refused> {
    let (stacks, needed): (&[StackId], bool) = match intent {
        Intent::Deploy { stacks, source, .. } => (stacks, *source == Source::Estate),
        Intent::Teardown { stack, .. }
        | Intent::Unblock {
            stack,
            way: Way::Recover | Way::Retry | Way::LastGood,
            ..
        } => (std::slice::from_ref(stack), false),
        Intent::Unblock {
            way: Way::Free | Way::ResolveDone { .. } | Way::ResolveFailed { .. },
            ..
        }
        | Intent::Rollback { .. }
        | Intent::Retry { .. }
        | Intent::Cancel { .. }
        | Intent::Abandon { .. }
        | Intent::Freeze { .. }
        | Intent::Thaw { .. }
        | Intent::Apply { .. } => (&[], false),
    };
    let mut attached = Vec::new();
    for stack in stacks {
        match catalog
            .stacks
            .get(stack)
            .map(|entry| (&entry.spec, &entry.bundle))
        {
            Some((Ok(spec), bundle)) => attached.push(Attached {
                stack: stack.clone(),
                spec: spec.clone(),
                bundle: bundle.clone(),
            }),
            Some((Err(why), _)) if needed => {
                return Err(Refused::new(
                    "files",
                    format!("the files of {stack} cannot be read: {why}"),
                )
                .hint("`holdpoint check` lists everything that is wrong"));
            }
            Some((Err(_), _)) | None => {}
        }
    }
    Ok(attached)
}
