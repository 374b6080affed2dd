//! One build that is followed: what a look at it and the pages of its stream bring, put together.

use crate::aws::stream::Lines;
use crate::aws::{Cloud, Trouble, TroubleKind};
use crate::domain::line::Severity;
use crate::forms::codebuild::{Build, Given, Told};

/// How often the lines of a build that is over are read without anything new, until no more are
/// waited for.
const QUIET: u32 = 3;

/// Such a build.
#[derive(Debug)]
pub struct Followed {
    told: Told,
    lines: Lines,
    /// Looks that brought no line since it is over.
    quiet: u32,
    /// Its lines cannot be read, and that was said.
    is_mute: bool,
}

impl Followed {
    /// Nothing of it was told but what came before that number.
    #[must_use]
    pub fn after(reached: Option<u64>) -> Self {
        Self {
            told: Told::after(reached),
            lines: Lines::default(),
            quiet: 0,
            is_mute: false,
        }
    }

    /// What was told of it.
    #[must_use]
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// A remark of ours, after what was told last.
    pub fn remark(&mut self, severity: Severity, text: &str) -> Vec<Given> {
        self.told.remark(severity, text)
    }

    /// What is to be told after a look, with the lines that are read now; and whether that is all
    /// of it.
    pub async fn seen(&mut self, cloud: &Cloud, build: &Build) -> (Vec<Given>, bool) {
        let mut given = Vec::new();
        let is_quiet = match (&build.log, self.is_mute) {
            (Some(log), false) => match self.lines.read(cloud, &log.group, &log.stream).await {
                Ok(page) => {
                    for (at, message) in &page.messages {
                        self.told.read(*at, message);
                    }
                    page.messages.is_empty() && page.is_end
                }
                Err(trouble) => {
                    given = self.cannot_read(&trouble);
                    true
                }
            },
            (None, _) | (Some(_), true) => true,
        };
        self.quiet = match (build.is_over(), is_quiet) {
            (true, true) => self.quiet + 1,
            (true, false) | (false, _) => 0,
        };
        let is_all =
            build.is_over() && is_quiet && (self.told.has_all(build) || self.quiet >= QUIET);
        given.extend(self.told.tell(build, is_all));
        if is_all {
            given.extend(self.told.finish(build));
        }
        (given, is_all)
    }

    /// What is refused is not asked for again; everything else passes.
    fn cannot_read(&mut self, trouble: &Trouble) -> Vec<Given> {
        if !matches!(trouble.kind, TroubleKind::Denied | TroubleKind::Refused) {
            return Vec::new();
        }
        self.is_mute = true;
        self.told.mute();
        let text = format!("its lines are missing here: {}", trouble.failure.summary);
        self.told.remark(Severity::Gap, &text)
    }
}
