//! One file of a migration that is carried out: statement by statement, told as it goes, with who
//! keeps it waiting; and what is known of it where it fails.

use std::time::Duration;

use crate::aws::Cloud;
use crate::domain::failure::{Failure, Retry};
use crate::domain::line::Severity;
use crate::domain::request::SourceBundle;
use crate::exec::Job;
use crate::exec::again::say;
use crate::forms::postgres::migrations::{Carried, Migration, path};
use crate::forms::postgres::sql::{Statement, place, statements};
use crate::postgres::{Admin, Carrier, Session, Trouble};
use crate::text::safe::Safe;

/// How often is looked who keeps a statement waiting.
const LOOK: Duration = Duration::from_secs(1);

/// The files of a folder.
pub(super) struct Files {
    pub(super) all: Vec<Migration>,
    pub(super) bundle: SourceBundle,
}

impl Files {
    /// What stands in one.
    pub(super) fn text(&self, folder: &str, one: &Migration) -> Result<&str, Failure> {
        let path = path(folder, &one.file);
        let file = self.bundle.files.get(&path);
        let text = file.and_then(|file| str::from_utf8(&file.bytes).ok());
        text.ok_or_else(|| {
            Failure::new(format!("{path} is no text that a server can be told"))
                .hint("write it in UTF-8, then deploy again")
        })
    }
}

/// A file that is carried out.
pub(super) struct Work<'a> {
    pub(super) job: &'a Job,
    pub(super) cloud: &'a Cloud,
    pub(super) admin: &'a Admin,
    pub(super) home: &'a Session,
    pub(super) path: String,
    pub(super) text: &'a str,
    pub(super) migration: &'a Migration,
}

/// What keeps a statement waiting.
#[derive(Default)]
struct Waits {
    on: Vec<String>,
    is_stopped: bool,
}

