//! What a stack tells: its own status and the status of its resources, each as an event.

use super::{CfnStack, Event, Resource, Status};
use crate::sandbox::realm::Cx;

impl CfnStack {
    /// The stack enters a status and says so.
    pub fn turn(&mut self, cx: &mut Cx<'_>, status: Status, reason: Option<&str>) {
        self.status = status;
        self.reason = reason.map(str::to_owned);
        let token = self.token();
        let event = Event {
            id: cx.dice.uuid(),
            at: cx.now,
            logical: self.name.clone(),
            physical: self.id.clone(),
            kind: "AWS::CloudFormation::Stack".to_owned(),
            status: status.as_str().to_owned(),
            reason: self.reason.clone(),
            token,
        };
        self.events.push(event);
    }

    /// A resource says what it is now.
    pub fn tell(
        &mut self,
        cx: &mut Cx<'_>,
        logical: &str,
        row: &Resource,
        status: &str,
        reason: Option<&str>,
    ) {
        let token = self.token();
        self.events.push(Event {
            id: format!("{logical}-{status}-{}", cx.dice.uuid()),
            at: cx.now,
            logical: logical.to_owned(),
            physical: row.physical.clone(),
            kind: row.kind.clone(),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            token,
        });
    }

    /// A resource enters a status: its row shows it and an event says so.
    pub fn mark(
        &mut self,
        cx: &mut Cx<'_>,
        logical: &str,
        mut row: Resource,
        status: &str,
        reason: Option<&str>,
    ) {
        status.clone_into(&mut row.status);
        row.reason = reason.map(str::to_owned);
        row.at = cx.now;
        self.tell(cx, logical, &row, status, reason);
        self.resources.insert(logical.to_owned(), row);
    }

    fn token(&self) -> Option<String> {
        self.operation
            .as_ref()
            .and_then(|operation| operation.token.clone())
    }
}
