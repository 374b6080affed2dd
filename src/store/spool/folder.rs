//! The folder of a stack within the spool: `ENV/APP`, and `ENV/APP@PART` for a part. Two stacks
//! never share one, also where a file system does not tell capitals from small letters.

use std::path::{Path, PathBuf};

use crate::domain::ids::StackId;

/// Stands between an application and each segment of a part; no name has it.
const BETWEEN: char = '@';
/// Stands before a letter that is a capital in the name; no name has it.
const CAPITAL: char = '=';

/// The folder of a stack.
pub(super) fn of(spool: &Path, stack: &StackId) -> PathBuf {
    // Names have letters, digits, '-', '_' and '.', and no segment begins with a '.': no path leads
    // out.
    let mut name = stack.app.to_string();
    for c in stack
        .part
        .iter()
        .flat_map(|part| std::iter::once('/').chain(part.as_str().chars()))
    {
        match c {
            '/' => name.push(BETWEEN),
            capital if capital.is_ascii_uppercase() => {
                name.extend([CAPITAL, capital.to_ascii_lowercase()]);
            }
            other => name.push(other),
        }
    }
    spool.join(stack.env.as_str()).join(name)
}

/// The stack of a folder; none where the folder is no name that [`of`] gives.
pub(super) fn stack(env: &str, name: &str) -> Option<StackId> {
    let mut text = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match c {
            BETWEEN => text.push('/'),
            CAPITAL => text.push(
                chars
                    .next()
                    .filter(char::is_ascii_lowercase)?
                    .to_ascii_uppercase(),
            ),
            other if other.is_ascii_uppercase() => return None,
            other => text.push(other),
        }
    }
    format!("{env}/{text}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ids::given::stacks;

    fn folder(stack: &StackId) -> String {
        of(Path::new("spool"), stack).to_str().unwrap().to_owned()
    }

    #[test]
    fn what_is_no_folder_of_a_stack_is_none() {
        assert_eq!(
            folder(&"dev/shop/nl/Cart".parse().unwrap()),
            "spool/dev/shop@nl@=cart"
        );
        for name in [
            "Shop",
            "shop@",
            "shop@NL",
            "shop@=",
            "shop@=1",
            "shop@a@b@c",
            "shop@..",
            ".",
            "000001.jsonl",
        ] {
            assert_eq!(stack("dev", name), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_folder_leads_back_to_its_stack_alone(one in stacks(), other in stacks()) {
            let (a, b) = (folder(&one), folder(&other));
            let mut names = a.rsplit('/');
            let (name, env) = (names.next().unwrap(), names.next().unwrap());
            prop_assert_eq!(stack(env, name), Some(one.clone()));
            prop_assert_eq!(a.eq_ignore_ascii_case(&b), one == other);
            prop_assert!(!a.contains("..") && name.len() < 255 && names.next() == Some("spool") && names.next().is_none());
        }
    }
}
