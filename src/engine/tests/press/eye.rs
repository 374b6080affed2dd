//! The eye on a press: what an edition is like now. This file is what `observe/<tool>.rs` would be.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::EDITION;
use super::works::{Meets, Works};
use crate::domain::failure::{Failure, Retry};
use crate::domain::look::{Look, Sight, Standing};
use crate::domain::request::SourceBundle;
use crate::observe::{Eye, LookOn};
use crate::text::safe::Safe;

/// The eye.
pub(super) struct Reader(pub(super) Arc<Works>);

impl Eye for Reader {
    fn kind(&self) -> &'static str {
        EDITION
    }

    fn look<'a>(
        &'a self,
        _: &'a LookOn,
        look: &'a Look,
        _: Option<&'a SourceBundle>,
    ) -> BoxFuture<'a, Result<Sight, Failure>> {
        let (found, met) = (self.0.edition(&look.about.name), self.0.met());
        async move {
            let standing = match found.as_ref().map(|edition| edition.state) {
                _ if met == Some(Meets::NoContact) => {
                    return Err(Failure::new("the works do not answer").retry(Retry::Contact));
                }
                _ if met == Some(Meets::Busy) => Standing::Busy,
                None => Standing::Missing,
                Some("OUT") => Standing::Good,
                Some("SPOILT") => Standing::Halted,
                Some(_) => Standing::Unknown,
            };
            let words = Safe::new(found.as_ref().map_or("MISSING", |edition| edition.state));
            let facts =
                json!({ "sheets": found.map(|edition| edition.sheets).unwrap_or_default() });
            Ok(Sight {
                words,
                facts,
                ..Sight::of(look.about.clone(), "edition", standing)
            })
        }
        .boxed()
    }
}
