//! What is to be done with each file of a site, and with each object that is live.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::{File, Site};
use crate::aws::s3::Listed;
use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::exec::s3::failed;
use crate::exec::s3::web::is_page;

/// How many files are on their way at once.
const AT_ONCE: usize = 16;

/// The parts of the work.
pub(super) struct Parts<'a> {
    /// Files to upload that are no pages.
    pub(super) assets: Vec<&'a File>,
    /// Pages to upload.
    pub(super) pages: Vec<&'a File>,
    /// Keys that are live and in the archive no more.
    pub(super) gone: Vec<String>,
    /// How many files are live as they are in the archive.
    pub(super) unchanged: usize,
}

impl Site<'_> {
    /// Compares the archive with what is live.
    pub(super) async fn parts(&self, live: &[Listed]) -> Result<Parts<'_>, Failure> {
        let files = &self.kept.files;
        let mut by_name: BTreeMap<&str, &Listed> = live
            .iter()
            .filter_map(|one| Some((self.prefix.name(&one.key)?, one)))
            .collect();
        let (mut changed, mut in_doubt) = (Vec::new(), Vec::new());
        for file in files {
            match by_name.remove(file.name()) {
                Some(live) if live.size == file.size() && live.etag == file.sum => {}
                // An object that is encrypted by a key of its own has another tag.
                Some(live) if live.size == file.size() => in_doubt.push(file),
                Some(_) | None => changed.push(file),
            }
        }
        let mut same: BTreeSet<&str> = BTreeSet::new();
        at_once(
            &in_doubt,
            || true,
            |file| self.is_same(file),
            |name| same.extend(name),
        )
        .await?;
        changed.extend(in_doubt.iter().filter(|file| !same.contains(file.name())));
        let unchanged = files.len() - changed.len();
        let (pages, assets) = changed.into_iter().partition(|file| is_page(file.name()));
        Ok(Parts {
            assets,
            pages,
            gone: by_name.values().map(|one| one.key.clone()).collect(),
            unchanged,
        })
    }

    /// The name of a file whose content is live, by the digest that the object keeps.
    async fn is_same<'f>(&self, file: &'f File) -> Result<Option<&'f str>, Failure> {
        let key = self.prefix.key(file.name());
        let live = self.cloud.object_sum(self.bucket, &key).await;
        let live = live.map_err(|trouble| failed(self.cloud, self.bucket, trouble))?;
        let Some(live) = live else { return Ok(None) };
        let ours = Digest::of_bytes(&self.kept.content(file).await?);
        Ok((live == ours.to_string()).then(|| file.name()))
    }
}

/// Does something with each of many, some of them at once, as long as it may go on. What has begun
/// ends; the first failure ends all.
pub(super) async fn at_once<'a, F, T>(
    files: &[&'a File],
    go_on: impl Fn() -> bool,
    make: impl Fn(&'a File) -> F,
    mut done: impl FnMut(T),
) -> Result<(), Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    let (mut waiting, mut under_way) = (files.iter(), FuturesUnordered::new());
    loop {
        while under_way.len() < AT_ONCE
            && go_on()
            && let Some(file) = waiting.next()
        {
            under_way.push(make(file));
        }
        match under_way.next().await {
            Some(one) => done(one?),
            None => return Ok(()),
        }
    }
}
