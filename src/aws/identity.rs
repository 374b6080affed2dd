//! Who we are at an AWS target: the proof that is taken before anything is changed there, and that
//! the band shows.

use aws_sdk_sts::config::ProvideCredentials as _;

use super::clients::Cloud;
use super::trouble::Trouble;
use crate::domain::place::Proof;
use crate::domain::time::Time;
use crate::text::safe::Safe;

impl Cloud {
    /// Asks STS who we are.
    pub async fn identity(&self, now: Time) -> Result<Proof, Trouble> {
        let answer = self
            .call("sts:GetCallerIdentity", "", || {
                self.sts.get_caller_identity().send()
            })
            .await?;
        let account = Safe::new(answer.account().unwrap_or_default()).to_string();
        self.share.is_of(&account);
        let arn = answer.arn().unwrap_or_default();
        Ok(Proof {
            whose: account,
            within: self.region.clone(),
            who: Safe::new(arn),
            called: Safe::new(role(arn)),
            expires_at: self.expires_at().await,
            at: now,
        })
    }

    /// When the credentials that a person must renew end; a role's own are renewed without anybody.
    async fn expires_at(&self) -> Option<Time> {
        let provider = self.login.as_ref()?;
        let expiry = provider.provide_credentials().await.ok()?.expiry()?;
        let since = expiry.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_millis()).ok().map(Time)
    }
}

/// The role or user of an ARN: `deployer` of `arn:aws:sts::1:assumed-role/deployer/ana`.
fn role(arn: &str) -> &str {
    let whole = arn.split(':').nth(5).unwrap_or_default();
    whole.split('/').nth(1).unwrap_or(whole)
}
