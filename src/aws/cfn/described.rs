//! Stacks as `DescribeStacks` tells them, through the reads that everybody shares.

use super::reads::{Describe, Page};
use super::stack::{CfnStack, is_missing};
use crate::aws::budget::Turn;
use crate::aws::clients::Cloud;
use crate::aws::trouble::Trouble;
use crate::domain::time::Time;

impl Cloud {
    /// The stack of that name or ARN as it is after this was asked; `None` when there is none.
    pub async fn stack(&self, name: &str) -> Result<Option<CfnStack>, Trouble> {
        Ok(self.reads.read(name, self).await?.0)
    }

    /// The stack of that name as somebody saw it less than a second ago, or as it is now; and when
    /// that was asked. For whoever only looks.
    pub async fn glimpse(&self, name: &str) -> Result<(Option<CfnStack>, Time), Trouble> {
        match self.reads.fresh(name, self.now()) {
            Some(seen) => Ok(seen),
            None => self.reads.read(name, self).await,
        }
    }
}

impl Describe for Cloud {
    fn now(&self) -> Time {
        Cloud::now(self)
    }

    async fn turn(&self) -> Turn {
        Cloud::turn(self).await
    }

    async fn one(&self, name: &str, turn: Turn) -> Result<Option<CfnStack>, Trouble> {
        let call = self.call_in(Some(turn), "cloudformation:DescribeStacks", name, || {
            self.cfn.describe_stacks().stack_name(name).send()
        });
        match call.await {
            Ok(answer) => Ok(answer.stacks().first().map(CfnStack::of)),
            Err(trouble) if is_missing(&trouble) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    async fn page(&self, token: Option<String>, turn: Option<Turn>) -> Result<Page, Trouble> {
        let answer = self
            .call_in(turn, "cloudformation:DescribeStacks", "all", || {
                self.cfn
                    .describe_stacks()
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        let next = answer.next_token().filter(|token| !token.is_empty());
        Ok((
            answer.stacks().iter().map(CfnStack::of).collect(),
            next.map(str::to_owned),
        ))
    }
}
