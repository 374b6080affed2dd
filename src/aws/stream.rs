//! The lines of one stream of CloudWatch Logs, read from the first on, page by page.

use super::clients::Cloud;
use super::trouble::Trouble;
use crate::domain::time::Time;

/// How many pages are read at one look.
const PAGES: usize = 20;

/// How far a stream was read.
#[derive(Debug, Default)]
pub struct Lines {
    token: Option<String>,
    /// How many events were given.
    given: usize,
    /// How many of them come once more, since it is read anew.
    again: usize,
}

/// What a look brought.
#[derive(Debug, Default)]
pub struct Page {
    /// The messages, in their order, each with its time.
    pub messages: Vec<(Time, String)>,
    /// True where the end of the stream was reached.
    pub is_end: bool,
}

impl Lines {
    /// Reads what is new. A stream that is not there yet has nothing.
    ///
    /// # Errors
    /// AWS does not tell it.
    pub async fn read(
        &mut self,
        cloud: &Cloud,
        group: &str,
        stream: &str,
    ) -> Result<Page, Trouble> {
        let mut page = Page::default();
        for _ in 0..PAGES {
            let asked = cloud.poll("logs:GetLogEvents", group, || {
                cloud
                    .logs
                    .get_log_events()
                    .log_group_name(group)
                    .log_stream_name(stream)
                    .start_from_head(true)
                    .set_next_token(self.token.clone())
                    .send()
            });
            let told = match asked.await {
                Ok(told) => told,
                Err(trouble) if trouble.is("ResourceNotFoundException") => {
                    page.is_end = true;
                    return Ok(page);
                }
                // The place is not known any more: it is read anew from the first line on.
                Err(trouble) if self.token.is_some() && trouble.is("InvalidParameterException") => {
                    self.token = None;
                    self.again = self.given;
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            let events = told.events();
            let known = self.again.min(events.len());
            self.again -= known;
            let new = events[known..].iter();
            page.messages.extend(new.map(|event| {
                let at = Time(event.timestamp().unwrap_or_default());
                (at, event.message().unwrap_or_default().to_owned())
            }));
            self.given += events.len() - known;
            let next = told.next_forward_token().map(str::to_owned);
            // The same place once more is the end.
            if next.is_none() || next == self.token {
                page.is_end = true;
                return Ok(page);
            }
            self.token = next;
        }
        Ok(page)
    }
}
