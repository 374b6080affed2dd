//! Users of databases: what their secrets hold, and how a new one is made. A server is told what it
//! keeps of a password instead of the password, so that none stands in its log.

use serde::{Deserialize, Serialize};

use crate::domain::failure::Failure;
use crate::domain::masks::Secret;
use crate::domain::time::Time;
use crate::forms::postgres::{Database, LONGEST, Name};
use crate::os::random;

/// Who one is on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// What lets it in: a password, or a token.
    pub password: Secret,
}

/// What a secret of Secrets Manager holds of a database: of a user that was made here, or by the o5
/// deployer, or of one that RDS made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The user.
    #[serde(rename = "dbuser", alias = "username")]
    pub user: String,
    /// The password.
    #[serde(rename = "dbpass", alias = "password")]
    pub password: String,
    /// The host, with its port where it is another than usual.
    #[serde(rename = "dbhost", alias = "host", default)]
    pub host: String,
    /// The database.
    #[serde(rename = "dbname", default)]
    pub database: String,
    /// All of it as an address.
    #[serde(rename = "dburl", default)]
    pub url: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}@{}", self.user, self.database, self.host)
    }
}

impl Key {
    /// Reads what a secret holds.
    ///
    /// # Errors
    /// It is in another form. Nothing of it is said.
    pub fn read(secret: &Secret, name: &str) -> Result<Self, Failure> {
        let read: Result<Self, _> = serde_json::from_str(secret.reveal());
        read.ok().filter(|key| !key.user.is_empty()).ok_or_else(|| {
            Failure::new(format!("the secret {name} does not say who reaches the database"))
                .hint("give it JSON with dbuser and dbpass (or username and password), and dbname where that is not postgres")
        })
    }

    /// Who it lets in.
    #[must_use]
    pub fn login(&self) -> Login {
        Login {
            user: self.user.clone(),
            password: Secret::new(self.password.clone()),
        }
    }
}

/// How many random bytes a password has.
const RANDOM: usize = 33;

/// The name of a new user of a database: that of its role, and when it was made.
#[must_use]
pub(super) fn called(database: &Name, now: Time) -> String {
    let end = format!("_{}", now.0.div_euclid(1000));
    let mut name = database.as_str().to_owned();
    name.truncate(LONGEST - end.len());
    name + &end
}

/// True for a name that such a user of this database has.
#[must_use]
pub(super) fn is_ours(user: &str, database: &Name) -> bool {
    let Some((begin, number)) = user.rsplit_once('_') else {
        return false;
    };
    let mut role = database.as_str().to_owned();
    role.truncate(LONGEST - 1 - number.len());
    begin == role && number.len() >= 9 && number.bytes().all(|b| b.is_ascii_digit())
}

/// What a new user's secret holds.
///
/// # Errors
/// The machine gives no random bytes.
pub(super) fn made(database: &Database, user: &str) -> Result<Key, Failure> {
    let random = random::bytes::<RANDOM>()
        .map_err(|why| Failure::new(format!("this machine gives no random bytes: {why}")))?;
    let password = hex::encode(random);
    let host = if database.server.port == 5432 {
        database.server.host.clone()
    } else {
        database.server.to_string()
    };
    Ok(Key {
        url: format!("postgres://{user}:{password}@{host}/{}", database.name),
        user: user.to_owned(),
        password,
        host,
        database: database.name.to_string(),
    })
}

/// What a server keeps of a password.
#[must_use]
pub(super) fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_the_name_of_its_database() {
        for long in ["dev_billing_main", &"x".repeat(63)] {
            let name = Name::try_from(long.to_owned()).unwrap();
            let user = called(&name, Time(1_795_800_000_000));
            assert!(user.len() <= 63 && user.ends_with("_1795800000"), "{user}");
            assert!(is_ours(&user, &name), "{user}");
        }
        let name = Name::try_from("dev_billing_main".to_owned()).unwrap();
        for other in [
            "dev_billing_main",
            "dev_billing_main_x",
            "dev_billing_main_12",
            "dev_billing_other_1795800000",
            "postgres",
        ] {
            assert!(!is_ours(other, &name), "{other}");
        }
    }

    #[test]
    fn secrets_of_every_maker_are_read_and_nothing_of_them_is_shown() {
        let read = |text: &str| Key::read(&Secret::new(text.to_owned()), "/dev/main");
        for text in [
            r#"{"dbuser":"a","dbpass":"hunter22","dbname":"x"}"#,
            r#"{"username":"a","password":"hunter22","engine":"postgres","port":5432}"#,
        ] {
            let key = read(text).unwrap();
            assert_eq!(
                (key.user.as_str(), key.password.as_str()),
                ("a", "hunter22")
            );
            assert!(!format!("{key:?}").contains("hunter22"));
        }
        for text in ["", "hunter22", "{}", r#"{"dbuser":"","dbpass":"hunter22"}"#] {
            let why = read(text).unwrap_err();
            assert!(!format!("{why:?}").contains("hunter22"), "{text}");
        }
    }
}
