//! What the page of a site says of it by the estate's file.

use super::entry::{Build, Site};
use crate::domain::row::Row;

impl Site {
    /// Where it is reached, what it is made of, and what it is built from.
    pub(super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![
            Row::new("address", &format!("https://{}", self.host)),
            Row::new("files", &format!("s3://{}/{}", self.live, self.prefix)),
            Row::new("hosted zone", &self.zone),
            Row::new("certificate", &self.certificate),
        ];
        if let Some(custom) = &self.custom {
            rows.push(Row::new("domain of its own", custom));
        }
        if let Some(build) = &self.build {
            rows.extend(of_build(build, &self.prefix));
        }
        rows
    }
}

fn of_build(build: &Build, prefix: &str) -> Vec<Row> {
    let mut rows = vec![
        Row::new("repository", &build.repository),
        Row::new("branch", build.branch.as_str()),
        Row::new("build project", &build.project),
        Row::new("kept builds", &format!("s3://{}/{prefix}", build.version)),
    ];
    let parameters = build.parameters.as_ref();
    rows.extend(parameters.map(|path| Row::new("parameters", &format!("below {path}"))));
    rows
}
