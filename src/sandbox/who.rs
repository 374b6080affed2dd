//! Who calls: an identity for every access key. Keys are names here, never secrets: nothing is
//! verified.

use serde::{Deserialize, Serialize};

/// The account of the practice world, which no real account can have.
pub const ACCOUNT: &str = "000000000000";

/// Who a key stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Session {
    /// The account.
    pub account: String,
    /// The ARN.
    pub arn: String,
    /// The unique id.
    pub user_id: String,
}

impl Session {
    /// Somebody who took a role.
    #[must_use]
    pub fn of(account: &str, role: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
            user_id: format!("AROAPRACTICE:{name}"),
        }
    }

    /// A key that no service gave: the account that it spells (twelve digits), else the practice
    /// account; its deployer.
    #[must_use]
    pub fn of_key(access_key: &str) -> Self {
        let is_account =
            access_key.len() == 12 && access_key.bytes().all(|byte| byte.is_ascii_digit());
        Self::of(
            if is_account { access_key } else { ACCOUNT },
            "deployer",
            "you",
        )
    }
}
