//! What is believed of the installations of our app at Bitbucket. The first one of an account is not
//! signed by anybody, so that whoever can reach us may tell of one: it says nothing before a person
//! has named it. Every later one is signed by the secret before.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::token::{BadToken, Call, check, claims_of};
use crate::forms::bitbucket::{Tenant, Tenants};
use crate::text::safe::Safe;
use crate::trigger::json::{self, Unread};

/// The most installations that nobody has named yet: strangers can tell of any number.
const STRANGERS: usize = 64;
/// The shortest secret that is one.
const SHORTEST: usize = 16;

/// What became of a call about an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// A new one.
    New,
    /// One that was known, with a new secret.
    Again,
    /// It is over.
    Over,
}

/// Why a call about an installation changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotInstalled {
    /// Its body.
    #[error(transparent)]
    Unread(#[from] Unread),
    /// Its token: one that is known changes by its own secret alone.
    #[error("the installation is known, and stays as it is: {0}")]
    Token(#[from] BadToken),
    /// What it says.
    #[error("{0}")]
    Wrong(&'static str),
}

#[derive(Deserialize)]
struct Told {
    #[serde(rename = "eventType")]
    event: String,
    key: String,
    #[serde(rename = "clientKey")]
    client: String,
    #[serde(rename = "sharedSecret", default)]
    secret: Option<String>,
    #[serde(default)]
    principal: Option<Principal>,
}

#[derive(Deserialize)]
struct Principal {
    uuid: String,
}

/// Takes `installed` or `uninstalled` for the app `key`; `named` are the installations that a person
/// has named.
///
/// # Errors
/// Why nothing changed.
pub fn take(
    tenants: &mut Tenants,
    key: &str,
    named: &BTreeSet<String>,
    token: Option<&str>,
    call: &Call<'_>,
    body: &[u8],
) -> Result<(String, Installed), NotInstalled> {
    let told: Told = json::read(body)?;
    if told.key != key {
        return Err(NotInstalled::Wrong("it is of another app"));
    }
    let is_key = |b: u8| b.is_ascii_graphic();
    if told.client.is_empty() || told.client.len() > 255 || !told.client.bytes().all(is_key) {
        return Err(NotInstalled::Wrong("its clientKey is none"));
    }
    let known = tenants.get(&told.client).cloned();
    if let Some(tenant) = &known {
        let token = token.ok_or(BadToken::Missing)?;
        check(token, &tenant.secret(), &told.client, key, call)?;
    }
    match (told.event.as_str(), told.secret, told.principal, known) {
        ("installed", Some(secret), Some(principal), known) => {
            if secret.len() < SHORTEST {
                return Err(NotInstalled::Wrong(
                    "its sharedSecret is too short to be one",
                ));
            }
            let (is_new, is_named) = (known.is_none(), named.contains(&told.client));
            if is_new && !is_named && strangers(tenants, named) >= STRANGERS {
                return Err(NotInstalled::Wrong(
                    "too many installations wait for a person to name them",
                ));
            }
            let tenant = Tenant::new(secret, Safe::told(&principal.uuid), is_named);
            tenants.keep(&told.client, tenant);
            let done = if is_new {
                Installed::New
            } else {
                Installed::Again
            };
            Ok((told.client, done))
        }
        ("uninstalled", _, _, Some(tenant)) => {
            tenants.keep(&told.client, tenant.over());
            Ok((told.client, Installed::Over))
        }
        ("uninstalled", _, _, None) => Err(NotInstalled::Wrong("there is no such installation")),
        ("installed", _, _, _) => Err(NotInstalled::Wrong(
            "it has no sharedSecret, or no principal",
        )),
        _ => Err(NotInstalled::Wrong(
            "it is neither installed nor uninstalled",
        )),
    }
}

fn strangers(tenants: &Tenants, named: &BTreeSet<String>) -> usize {
    tenants
        .all()
        .filter(|(client, _)| !named.contains(*client))
        .count()
}

/// Who made a call, by its token: an installation of the app `key` that a person has named.
///
/// # Errors
/// Why it is not believed; [`BadToken::Issuer`] also of one that is over or that nobody named.
pub fn prove<'a>(
    tenants: &'a Tenants,
    key: &str,
    named: &BTreeSet<String>,
    token: &str,
    call: &Call<'_>,
) -> Result<&'a Tenant, BadToken> {
    let client = claims_of(token)?.iss;
    let tenant = tenants
        .get(&client)
        .filter(|tenant| tenant.is_installed() && named.contains(&client))
        .ok_or(BadToken::Issuer)?;
    check(token, &tenant.secret(), &client, key, call)?;
    Ok(tenant)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::token::tests::{CLIENT, KEY, NOW, claims, signed};
    use super::*;
    use crate::domain::masks::Secret;
    use crate::domain::time::Time;
    use crate::forms::bitbucket::qsh;

    const AT: Call<'static> = Call {
        method: "POST",
        path: "/hooks/bitbucket/installed",
        query: "",
        at: Time(NOW * 1_000),
    };

    fn body(secret: &str) -> Value {
        json!({
            "eventType": "installed", "key": KEY, "clientKey": CLIENT, "sharedSecret": secret,
            "baseUrl": "https://bitbucket.org", "baseApiUrl": "https://api.bitbucket.org",
            "principal": { "uuid": "{58e8bb1e-704e-4239-b082-b4ceaf8cc369}", "type": "team" },
        })
    }

    fn named() -> BTreeSet<String> {
        [CLIENT.to_owned()].into()
    }

    fn token(secret: &str, path: &str) -> String {
        let mut claims = claims();
        claims["qsh"] = json!(qsh::hash(&qsh::canonical("POST", path, "")));
        signed(&claims, &Secret::new(secret.to_owned()))
    }

    const ONE: &str = "the first secret of a tenant";
    const TWO: &str = "the second secret of a tenant";

    fn take(
        tenants: &mut Tenants,
        token: Option<&str>,
        body: &Value,
    ) -> Result<Installed, NotInstalled> {
        let body = body.to_string();
        super::take(tenants, KEY, &named(), token, &AT, body.as_bytes()).map(|(client, done)| {
            assert_eq!(client, CLIENT);
            done
        })
    }

    #[test]
    fn a_known_installation_changes_by_its_own_secret_alone() {
        let mut tenants = Tenants::default();
        assert_eq!(take(&mut tenants, None, &body(ONE)), Ok(Installed::New));
        let before = tenants.clone();
        let installed = |secret: &str| token(secret, AT.path);
        for wrong in [
            None,
            Some(installed(TWO)),
            Some(token(ONE, "/hooks/bitbucket")),
            Some("x.y.z".to_owned()),
        ] {
            let refused = take(&mut tenants, wrong.as_deref(), &body(TWO));
            assert!(
                matches!(refused, Err(NotInstalled::Token(_))),
                "{refused:?}"
            );
            assert_eq!(tenants, before, "the secret stays");
        }
        assert_eq!(
            take(&mut tenants, Some(&installed(ONE)), &body(TWO)),
            Ok(Installed::Again)
        );
        let mut over = body(TWO);
        over["eventType"] = json!("uninstalled");
        assert!(
            take(&mut tenants, Some(&installed(ONE)), &over).is_err(),
            "the secret before is over"
        );
        assert_eq!(
            take(&mut tenants, Some(&installed(TWO)), &over),
            Ok(Installed::Over)
        );
        // Also the first installation after one that was removed.
        assert!(take(&mut tenants, None, &body(ONE)).is_err());
        assert_eq!(
            take(&mut tenants, Some(&installed(TWO)), &body(ONE)),
            Ok(Installed::Again)
        );
    }

    #[test]
    fn calls_are_believed_of_installations_that_are_there_and_named() {
        let mut tenants = Tenants::default();
        let hook = Call {
            path: "/hooks/bitbucket",
            ..AT
        };
        let call = token(ONE, hook.path);
        let prove = |tenants: &Tenants, named: &BTreeSet<String>, token: &str| {
            super::prove(tenants, KEY, named, token, &hook).map(|tenant| tenant.account().clone())
        };
        assert_eq!(prove(&tenants, &named(), &call), Err(BadToken::Issuer));
        take(&mut tenants, None, &body(ONE)).unwrap();
        assert!(
            prove(&tenants, &named(), &call)
                .unwrap()
                .as_str()
                .contains("58e8bb1e")
        );
        assert_eq!(
            prove(&tenants, &BTreeSet::new(), &call),
            Err(BadToken::Issuer),
            "a stranger told of it"
        );
        assert_eq!(
            prove(&tenants, &named(), &token(TWO, hook.path)),
            Err(BadToken::Signature)
        );
        assert_eq!(
            prove(&tenants, &named(), &token(ONE, AT.path)),
            Err(BadToken::Call)
        );
        let mut over = body(ONE);
        over["eventType"] = json!("uninstalled");
        take(&mut tenants, Some(&token(ONE, AT.path)), &over).unwrap();
        assert_eq!(prove(&tenants, &named(), &call), Err(BadToken::Issuer));
    }

    #[test]
    fn what_is_wrong_changes_nothing_and_strangers_are_few() {
        let mut tenants = Tenants::default();
        for (key, value) in [
            ("key", json!("another-app")),
            ("clientKey", json!("")),
            ("clientKey", json!("a b")),
            ("clientKey", json!("x".repeat(256))),
            ("sharedSecret", json!("short")),
            ("sharedSecret", Value::Null),
            ("principal", Value::Null),
            ("principal", json!({})),
            ("eventType", json!("enabled")),
            ("eventType", json!("uninstalled")),
            ("eventType", json!(1)),
        ] {
            let mut body = body(ONE);
            body[key] = value.clone();
            assert!(take(&mut tenants, None, &body).is_err(), "{key} = {value}");
            assert_eq!(tenants, Tenants::default());
        }
        for n in 0..STRANGERS + 5 {
            let mut body = body(ONE);
            body["clientKey"] = json!(format!("stranger:{n}"));
            let body = body.to_string();
            let taken = super::take(&mut tenants, KEY, &named(), None, &AT, body.as_bytes());
            assert_eq!(taken.is_ok(), n < STRANGERS, "{n}");
        }
        assert_eq!(
            take(&mut tenants, None, &body(ONE)),
            Ok(Installed::New),
            "who is named is let in"
        );
        assert!(!format!("{tenants:?}").contains(ONE));
        let believed =
            |tenants: &Tenants| tenants.all().filter(|(_, one)| one.is_believed()).count();
        assert_eq!(believed(&tenants), 1);
        assert!(tenants.name(&BTreeSet::new()) && believed(&tenants) == 0);
        assert!(tenants.name(&named()) && !tenants.name(&named()));
        let kept = serde_json::to_vec(&tenants).unwrap();
        assert_eq!(serde_json::from_slice::<Tenants>(&kept).unwrap(), tenants);
    }
}
