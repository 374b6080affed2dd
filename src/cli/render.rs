//! `render`: the files that a system makes of those of a stack, without a store or an engine.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::json;

use crate::config;
use crate::domain::estate::Catalog;
use crate::domain::ids::StackId;
use crate::domain::instance::Instances;
use crate::os::{files, open};
use crate::systems;
use crate::text::diagnostic::closest;
use crate::text::safe::Safe;

use super::args::RenderArgs;
use super::{Code, Ground, Out, Stop};

/// Fewer files than these are written by one processor.
const AT_ONCE: usize = 256;

/// `render`.
pub(super) fn render(
    ground: &dyn Ground,
    args: &RenderArgs,
    out: &mut Out<'_, '_>,
) -> Result<Code, Stop> {
    let mut made = rendered(ground, &args.stack)?;
    if let Some(name) = &args.file {
        let names: Vec<String> = made.iter().map(|(name, _)| name.clone()).collect();
        made.retain(|(own, _)| own == name);
        if made.is_empty() {
            let near = closest(name, names.iter().map(String::as_str));
            let hint = near.map_or_else(
                || format!("it makes {}", names.join(", ")),
                |near| format!("did you mean {near:?}?"),
            );
            let says = format!("{} makes no file {name:?}: {hint}", args.stack);
            return Err(Stop::wrong("unknown-file", says));
        }
    }
    if let Some(folder) = &args.out {
        write(folder, &made)?;
        for (name, _) in &made {
            out.line(&format!("{}", Safe::from(folder.join(name).as_path())))?;
        }
    } else if out.is_json() {
        let files: Vec<_> = made
            .iter()
            .map(|(name, bytes)| json!({ "file": name, "text": String::from_utf8_lossy(bytes) }))
            .collect();
        out.document(&json!({ "stack": args.stack, "files": files }))?;
    } else {
        let one = made.len() == 1;
        for (name, bytes) in &made {
            if !one {
                out.line(&format!("==> {name} <=="))?;
            }
            // As it is: a file may be read by a program.
            out.line(String::from_utf8_lossy(bytes).trim_end())?;
            if !one {
                out.line("")?;
            }
        }
    }
    Ok(Code::Done)
}

/// The files of a stack.
fn rendered(ground: &dyn Ground, stack: &str) -> Result<Vec<(String, Vec<u8>)>, Stop> {
    let loaded = ground.estate()?;
    let catalog = config::catalog(&loaded, &Instances::new());
    let id: StackId = stack
        .parse()
        .map_err(|why| Stop::wrong("stack", format!("{stack:?} is no stack: {why}")))?;
    let of_parts = |own: &StackId| id.part.is_none() && own.whole() == id;
    let own = catalog.stacks.iter();
    let own: Vec<_> = own
        .filter(|(own, _)| **own == id || of_parts(own))
        .collect();
    if own.is_empty() {
        return Err(unknown(&catalog, &id));
    }
    // Parts may have files in common.
    let mut made = BTreeMap::new();
    for (_, entry) in own {
        let spec = entry
            .spec
            .as_ref()
            .map_err(|why| Stop::wrong("files", why.clone()))?;
        let system = systems::named(&spec.system);
        made.extend(system.map_or_else(Vec::new, |system| system.rendered(spec, &entry.bundle)));
    }
    let made: Vec<_> = made.into_iter().collect();
    if made.is_empty() {
        let says = format!("nothing is generated for {id} from the files that are here");
        return Err(Stop::wrong("not-rendered", says));
    }
    Ok(made)
}

/// No stack is called so, or nobody knows because its files cannot be read.
pub(super) fn unknown(catalog: &Catalog, id: &StackId) -> Stop {
    let whole = catalog.stacks.get(&id.whole());
    if let Some(Err(why)) = whole.map(|entry| &entry.spec) {
        return Stop::wrong("files", why.clone());
    }
    let stack = id.to_string();
    let all = catalog.stacks.keys();
    let names: BTreeSet<String> = all
        .flat_map(|id| [id.to_string(), id.whole().to_string()])
        .collect();
    let near = closest(&stack, names.iter().map(String::as_str));
    let hint = near.map_or_else(
        || "`holdpoint ls` lists the stacks".to_owned(),
        |near| format!("did you mean {near:?}?"),
    );
    let says = format!("the estate has no stack {stack:?}: {hint}");
    Stop::wrong("unknown-stack", says)
}

/// Puts the files into a folder, each whole or not at all; one that says the same stays as it is. Many
/// are put there by all processors at once.
fn write(folder: &Path, made: &[(String, Vec<u8>)]) -> Result<(), Stop> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = made.len().div_ceil(workers).max(AT_ONCE);
    std::thread::scope(|scope| {
        let all: Vec<_> = made
            .chunks(share)
            .map(|share| scope.spawn(move || write_share(folder, share)))
            .collect();
        all.into_iter().try_for_each(|one| {
            one.join()
                .unwrap_or_else(|_| Err(Stop::wrong("out", "a file was not written".to_owned())))
        })
    })
}

fn write_share(folder: &Path, made: &[(String, Vec<u8>)]) -> Result<(), Stop> {
    let wrong = |why: String| Stop::wrong("out", why);
    for (name, bytes) in made {
        let path = folder.join(name);
        if open::bytes(&path).is_ok_and(|there| there == *bytes) {
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|why| wrong(format!("{}: {why}", Safe::from(parent))))?;
        }
        files::write_made(&path, bytes).map_err(|why| wrong(why.to_string()))?;
    }
    Ok(())
}
