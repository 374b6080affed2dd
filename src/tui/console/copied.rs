//! What is copied of what is under the cursor: its id, and the command that shows or does the same in a shell.

use crate::domain::deployment::{Deployment, StepState};
use crate::domain::ids::StackId;
use crate::domain::quote;
use crate::tui::pane::Target;
use crate::world::World;

/// The id.
pub(super) fn id(target: &Target) -> String {
    match target {
        Target::Environment(env) => env.to_string(),
        Target::Stack(stack) => stack.to_string(),
        Target::Deployment(_, _, no) => no.to_string(),
        Target::Step(_, _, step) => step.to_string(),
        Target::Hold(_, hold) => hold.to_string(),
    }
}

/// The command. Without contact it is the one that shows at AWS what goes on there alone; an open hold has the one that reads its
/// card and asks.
pub(super) fn command(world: &World, target: &Target) -> String {
    let alone = target.stack().and_then(|stack| Some((stack, world.current(stack)?))).and_then(|(stack, d)| at_aws(world, stack, d));
    if let Some(command) = alone {
        return command;
    }
    let practice = if world.catalog.practice { " --practice" } else { "" };
    match target {
        Target::Environment(env) => format!("holdpoint{practice} ls {env}"),
        Target::Stack(stack) | Target::Step(stack, ..) => format!("holdpoint{practice} show {stack}"),
        Target::Deployment(_, _, no) => format!("holdpoint{practice} show '{no}'"),
        Target::Hold(_, hold) => format!("holdpoint{practice} approve '{hold}'"),
    }
}

/// For a step without contact: how to follow its CloudFormation stack by hand.
fn at_aws(world: &World, stack: &StackId, d: &Deployment) -> Option<String> {
    let (step, _) = d.runs().find(|(_, run)| run.state == StepState::Lost)?;
    let name = step.params.get("stack_name").or_else(|| step.params.get("input")?.get("stack_name"))?.as_str()?;
    let place = world.record(&stack.env)?.places.at(step.acts_at())?;
    let option = |name: &str, value: Option<&String>| value.map_or_else(String::new, |value| format!(" --{name} {}", quote::shell(value)));
    let (region, profile) = (option("region", place.within.is.as_ref()), option("profile", place.way.get("profile")));
    Some(format!("aws cloudformation describe-stack-events --stack-name {name}{region}{profile}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::deployment::DeploymentEvent;
    use crate::domain::failure::{Failure, Retry};
    use crate::world::fixture::{self, Scene, id};

    #[test]
    fn the_command_does_what_the_line_is_about() {
        let mut scene = Scene::new();
        scene.env("prod", crate::domain::environment::Class::Production);
        let stack = id("prod/a");
        let d = scene.ago(60).ask("prod/a", fixture::spec("1", &json!({})), None, &[]);
        let mut plan = fixture::update_plan("prod/a", true);
        for step in &mut plan.steps {
            step.params["stack_name"] = json!("shop-a");
        }
        scene.start("prod/a", d, plan);
        let hold = scene.hold(d, "scale-down");
        assert_eq!(command(&scene.world, &Target::Hold(stack.clone(), hold)), "holdpoint approve '#2290.scale-down.1'");
        assert_eq!(command(&scene.world, &Target::Stack(stack.clone())), "holdpoint show prod/a");

        scene.begin(d, "execute-2");
        let failure = Failure::new("no contact").retry(Retry::Contact);
        scene.on(d, DeploymentEvent::StepLost { step: "execute-2".into(), failure });
        let by_hand = command(&scene.world, &Target::Stack(stack));
        assert_eq!(by_hand, "aws cloudformation describe-stack-events --stack-name shop-a --region eu-west-1");
    }
}
