//! `publish`: a site from an archive, which is checked before anything is asked.

use std::fs::File;
use std::io::Seek as _;
use std::path::Path;

use crate::domain::ask::{Intent, Source};
use crate::os::open;
use crate::text::archive::{Archive, INDEX, LONGEST_SITE, Limits, without_index};
use crate::text::safe::Safe;
use crate::world::available::Doing;

use super::act::Done;
use super::args::PublishArgs;
use super::target::{agreed_for, known};
use super::{Ground, Out, Stop, ask, wait};

/// `publish`.
pub(super) fn publish(ground: &dyn Ground, args: &PublishArgs, out: &mut Out<'_, '_>) -> Done {
    let file = checked(&args.archive)?;
    let desk = ground.desk()?;
    let world = wait::ready(&*desk, ground, out)?;
    let id = known(&world, &args.site)?;
    agreed_for(&*desk, ground, &id.env, Doing::Deploy)?;
    desk.watch(std::slice::from_ref(&id));
    let what = format!("{} {}", id.app, args.version);
    let archive = desk
        .keep(Box::new(file), &what)
        .map_err(|why| Stop::lost("store", format!("the archive cannot be kept: {why}")))?;
    let source = Source::Archive {
        version: args.version.clone(),
        archive,
    };
    ask::carry_out(
        &*desk,
        ground,
        &Intent::deploy(id, source),
        &args.guard,
        out,
    )
}

/// The archive, from its beginning.
fn checked(path: &Path) -> Result<File, Stop> {
    let name = Safe::new(&path.display().to_string());
    let wrong = |why: String| Stop::wrong("archive", format!("{name}: {why}"));
    let unread = |why: std::io::Error| wrong(format!("it cannot be read: {why}"));
    let mut file = open::read(path).map_err(unread)?;
    let length = file.metadata().map_err(unread)?.len();
    if length > LONGEST_SITE {
        let says = format!("it has {length} bytes, and {LONGEST_SITE} are taken");
        return Err(wrong(says));
    }
    let archive = Archive::read(&mut file, &Limits::SITE).map_err(|why| wrong(why.to_string()))?;
    if let Some(hint) = without_index(archive.files.iter().map(|file| file.name.as_str())) {
        return Err(wrong(format!("it has no {INDEX} at its top: {hint}")));
    }
    file.rewind().map_err(unread)?;
    Ok(file)
}
