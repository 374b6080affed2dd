//! Who we are at an AWS target: the proof that is taken before anything is changed there, and that
//! the band shows.

use aws_sdk_sts::config::ProvideCredentials as _;

use super::clients::Cloud;
use super::trouble::{Trouble, TroubleKind};
use crate::domain::failure::{Failure, Retry};
use crate::domain::place::{Place, Proof};
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

    /// Holds who we are against the account to which a role leads.
    pub(super) async fn is_at(&self, place: &Place, role: &str) -> Result<(), Failure> {
        let proof = self.identity(self.now()).await.map_err(|trouble| {
            if trouble.kind != TroubleKind::Login && trouble.kind != TroubleKind::Denied {
                return Failure::from(trouble);
            }
            let hint = format!(
                "let the role of this environment assume it: sts:AssumeRole in the policy of that one, and its name in the trust policy of {role}"
            );
            Failure::new(format!("the role {role} was not given to us"))
                .detail(trouble.failure.detail)
                .hint(hint)
                .retry(Retry::Contact)
        })?;
        let is = place.whose.is.as_deref().unwrap_or_default();
        if proof.whose == is {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the role {role} is of account {is}, and what was found there is account {}",
            proof.whose
        ))
        .detail(format!("proven as {}", proof.who))
        .hint("name a role that is there in the estate file, then `holdpoint apply`"))
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
