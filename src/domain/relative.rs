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

/// The path of what a file names beside itself: `../b.yaml` of `a/c.yaml` is `b.yaml`.
///
/// # Errors
/// A sentence, where that lies outside the folder below which both are.
pub fn joined(of: &str, named: &str) -> Result<String, String> {
    if named.is_empty() || named.starts_with(['/', '~']) || named.contains(['\\', '\0']) {
        return Err(format!("{named:?} is not a path below the estate's folder"));
    }
    let folder = of.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(named.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return Err(format!("{named:?} lies outside the estate's folder"));
                }
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_names_lies_beside_it() {
        let of = |named| joined("a/b/c.yaml", named);
        assert_eq!(of("./d.yaml").as_deref(), Ok("a/b/d.yaml"));
        assert_eq!(of("../../d/e.yaml").as_deref(), Ok("d/e.yaml"));
        for bad in ["../../../d", "/d", "~/d", "", "a\\b"] {
            assert!(of(bad).is_err(), "{bad}");
        }
        assert_eq!(joined("main.yml", "./a/../b").as_deref(), Ok("b"));
    }

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
