//! A log group followed by a live session, as long as one lasts.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::{
    LiveTailSessionLogEvent, LiveTailSessionMetadata, StartLiveTailResponseStream,
};
use futures_util::future::{Either, select};

use super::fill::RECENT;
use super::{Ended, LATE, SHALLOW, Tail};
use crate::aws::Trouble;
use crate::domain::time::Time;
use crate::observe::given::{Equal, Event};

/// A session tells something every second; silence for this long is a connection that was cut.
const SILENT: Duration = Duration::from_secs(30);

impl Tail {
    pub(super) async fn live(&mut self) -> Result<Ended, Trouble> {
        let Some(arn) = self.arn().await? else {
            return Ok(Ended::Missing);
        };
        let mut answer = self
            .cloud
            .call("logs:StartLiveTail", &self.group, || {
                self.cloud
                    .logs
                    .start_live_tail()
                    .log_group_identifiers(&arn)
                    .send()
            })
            .await?;
        let mut filled = false;
        let mut equal = Equal::default();
        let mut heard: Vec<Event> = Vec::new();
        let mut in_flood = 0;
        loop {
            let told = {
                let next = std::pin::pin!(answer.response_stream.recv());
                match select(next, self.clock.sleep(SILENT)).await {
                    Either::Left((told, _)) => told,
                    Either::Right(((), _)) => return Ok(Ended::Cut("nothing was heard for 30 s")),
                }
            };
            // A session that ended, after three hours or for any other reason, is followed by
            // another one.
            let Ok(Some(told)) = told else {
                return Ok(Ended::Cut("the session ended"));
            };
            if !filled {
                // From here on the session tells; what came before it is read now.
                self.fill(LATE, None, false).await?;
                filled = true;
            }
            if let StartLiveTailResponseStream::SessionUpdate(update) = told {
                self.sampled = update
                    .session_metadata()
                    .is_some_and(LiveTailSessionMetadata::sampled);
                heard.extend(update.session_results().iter().map(of_session));
                // A sampled second is read in full, and what the session told of it waits for that:
                // nothing is lost and all is in order, it only comes later. Late lines are looked
                // for when the flood is over, and now and then while it lasts.
                if self.sampled && in_flood < SHALLOW {
                    in_flood += 1;
                    // What came since is told by the session in its turn, together with what came
                    // late beside it.
                    let upto = heard.iter().map(|event| event.ingested).max();
                    self.fill(RECENT, upto, false).await?;
                } else {
                    if std::mem::take(&mut in_flood) > 0 {
                        self.fill(LATE, None, false).await?;
                    }
                    let upto = heard.iter().map(|event| event.ingested.max(event.at)).max();
                    heard.sort_by_key(|event| event.ingested);
                    self.give(std::mem::take(&mut heard), &mut equal);
                    if !self.sampled {
                        self.reached(upto.unwrap_or_else(|| self.clock.now()));
                    }
                }
            }
            self.follows();
        }
    }

    /// The ARN of the group; `None` while it does not exist.
    async fn arn(&self) -> Result<Option<String>, Trouble> {
        let answer = self
            .cloud
            .call("logs:DescribeLogGroups", &self.group, || {
                self.cloud
                    .logs
                    .describe_log_groups()
                    .log_group_name_prefix(&self.group)
                    .send()
            })
            .await?;
        Ok(answer
            .log_groups()
            .iter()
            .find(|group| group.log_group_name() == Some(self.group.as_str()))
            .and_then(|group| group.log_group_arn().or(group.arn()))
            .map(|arn| arn.trim_end_matches(":*").to_owned()))
    }
}

fn of_session(event: &LiveTailSessionLogEvent) -> Event {
    Event {
        at: Time(event.timestamp().unwrap_or_default()),
        ingested: Time(event.ingestion_time().unwrap_or_default()),
        stream: event.log_stream_name().unwrap_or_default().to_owned(),
        message: event.message().unwrap_or_default().to_owned(),
    }
}