impl Work<'_> {
    /// Carries it out, to its record.
    pub(super) async fn carry_out(&self, mut carrier: Carrier) -> Result<(), Failure> {
        let parts = statements(self.text);
        let began = self.cloud.now();
        let mut record = Carried {
            version: self.migration.version.clone(),
            file: self.migration.file.clone(),
            digest: self
                .migration
                .digest
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            by: format!("{} {} ({})", self.job.stack, self.job.no, self.job.store),
            began: String::new(),
            done: false,
            statements: 0,
            trouble: String::new(),
        };
        let count = match parts.len() {
            1 => "1 statement".to_owned(),
            many => format!("{many} statements"),
        };
        let how = if self.migration.alone {
            "in no transaction"
        } else {
            "in one transaction"
        };
        self.say(&format!("{} begins: {count}, {how}", self.path));
        if self.migration.alone {
            self.alone(&mut carrier, &parts, &mut record).await?;
        } else {
            self.whole(&mut carrier, &parts, &mut record).await?;
        }
        let took = self.cloud.now().0 - began.0;
        self.say(&format!(
            "{} is carried out, in {}",
            self.path,
            seconds(took)
        ));
        Ok(())
    }

    /// All of it and its record, or nothing.
    async fn whole(
        &self,
        carrier: &mut Carrier,
        parts: &[Statement<'_>],
        record: &mut Carried,
    ) -> Result<(), Failure> {
        carrier.run("BEGIN").await?;
        let one = carrier.transaction().await?;
        for part in parts {
            self.part(carrier, part).await.map_err(|failure| {
                let stays = "nothing of it stays, and the files before it do: a new deployment goes on with it";
                let hint = if failure.hint.is_empty() {
                    format!("mend it; {stays}")
                } else {
                    format!("{}; {stays}", failure.hint)
                };
                failure.hint(hint)
            })?;
            record.statements += 1;
        }
        record.done = true;
        if carrier.transaction().await? != one {
            let says = format!("{} ended the transaction that held it", self.path);
            return Err(Failure::new(says)
                .detail("what it did before that stays, and no record of it does")
                .hint("see what of it is there and take it away; then leave out of it what ends a transaction, and deploy again"));
        }
        carrier.begin(record).await?;
        Ok(carrier.run("COMMIT").await?)
    }

    /// Each statement for itself, behind a record that it has begun.
    async fn alone(
        &self,
        carrier: &mut Carrier,
        parts: &[Statement<'_>],
        record: &mut Carried,
    ) -> Result<(), Failure> {
        carrier.begin(record).await?;
        for part in parts {
            if let Err(failure) = self.part(carrier, part).await {
                record.trouble.clone_from(&failure.summary);
                // Where the session is cut, the record says that all the same: it has no end.
                let _ = carrier.reach(record).await;
                let half_way = record.half_way(self.admin.name());
                return Err(Failure::new(failure.summary)
                    .detail(failure.detail)
                    .hint(format!("{}; {}", record.known(), half_way.hint))
                    .retry(Retry::Never));
            }
            record.statements += 1;
            carrier.reach(record).await?;
        }
        record.done = true;
        Ok(carrier.reach(record).await?)
    }

    /// One statement; where it fails, with its place in the file.
    async fn part(&self, carrier: &mut Carrier, part: &Statement<'_>) -> Result<(), Failure> {
        let (line, _) = place(self.text, part.at);
        let told = part.told();
        self.say(&format!("{}:{line}: {told}", self.path));
        let began = self.cloud.now();
        let mut waits = Waits::default();
        let Err(trouble) = self.watched(carrier, part.text, &mut waits).await else {
            let took = self.cloud.now().0 - began.0;
            if took >= 1000 {
                self.say(&format!("{}:{line}: done, in {}", self.path, seconds(took)));
            }
            return Ok(());
        };
        let failure = self.failed(part, &trouble, &waits);
        // The last line of the log is what the server answered.
        let said = Safe::new(&failure.summary);
        self.job
            .port
            .out(Severity::Error, self.admin.name().as_str(), said);
        Err(failure)
    }

    fn failed(&self, part: &Statement<'_>, trouble: &Trouble, waits: &Waits) -> Failure {
        let (line, column) = place(self.text, part.at + inside(part.text, trouble.position()));
        let failure = trouble.clone().failure();
        let at = format!("{}:{line}:{column}", self.path);
        let mut says = format!("{at}: {}", failure.summary);
        if waits.is_stopped && trouble.is_stopped() {
            says = format!("{at}: cancelled ({})", failure.summary);
        } else if trouble.is_lock() && !waits.on.is_empty() {
            says = format!("{says}: the lock is held by {}", waits.on.join("; "));
        }
        let told = format!("the statement: {} ...", part.told());
        let detail = if failure.detail.is_empty() {
            told
        } else {
            format!("{told}\n{}", failure.detail)
        };
        Failure {
            summary: says,
            detail,
            ..failure
        }
    }

    /// Waits for a statement; meanwhile what the server says is told, and who keeps it waiting.
    async fn watched(
        &self,
        carrier: &mut Carrier,
        statement: &str,
        waits: &mut Waits,
    ) -> Result<(), Trouble> {
        let Carrier {
            session,
            notices,
            pid,
        } = carrier;
        let run = session.run(statement);
        tokio::pin!(run);
        loop {
            tokio::select! {
                biased;
                Some(notice) = notices.recv() => self.say(&notice),
                done = &mut run => {
                    while let Ok(notice) = notices.try_recv() {
                        self.say(&notice);
                    }
                    return done;
                }
                () = self.job.port.cancelled(), if !waits.is_stopped => {
                    waits.is_stopped = true;
                    self.say("the server is asked to stop what it carries out");
                    if let Err(trouble) = self.admin.stop(self.home, *pid).await {
                        self.say(&format!("it does not take that: {}", trouble.failure().summary));
                    }
                }
                () = self.job.port.sleep(LOOK) => {
                    // It goes on whether anybody can look or not.
                    let on = self.admin.blocking(self.home, *pid).await.unwrap_or_default();
                    if !on.is_empty() && on != waits.on {
                        self.say(&format!("waits for a lock, held by {}", on.join("; ")));
                        waits.on = on;
                    }
                }
            }
        }
    }

    fn say(&self, text: &str) {
        say(self.job, self.admin.name().as_str(), text);
    }
}

/// The byte of a text at which its n-th character stands, from 1.
fn inside(text: &str, position: Option<u32>) -> usize {
    let nth = position.and_then(|at| usize::try_from(at).ok()?.checked_sub(1));
    let found = nth.and_then(|nth| text.char_indices().nth(nth));
    found.map_or(0, |(at, _)| at)
}

/// `12.4 s`, of milliseconds.
fn seconds(millis: i64) -> String {
    let tenths = millis.max(0) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_that_of_a_character() {
        let text = "SELECT 'ä' x";
        assert_eq!(inside(text, Some(12)), text.find('x').unwrap());
        for none in [None, Some(0), Some(99)] {
            assert_eq!(inside(text, none), 0);
        }
        assert_eq!(seconds(12_460), "12.4 s");
    }
}
