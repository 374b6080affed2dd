//! Asking AWS to cancel an operation, where it can.

use serde_json::json;

use super::{CANCEL, Course};
use crate::domain::failure::Failure;

impl Course<'_> {
    pub(super) async fn ask_to_cancel(&mut self, status: &str) -> Result<(), Failure> {
        self.cancelling = true;
        if !self.operation.cancels {
            self.say(&format!(
                "CloudFormation cannot cancel a {}: waiting for its end",
                self.operation.verb
            ));
            return Ok(());
        }
        if status != "UPDATE_IN_PROGRESS" {
            self.say(&format!(
                "too late to cancel in {status}: waiting for its end"
            ));
            return Ok(());
        }
        let token = self.job.token(CANCEL);
        self.job
            .port
            .note("cancel", json!({ "token": token }))
            .await?;
        let id = self.sent.clone().unwrap_or_else(|| self.name.to_owned());
        let call = self
            .cloud
            .call("cloudformation:CancelUpdateStack", self.name, || {
                self.cloud
                    .cfn
                    .cancel_update_stack()
                    .stack_name(&id)
                    .client_request_token(&token)
                    .send()
            });
        match call.await {
            Ok(_) => self.say("cancel accepted: CloudFormation rolls back"),
            // Whatever the answer, the end of the operation is waited for; a wish that got lost is
            // told.
            Err(trouble) => self.say(&format!("cancel not accepted: {}", trouble.message)),
        }
        Ok(())
    }
}
