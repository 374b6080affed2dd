//! Names that are too long for what has them, or the same as another's: told where the files are read,
//! and not by a deployment that fails in its middle, or by a server that cuts them off.

use serde_json::Value;

use super::app::Application;
use super::values::Values;
use super::{Asked, Postgres};
use crate::forms::postgres::{LONGEST, Name};
use crate::systems::message::Reading;
use crate::text::diagnostic::At;

/// A resource, the property that is its name, what a person calls it, and how many characters AWS
/// takes.
const NAMES: [(&str, &str, &str, usize); 3] = [
    ("AWS::IAM::Role", "RoleName", "role", 64),
    ("AWS::SQS::Queue", "QueueName", "queue", 80),
    ("AWS::S3::Bucket", "BucketName", "bucket", 63),
];

/// Where names are made.
pub(super) struct Place<'a> {
    pub(super) asked: &'a Asked,
    pub(super) region: &'a str,
    pub(super) values: &'a Values,
}

impl Place<'_> {
    /// Says of each resource that its name is too long.
    pub(super) fn resources(&self, app: &Application, template: &Value, reading: &mut Reading<'_>) {
        let resources = template["Resources"].as_object().into_iter().flatten();
        for (id, resource) in resources {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let known = NAMES.iter().find(|(of, ..)| *of == kind);
            let Some((_, property, what, most)) = known else {
                continue;
            };
            let name = self.text(&resource["Properties"][property]);
            let length = name.chars().count();
            if length > *most {
                let says = format!(
                    "the {what} {id} would be called {name:?}: {length} characters, of which AWS takes {most}"
                );
                let hint = "shorten one of the names that it is made of: stack, application, environment or its own";
                reading.say(app.name.at, says, hint);
            }
        }
    }

    /// A text of the template with everything put in that is known before it is deployed.
    pub(super) fn text(&self, value: &Value) -> String {
        if let Some(text) = value.as_str() {
            return text.to_owned();
        }
        match value["Ref"].as_str() {
            Some("AWS::StackName") => return self.asked.stack.clone(),
            Some("AWS::Region") => return self.region.to_owned(),
            Some(parameter) => {
                return self
                    .values
                    .known
                    .get(parameter)
                    .cloned()
                    .unwrap_or_default();
            }
            None => {}
        }
        let between = value["Fn::Join"][0].as_str().unwrap_or_default();
        let parts = value["Fn::Join"][1].as_array().into_iter().flatten();
        let parts: Vec<String> = parts.map(|part| self.text(part)).collect();
        parts.join(between)
    }
}

/// The name of a database on its server; one that no server takes as it is, is told.
pub(super) fn database(
    app: &Application,
    own: &str,
    called: String,
    reading: &mut Reading<'_>,
) -> Option<Name> {
    let says = if called.len() > LONGEST {
        format!(
            "the database {own} would be called {called:?} on its server: {} bytes, of which Postgres keeps {LONGEST}",
            called.len()
        )
    } else {
        format!(
            "the database {own} would be called {called:?} on its server: names there have letters, digits and _ alone"
        )
    };
    let name = Name::try_from(called).ok();
    if name.is_none() {
        reading.say(
            place(app, own),
            says,
            "give it another db_name_suffix, or a shorter one",
        );
    }
    name
}

/// Where the file says how a database is called.
fn place(app: &Application, own: &str) -> At {
    let mut declared = app.databases.iter();
    let declared = declared.find(|one| one.name.text == own);
    declared.map_or(app.name.at, |one| one.suffix.at)
}

/// Says of each database that its name on the server is another's.
pub(super) fn databases(app: &Application, databases: &[Postgres], reading: &mut Reading<'_>) {
    for (n, database) in databases.iter().enumerate() {
        let same = |one: &&Postgres| one.on == database.on;
        if let Some(other) = databases[..n].iter().find(same) {
            let says = format!(
                "the databases {} and {} would both be {:?} on the server group {}",
                other.name,
                database.name,
                database.on.name.as_str(),
                database.group
            );
            let at = place(app, &database.name);
            reading.say(at, says, "give one of them another db_name_suffix");
        }
    }
}
