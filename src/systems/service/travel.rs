//! How the templates of a service travel: what its environment must name for that, and what a plan
//! says of it.

use serde_json::json;

use super::body::Body;
use crate::domain::failure::Failure;
use crate::domain::place::Place;
use crate::domain::plan::Plan;
use crate::forms::cloudformation::travel::{self, FOLDER};
use crate::systems::PlanAsk;
use crate::systems::entry::{Home, Remarks};

impl Body {
    /// The bucket through which its template travels; `None` where a call carries it.
    ///
    /// # Errors
    /// It needs one, and the place names none.
    fn bucket<'a>(&self, place: Option<&'a Place>) -> Result<Option<&'a str>, Failure> {
        travel::bucket(place, &self.input.template.path, self.length)
    }

    /// Whether its template gets there at all.
    pub(super) fn travels(&self, ask: &PlanAsk) -> bool {
        self.bucket(ask.env.places.home()).is_ok()
    }
}

/// What an environment does not name though a template needs it.
pub(super) fn lacks(body: &Body, home: &Home<'_>) -> Remarks {
    let mut told = Remarks::default();
    if body.bucket(home.record.places.home()).is_err() {
        let says = travel::no_bucket(&body.input.template.path, body.length);
        let hint = format!(
            "add {} here, with an S3 bucket in the account and region of {}",
            travel::NAME_ONE,
            home.name
        );
        told.say_key("template-bucket", &["aws"], says, hint);
    }
    told
}

/// What a plan says of the templates that its steps bring, where a call does not carry them.
///
/// # Errors
/// One of them gets there no way.
pub(super) fn says(
    ask: &PlanAsk,
    plan: &Plan,
    body: &Body,
    serving: Option<&Body>,
) -> Result<Vec<String>, Failure> {
    let brings = |body: &Body| {
        let template = json!(body.input.template);
        let mut steps = plan.steps.iter();
        steps.any(|step| step.params["input"]["template"] == template)
    };
    let before = serving.filter(|before| before.input.template != body.input.template);
    let mut says = Vec::new();
    for (what, body) in [
        ("The template", Some(body)),
        ("The template of the release before", before),
    ] {
        let Some(body) = body.filter(|body| brings(body)) else {
            continue;
        };
        if let Some(bucket) = body.bucket(ask.env.places.home())? {
            says.push(format!(
                "{what} has {} bytes, more than a call carries: it travels through the bucket {bucket} (below {FOLDER}).",
                body.length
            ));
        }
    }
    Ok(says)
}
