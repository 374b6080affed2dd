//! Who we are at an AWS target: the proof that is taken before anything is changed there, and that the band shows.

use aws_sdk_sts::config::ProvideCredentials as _;

use super::clients::Cloud;
use super::trouble::Trouble;
use crate::domain::safe::Safe;
use crate::domain::sighting::Seen;
use crate::domain::time::Time;

impl Cloud {
    /// Asks STS who we are.
    pub async fn identity(&self) -> Result<Seen, Trouble> {
        let answer = self.call("sts:GetCallerIdentity", "", || self.sts.get_caller_identity().send()).await?;
        let account = Safe::new(answer.account().unwrap_or_default()).to_string();
        self.share.is_of(&account);
        Ok(Seen::Identity {
            account,
            arn: Safe::new(answer.arn().unwrap_or_default()),
            region: self.region.clone(),
            expires_at: self.expires_at().await,
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
