//! How a template gets to CloudFormation: in the call, or, where it is too large for one, through a
//! bucket that the environment names.

use crate::domain::digest::Digest;
use crate::domain::failure::Failure;
use crate::domain::place::Place;

/// What the bucket is called among what may be used at a place.
pub const TEMPLATE_BUCKET: &str = "template bucket";
/// The longest template that a call carries, in bytes.
pub const IN_A_CALL: usize = 51_200;
/// The longest template. AWS documents 1 MB, and refuses what is longer than this.
pub const LONGEST: usize = 1_000_000;

/// Where a template stands in a bucket: under its digest, so that one name has one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The bucket.
    pub bucket: String,
    /// Its name in there.
    pub key: String,
}

impl Object {
    /// The object of a template.
    #[must_use]
    pub fn of(bucket: &str, template: Digest) -> Self {
        Self {
            bucket: bucket.to_owned(),
            key: format!("{FOLDER}{template}.template"),
        }
    }
}

/// How the keys of all templates begin.
pub const FOLDER: &str = "holdpoint/templates/";

/// The bucket through which a template of this length travels; `None` where a call carries it.
///
/// # Errors
/// It needs one, and the place names none; or it is too long for any way.
pub fn bucket<'a>(
    place: Option<&'a Place>,
    path: &str,
    length: usize,
) -> Result<Option<&'a str>, Failure> {
    if length > LONGEST {
        return Err(Failure::new(too_long(path, length)).hint(SHORTEN));
    }
    if length <= IN_A_CALL {
        return Ok(None);
    }
    let named = place.and_then(|place| place.uses.get(TEMPLATE_BUCKET));
    named.map(|name| Some(name.as_str())).ok_or_else(|| {
        Failure::new(no_bucket(path, length)).hint(format!(
            "add {NAME_ONE} to the environment in the estate file, then run `holdpoint apply` and deploy again"
        ))
    })
}

/// What is to be written where none is named.
pub const NAME_ONE: &str = "`template_bucket: NAME` under `aws:`";

/// That a template needs a bucket.
#[must_use]
pub fn no_bucket(path: &str, length: usize) -> String {
    format!(
        "{path} has {length} bytes, a call to CloudFormation carries {IN_A_CALL} at most, and the environment names no bucket for larger templates"
    )
}

/// That CloudFormation takes no template of this length.
#[must_use]
pub fn too_long(path: &str, length: usize) -> String {
    format!("{path} has {length} bytes; CloudFormation takes templates of {LONGEST} at most")
}

/// What to do about that.
pub const SHORTEN: &str =
    "move a part of it into a nested stack, or take out comments and repetition";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_chosen_to_the_byte() {
        let bare = Place::new("aws", "account", "region");
        let with = bare.clone().using(TEMPLATE_BUCKET, Some("acme"));
        for (length, through) in [
            (1, Ok(None)),
            (51_200, Ok(None)),
            (51_201, Ok(Some("acme"))),
            (1_000_000, Ok(Some("acme"))),
            (1_000_001, Err("of 1000000 at most")),
        ] {
            let found = bucket(Some(&with), "t.yaml", length);
            match through {
                Ok(through) => assert_eq!(found, Ok(through), "{length}"),
                Err(says) => assert!(found.unwrap_err().summary.contains(says), "{length}"),
            }
        }
        assert_eq!(bucket(None, "t.yaml", 51_200), Ok(None));
        for nowhere in [None, Some(&bare)] {
            let told = bucket(nowhere, "t.yaml", 51_201).unwrap_err();
            assert!(
                told.summary.contains("t.yaml has 51201 bytes")
                    && told.summary.contains("carries 51200")
                    && told.hint.contains("template_bucket: NAME"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn an_object_is_named_for_its_content() {
        let object = Object::of("acme", Digest::of_bytes(b""));
        assert_eq!(
            object.key,
            "holdpoint/templates/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.template"
        );
    }
}
