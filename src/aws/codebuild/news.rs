//! Builds of which somebody tells that they went on: whoever follows one looks at it at once, and
//! believes what CodeBuild says then. What is told while nobody follows the build is forgotten.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::aws::clients::{Clients, Cloud};

/// How many are kept for who is slow; who missed one looks all the same.
const KEPT: usize = 64;

/// Tells of builds, by their ids.
#[derive(Debug, Clone)]
pub(in crate::aws) struct News(broadcast::Sender<Arc<str>>);

impl Default for News {
    fn default() -> Self {
        Self(broadcast::channel(KEPT).0)
    }
}

/// Hears of one build.
#[derive(Debug)]
pub struct Heard {
    id: String,
    from: broadcast::Receiver<Arc<str>>,
}

impl Clients {
    /// Tells that a build went on.
    pub fn build_went_on(&self, id: &str) {
        // Nobody follows any.
        let _ = self.news.0.send(id.into());
    }
}

impl Cloud {
    /// Hears of a build from now on.
    #[must_use]
    pub fn hear_of_build(&self, id: &str) -> Heard {
        Heard {
            id: id.to_owned(),
            from: self.news.0.subscribe(),
        }
    }
}

impl Heard {
    /// Ends when the build went on since this was over last, however often.
    pub async fn went_on(&mut self) {
        loop {
            match self.from.recv().await {
                Ok(id) if *id != *self.id => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                // Nobody will tell any more.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
        // One look answers all that was told by now.
        while !matches!(
            self.from.try_recv(),
            Err(TryRecvError::Empty | TryRecvError::Closed)
        ) {}
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_hears_of_its_own_build_and_once_of_many() {
        let news = News::default();
        let mut heard = Heard {
            id: "shop:1".to_owned(),
            from: news.0.subscribe(),
        };
        let tell = |id: &str| drop(news.0.send(id.into()));
        tell("shop:2");
        assert!(heard.went_on().now_or_never().is_none());
        for _ in 0..3 {
            tell("shop:1");
        }
        assert!(heard.went_on().now_or_never().is_some());
        assert!(heard.went_on().now_or_never().is_none());
        for _ in 0..=KEPT {
            tell("shop:2");
        }
        assert!(
            heard.went_on().now_or_never().is_some(),
            "it may have missed its own"
        );
    }
}
