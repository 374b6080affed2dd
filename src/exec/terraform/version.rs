//! Another version of a component in the Terraform of a node.

/// The text with the block of a component at another version than it says: where its module comes
/// from, and what it is told. None where the module does not come from there by its version.
pub(super) fn at_version(text: &str, component: &str, from: &str, to: &str) -> Option<String> {
    let begins = format!("module \"{component}\" {{");
    let (mut within, mut is_put) = (false, false);
    let lines = text.split_inclusive('\n').map(|line| {
        let bare = line.trim_end();
        if bare == begins {
            within = true;
        } else if bare == "}" {
            within = false;
        }
        let put = Some(line)
            .filter(|_| within)
            .and_then(|line| put(line, from, to));
        let Some((put, fetches)) = put else {
            return line.to_owned();
        };
        is_put |= fetches;
        put
    });
    let text: String = lines.collect();
    is_put.then_some(text)
}

/// A line of a block at another version, and whether the module is fetched by it; none where no
/// version stands in it.
fn put(line: &str, from: &str, to: &str) -> Option<(String, bool)> {
    let (key, value) = line.split_once('=')?;
    let is_own = line.starts_with("  ") && !line.starts_with("   ");
    let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
    let new = match key.trim() {
        "version" | "component_version" if value == from => to.to_owned(),
        "source" => ["?ref=", "&ref=", "?rev=", "&rev=", "/"]
            .iter()
            .find_map(|before| {
                let ends = if *before == "/" { ".zip" } else { "" };
                let rest = value.strip_suffix(&format!("{before}{from}{ends}"))?;
                Some(format!("{rest}{before}{to}{ends}"))
            })?,
        _ => return None,
    };
    let fetches = key.trim() != "component_version";
    is_own.then(|| {
        (
            line.replace(&format!("\"{value}\""), &format!("\"{new}\"")),
            fetches,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::at_version;

    const TEXT: &str = r#"terraform {
  required_providers {
    cart = { version = "v1" }
  }
}

module "cart" {
  source = "git::https://git.example.com/cart.git//terraform?ref=v1"
  variables = {
    version = "v1"
    source  = "x?ref=v1"
  }
  component_version = "v1"
}

module "list" {
  source            = "git::https://git.example.com/list.git?depth=1&ref=v1"
  component_version = "v1"
}

module "search" {
  source  = "acme/search/aws"
  version = "3.1.0"
}

module "pay" {
  source = "s3::https://s3.amazonaws.com/parts/pay/v1.zip"
}

module "own" {
  source            = "../../.modules/abc/own"
  component_version = "v1"
}
"#;

    #[test]
    fn only_the_lines_that_fetch_and_tell_a_component_change() {
        let changed = |component: &str, from: &str, to: &str| -> Option<Vec<String>> {
            let text = at_version(TEXT, component, from, to)?;
            assert_eq!(text.lines().count(), TEXT.lines().count());
            let both = TEXT.lines().zip(text.lines());
            Some(
                both.filter(|(before, after)| before != after)
                    .map(|(_, after)| after.trim().to_owned())
                    .collect(),
            )
        };
        assert_eq!(
            changed("cart", "v1", "v0.9").unwrap(),
            [
                r#"source = "git::https://git.example.com/cart.git//terraform?ref=v0.9""#,
                r#"component_version = "v0.9""#
            ]
        );
        assert_eq!(changed("list", "v1", "v2").unwrap().len(), 2);
        assert_eq!(
            changed("search", "3.1.0", "3.0.0").unwrap(),
            [r#"version = "3.0.0""#]
        );
        assert_eq!(
            changed("pay", "v1", "v0").unwrap(),
            [r#"source = "s3::https://s3.amazonaws.com/parts/pay/v0.zip""#]
        );
        assert_eq!(
            changed("own", "v1", "v0"),
            None,
            "its module would stay as it is"
        );
        assert_eq!(changed("cart", "v2", "v0"), None);
        assert_eq!(changed("none", "v1", "v0"), None);
    }
}
