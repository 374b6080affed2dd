//! What AWS shows of an operation: whether it has begun, and with which status it has ended.

use super::{CALL, CANCEL, Course};
use crate::aws::Trouble;
use crate::aws::cfn::events::{Back, StackEvent, ending, ours};
use crate::aws::cfn::stack::CfnStack;
use crate::forms::cloudformation::standing;

impl Course<'_> {
    /// Asks AWS whether the call has had its effect.
    pub(super) async fn has_begun(&self) -> Result<bool, Trouble> {
        let Some(intent) = &self.intent else {
            return Ok(false);
        };
        match &intent.id {
            // The stack was there: its events after the mark tell.
            Some(id) => Ok(!ours(&self.events(id).await?, &self.tokens()).is_empty()),
            // It was not there: what is there now may be somebody else's, and what is gone again
            // may have been ours.
            None => match self.cloud.stack(&intent.name).await? {
                None => Ok(false),
                Some(stack) => {
                    let events = self.cloud.events(&stack.id, Back::All).await?;
                    let told = events.iter().any(|event| event.token.is_some());
                    Ok(if told {
                        !ours(&events, &self.tokens()).is_empty()
                    } else {
                        stack.is_of(&self.job.store)
                    })
                }
            },
        }
    }

    pub(super) async fn look(&self) -> Result<Option<CfnStack>, Trouble> {
        let id = self
            .sent
            .as_deref()
            .or_else(|| self.intent.as_ref()?.id.as_deref())
            .unwrap_or(self.name);
        self.cloud.stack(id).await
    }

    /// The status with which our operation has ended; `None` while it has not, or has not shown
    /// itself yet.
    pub(super) async fn judge(&self, stack: Option<&CfnStack>) -> Result<Option<String>, Trouble> {
        let Some(stack) = stack else {
            // Only a delete makes a stack go away under its ARN; for all others somebody else did.
            return Ok(Some("MISSING".to_owned()));
        };
        if standing(&stack.status).is_busy() {
            return Ok(None);
        }
        if stack.status == "DELETE_COMPLETE" || self.made(stack) {
            return Ok(Some(stack.status.clone()));
        }
        let events = self.events(&stack.id).await?;
        let ours = ours(&events, &self.tokens());
        Ok(ending(&ours).map(str::to_owned))
    }

    /// Whether this is the stack that our call made, and nothing was done to it since: its events
    /// need not be asked.
    fn made(&self, stack: &CfnStack) -> bool {
        let was_missing = self
            .intent
            .as_ref()
            .is_some_and(|intent| intent.id.is_none());
        was_missing && stack.status == "CREATE_COMPLETE" && self.sent.as_ref() == Some(&stack.id)
    }

    pub(super) async fn events(&self, id: &str) -> Result<Vec<StackEvent>, Trouble> {
        let mark = self
            .intent
            .as_ref()
            .and_then(|intent| intent.mark.as_deref());
        self.cloud
            .events(id, mark.map_or(Back::All, Back::To))
            .await
    }

    pub(super) fn tokens(&self) -> Vec<String> {
        vec![self.job.token(CALL), self.job.token(CANCEL)]
    }
}
