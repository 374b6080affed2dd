//! What our app says of itself to Bitbucket, where somebody installs it by its address.

use serde_json::{Value, json};

/// Where its calls go, below the base address.
pub const INSTALLED: &str = "/hooks/bitbucket/installed";
/// The same for the end of an installation.
pub const UNINSTALLED: &str = "/hooks/bitbucket/uninstalled";
/// Where pushes go.
pub const HOOK: &str = "/hooks/bitbucket";

/// The descriptor of the app `key` that is reached below `base` (`https://HOST/PATH`). It asks for
/// what is needed to read repositories, and for nothing else.
#[must_use]
pub fn descriptor(key: &str, base: &str) -> Value {
    json!({
        "key": key,
        "name": "Holdpoint",
        "description": "Deploys what is pushed, and waits where a person must decide.",
        "vendor": { "name": "Holdpoint", "url": base },
        "baseUrl": base,
        "authentication": { "type": "jwt" },
        "lifecycle": { "installed": INSTALLED, "uninstalled": UNINSTALLED },
        "modules": { "webhooks": [{ "event": "repo:push", "url": HOOK }] },
        "scopes": ["account", "repository"],
        "contexts": ["account"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_asks_for_no_more_than_to_read() {
        let says = descriptor("holdpoint-acme", "https://hooks.acme.example");
        assert_eq!(says["authentication"]["type"], "jwt");
        assert_eq!(says["scopes"], json!(["account", "repository"]));
        assert_eq!(says["modules"]["webhooks"][0]["url"], HOOK);
        assert_eq!(says["lifecycle"]["installed"], INSTALLED);
        assert!(!says.to_string().contains("write"));
    }
}
