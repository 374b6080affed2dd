//! What S3 answers about many objects, and how it is asked to delete them.

use std::fmt::Write as _;

use aws_smithy_types::base64;
use md5::{Digest as _, Md5};
use percent_encoding::percent_decode_str;

use crate::aws::rest::Answer;
use crate::aws::xml::{Unread, escaped};
use crate::text::safe::Safe;

/// An object as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its whole key.
    pub key: String,
    /// What changes with its content: the MD5 of it, where it was put in one piece and is not
    /// encrypted by a key of somebody's own.
    pub etag: String,
    /// How many bytes it has.
    pub size: u64,
}

/// An object that was not deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stays {
    /// Its whole key.
    pub key: String,
    /// The service's code.
    pub code: String,
    /// Why.
    pub why: Safe,
}

/// A page of a listing, and where the next one begins.
pub(super) fn listed(
    answer: &Answer,
    from: Option<&str>,
) -> Result<(Vec<Listed>, Option<String>), Unread> {
    let root = answer.root("ListBucketResult")?;
    let is_encoded = root.told(&["EncodingType"]) == Some("url");
    let mut objects = Vec::new();
    for one in root.all(&[], "Contents") {
        let written = one
            .told(&["Key"])
            .ok_or_else(|| Unread("an object without a key".to_owned()))?;
        let size = one.need(&["Size"])?;
        objects.push(Listed {
            key: if is_encoded {
                decoded(written)?
            } else {
                written.to_owned()
            },
            etag: one.need(&["ETag"])?.trim_matches('"').to_owned(),
            size: size
                .parse()
                .map_err(|_| Unread(format!("a size of {size:?}")))?,
        });
    }
    if !root.flag(&["IsTruncated"])? {
        return Ok((objects, None));
    }
    let next = root.need(&["NextContinuationToken"])?;
    if Some(next) == from {
        return Err(Unread("a page that is followed by itself".to_owned()));
    }
    Ok((objects, Some(next.to_owned())))
}

/// A key as it is: a listing writes it as forms do, with a plus for a space.
fn decoded(key: &str) -> Result<String, Unread> {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|why| Unread(format!("the key {key:?}: {why}")))
}

/// The body that names what is deleted, and the sum of it that S3 wants beside it.
pub(super) fn deletion(keys: &[&String]) -> (String, String) {
    let mut objects = String::new();
    for key in keys {
        let _ = write!(objects, "<Object><Key>{}</Key></Object>", escaped(key));
    }
    let body = format!(
        "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{objects}<Quiet>true</Quiet></Delete>"
    );
    let sum = base64::encode(Md5::digest(body.as_bytes()));
    (body, sum)
}

/// What stays of that.
pub(super) fn left(answer: &Answer) -> Result<Vec<Stays>, Unread> {
    let root = answer.root("DeleteResult")?;
    let stays = |error: &crate::aws::xml::Element| {
        Ok(Stays {
            key: error.told(&["Key"]).unwrap_or_default().to_owned(),
            code: error.need(&["Code"])?.to_owned(),
            why: Safe::told(error.told(&["Message"]).unwrap_or_default()),
        })
    };
    root.all(&[], "Error")
        .filter(|error| error.told(&["Code"]) != Some("NoSuchKey"))
        .map(stays)
        .collect()
}
