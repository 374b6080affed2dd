//! Paths as people write them in files: below a folder, never out of it.

/// Whether a path lies below a folder: relative, without `..`.
///
/// # Errors
/// A sentence that says why not.
pub fn inside(path: &str) -> Result<(), String> {
    if path.is_empty() {
        Err("an empty path names no file".to_owned())
    } else if path.starts_with('/')
        || path.starts_with('~')
        || path.contains('\\')
        || path.contains('\0')
    {
        Err(format!("{path:?} is not a path below the estate's folder"))
    } else if path.split('/').any(|part| part == "..") {
        Err(format!("{path:?} lies outside the estate's folder"))
    } else {
        Ok(())
    }
}

/// `./a//b` as `a/b`.
#[must_use]
pub fn plain(path: &str) -> String {
    path.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_its_folder() {
        for good in ["a", "./a//b", "a/.b", "a..b"] {
            assert_eq!(inside(good), Ok(()), "{good}");
        }
        for bad in ["", "/a", "~/a", "../a", "a/../b", "a/..", "a\\b", "a\0"] {
            assert!(inside(bad).is_err(), "{bad:?}");
        }
        assert_eq!(plain("./a//b/."), "a/b");
    }
}
