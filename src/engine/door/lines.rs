//! Lines behind the door, whoever gives them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::domain::ids::StackId;
use crate::domain::line::{Giver, Line};
use crate::domain::time::Time;

use super::super::Lines;
use super::Door;

pub(super) struct Guarded {
    pub(super) lines: Arc<dyn Lines>,
    pub(super) door: Door,
}

impl Lines for Guarded {
    fn take(&self, mut lines: Vec<Line>) {
        for line in &mut lines {
            line.text = self.door.text(std::mem::take(&mut line.text));
        }
        self.lines.take(lines);
    }

    fn flushed(&self) -> BoxFuture<'static, ()> {
        self.lines.flushed()
    }

    fn kept(&self, stack: &StackId, group: &str, back: Duration) -> Vec<(String, Time)> {
        self.lines.kept(stack, group, back)
    }

    fn reached(&self, stack: &StackId, giver: &Giver) -> Option<u64> {
        self.lines.reached(stack, giver)
    }
}
