//! What a change means for those who are served: which rows take data away, which stop the service,
//! and how dangerous that is.

use crate::domain::level::Danger;
use crate::domain::look::Subject;
use crate::domain::plan::{ChangeRow, Changes, Does, Fate};
use crate::forms::postgres::DATABASE;

/// Types that hold data.
const DATA: [&str; 25] = [
    DATABASE,
    "AWS::Cognito::UserPool",
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::ECR::Repository",
    "AWS::EFS::FileSystem",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Elasticsearch::Domain",
    "AWS::FSx::FileSystem",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::MemoryDB::Cluster",
    "AWS::Neptune::DBCluster",
    "AWS::Neptune::DBInstance",
    "AWS::OpenSearchService::Domain",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
    "AWS::Timestream::Table",
];

/// Types whose replacement stops a service: the service itself, its database, its volume.
const STOPS: [&str; 13] = [
    "AWS::DocDB::DBCluster",
    "AWS::DocDB::DBInstance",
    "AWS::DynamoDB::Table",
    "AWS::EC2::Volume",
    "AWS::ECS::Service",
    "AWS::EFS::FileSystem",
    "AWS::FSx::FileSystem",
    "AWS::Neptune::DBCluster",
    "AWS::Neptune::DBInstance",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
    "AWS::ServiceDiscovery::Service",
];

/// Types that are never changed in place: an update makes the next revision and takes nothing away
/// from what serves.
const REVISIONS: &[&str] = &[
    "AWS::ApiGateway::Deployment",
    "AWS::AutoScaling::LaunchConfiguration",
    "AWS::Batch::JobDefinition",
    "AWS::ECS::TaskDefinition",
    "AWS::Lambda::Version",
];

/// True for a type that holds data.
pub(super) fn holds_data(kind: &str) -> bool {
    DATA.contains(&kind)
}

/// What holds data and is deleted, or may be, with this fate.
fn data(rows: &[ChangeRow], fate: Fate) -> impl Iterator<Item = &ChangeRow> {
    rows.iter()
        .filter(|row| row.does == Does::Remove || row.destroys())
        .filter(move |row| row.fate == fate && holds_data(&row.kind))
}

/// Their names, as sentences have them: what may be replaced is not said to go.
fn names(rows: &[ChangeRow], fate: Fate) -> Vec<String> {
    let name = |row: &ChangeRow| match row.does {
        Does::MayReplace => format!("{} (if it is replaced)", row.logical),
        Does::Add | Does::Import | Does::Change | Does::Replace | Does::Remove | Does::Unclear => {
            row.logical.clone()
        }
    };
    data(rows, fate).map(name).collect()
}

/// What holds data and goes, or may go, and nothing of it stays: logical names.
pub(super) fn losing(rows: &[ChangeRow]) -> Vec<String> {
    data(rows, Fate::Goes)
        .map(|row| row.logical.clone())
        .collect()
}

/// What becomes of data, in sentences; none where no data is touched.
pub(super) fn says(rows: &[ChangeRow]) -> Vec<String> {
    let said = |fate, says: &dyn Fn(&str) -> String| {
        let names = names(rows, fate).join(", ");
        (!names.is_empty()).then(|| says(&names))
    };
    [
        said(Fate::Goes, &|names| {
            format!("Data goes for good with {names}.")
        }),
        said(Fate::Saved, &|names| {
            format!("A snapshot stays of the data of {names}.")
        }),
        said(Fate::Stays, &|names| {
            format!("The data of {names} stays, outside the stack.")
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The rows, with what they lose.
pub(super) fn weighed(about: Subject, rows: Vec<ChangeRow>) -> Changes {
    Changes {
        about,
        loses: losing(&rows),
        rows,
        more_dangerous: false,
    }
}

/// The rows that surely replace something without which the service cannot go on. One that may be
/// replaced does not count: it is shown as a danger, and stopping a service for a perhaps would be
/// the greater one.
pub(super) fn stopping(rows: &[ChangeRow]) -> impl Iterator<Item = &ChangeRow> {
    rows.iter()
        .filter(|row| row.does == Does::Replace && STOPS.contains(&row.kind.as_str()))
}

/// The rows that may replace something without which the service cannot go on, or of which nobody
/// knows before it is done what they do to it.
pub(super) fn perhaps_stopping(rows: &[ChangeRow]) -> impl Iterator<Item = &ChangeRow> {
    rows.iter()
        .filter(|row| matches!(row.does, Does::MayReplace | Does::Unclear))
        .filter(|row| STOPS.contains(&row.kind.as_str()))
}

/// The rows that delete something without which a service cannot go on: no scale-down helps, since
/// nothing comes back.
pub(super) fn ending(rows: &[ChangeRow]) -> impl Iterator<Item = &ChangeRow> {
    rows.iter()
        .filter(|row| row.does == Does::Remove && !row.is_left())
        .filter(|row| STOPS.contains(&row.kind.as_str()))
}

/// True for a row that "replaces" a thing of which every change is a new revision: the old one goes
/// on until nobody uses it.
fn is_revision(row: &ChangeRow) -> bool {
    matches!(row.does, Does::Change | Does::Replace | Does::MayReplace)
        && REVISIONS.contains(&row.kind.as_str())
}

/// How dangerous rows are; unknown rows may replace anything.
pub(super) fn danger(rows: Option<&[ChangeRow]>) -> Danger {
    let Some(rows) = rows else {
        return Danger {
            replaces: true,
            unknown: true,
            ..Danger::default()
        };
    };
    Danger {
        replaces: rows.iter().any(|row| row.destroys() && !is_revision(row)),
        revises: rows.iter().any(|row| row.destroys() && is_revision(row)),
        destroys: takes_data(rows),
        unknown: rows.iter().any(|row| row.does == Does::Unclear),
        ..Danger::default()
    }
}

/// Whether something that holds data is deleted, or may be, a snapshot or not.
pub(super) fn takes_data(rows: &[ChangeRow]) -> bool {
    [Fate::Goes, Fate::Saved]
        .iter()
        .any(|fate| data(rows, *fate).next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::class::EnvClass;
    use crate::domain::level::{Level, Verb, level};

    /// The card lists the new revision as a replacement: the words of its level say so too.
    #[test]
    fn a_level_says_no_other_than_its_rows() {
        let row = |kind: &str, does| ChangeRow::new("It", kind, does);
        let of =
            |rows: &[ChangeRow]| level(EnvClass::Development, Verb::Deploy, danger(Some(rows)));
        let revision = row("AWS::ECS::TaskDefinition", Does::Replace);
        let (one, why) = of(std::slice::from_ref(&revision));
        assert_eq!(one, Level::L1);
        assert!(why.contains("by its next revision"), "{why}");
        let (two, _) = of(&[revision, row("AWS::ECS::Service", Does::Replace)]);
        assert_eq!(two, Level::L2);
        let (one, why) = of(&[row("AWS::ECS::Service", Does::Change)]);
        assert_eq!((one, why.starts_with("no replacement")), (Level::L1, true));
    }
}
