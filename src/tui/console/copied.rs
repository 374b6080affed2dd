//! What is copied of what is under the cursor: its id, and the command that shows or does the same
//! in a shell.

use crate::domain::deployment::Deployment;
use crate::tui::pane::Target;
use crate::world::World;
use crate::world::rows::lost_step;

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

/// The command. Without contact it is the one that shows what goes on outside; an open hold has the
/// one that reads its card and asks.
pub(super) fn command(world: &World, target: &Target) -> String {
    if let Some(command) = target
        .stack()
        .and_then(|stack| by_hand(world.current(stack)?))
    {
        return command;
    }
    let practice = if world.catalog.practice {
        " --practice"
    } else {
        ""
    };
    match target {
        Target::Environment(env) => format!("holdpoint{practice} ls {env}"),
        Target::Stack(stack) | Target::Step(stack, ..) => {
            format!("holdpoint{practice} show {stack}")
        }
        Target::Deployment(_, _, no) => format!("holdpoint{practice} show '{no}'"),
        Target::Hold(_, hold) => format!("holdpoint{practice} approve '{hold}'"),
    }
}

/// For a step without contact: how to see by hand what goes on.
fn by_hand(d: &Deployment) -> Option<String> {
    let (step, _) = lost_step(d)?;
    Some(step.by_hand.clone()).filter(|command| !command.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deployment::DeploymentEvent;
    use crate::domain::failure::{Failure, Retry};
    use crate::world::fixture::{self, Scene, id};

    #[test]
    fn the_command_does_what_the_line_is_about() {
        let mut scene = Scene::new();
        scene.env("prod", crate::domain::class::EnvClass::Production);
        let stack = id("prod/a");
        let d = scene
            .ago(60)
            .ask_to_replace("prod/a", fixture::spec("prod/a", "1"));
        scene.start("prod/a", d);
        let hold = scene.hold(d, "scale-down");
        assert_eq!(
            command(&scene.world, &Target::Hold(stack.clone(), hold)),
            "holdpoint approve '#2290.scale-down.1'"
        );
        assert_eq!(
            command(&scene.world, &Target::Stack(stack.clone())),
            "holdpoint show prod/a"
        );

        scene.begin(d, "execute-2");
        let failure = Failure::new("no contact").retry(Retry::Contact);
        scene.on(
            d,
            DeploymentEvent::StepLost {
                step: "execute-2".into(),
                failure,
            },
        );
        let by_hand = command(&scene.world, &Target::Stack(stack));
        assert_eq!(
            by_hand,
            "aws cloudformation describe-stack-events --stack-name prod-a --region eu-west-1"
        );
    }
}
