//! What a thing is made of, as its own list says; and what happened to its parts, which is no
//! state.

use crate::domain::look::{Health, PartSeen, Sight};
use crate::domain::time::{Time, short};
use crate::tui::layers::page::Text;
use crate::tui::theme::Role;

/// The lines of both.
pub(super) fn of(sight: &Sight, now: Time) -> Vec<Text> {
    let role = |health: Health| match health {
        Health::Failed | Health::Stopped => Role::Fail,
        Health::Moves => Role::Run,
        Health::Fine => Role::Dim,
    };
    let listed = sight.members_at.map(|at| {
        let age = short(now.since(at));
        Text::new("made of", format!("as its own list showed {age} ago"))
    });
    let mut lines: Vec<Text> = listed.into_iter().collect();
    lines.extend(sight.members.iter().map(|one| {
        let text = format!("{}  {}  {}  {}", one.words, one.kind, one.id, one.reason);
        Text::new(format!("  {}", one.name), text.trim_end()).role(role(one.health))
    }));
    let events: Vec<Text> = sight
        .parts
        .iter()
        .filter_map(|part| Some((part, told(sight, part)?)))
        .map(|(part, told)| {
            let text = format!("{} {told}  {}", part.at.clock(), part.reason);
            Text::new(format!("  {}", part.name), text.trim_end()).role(role(part.health))
        })
        .collect();
    if !events.is_empty() {
        lines.push(Text::new(
            "happened",
            "the last event of each; what is listed above may be older",
        ));
        lines.extend(events);
    }
    lines
}

/// What an event tells that the list does not: a way to a state that is listed is none.
fn told(sight: &Sight, part: &PartSeen) -> Option<String> {
    let member = sight.members.iter().find(|one| one.name == part.name);
    let words = part.words.as_str();
    match member {
        Some(one) if one.words == part.words => None,
        // The name lives on: what was deleted is the one that it stood for before, or was to stand
        // for.
        Some(one) if part.removes && !one.removes => {
            Some(format!("clean-up of another {}: {words}", part.kind))
        }
        Some(_) | None => Some(format!("{words}  {}", part.kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::look::{Member, Standing, Subject};

    fn part(name: &str, words: &str) -> PartSeen {
        PartSeen {
            name: name.into(),
            kind: "AWS::RDS::DBInstance".into(),
            health: Health::Fine,
            words: words.into(),
            reason: "".into(),
            at: Time(0),
            removes: words.starts_with("DELETE_"),
        }
    }

    /// Whether something was taken away is for its eye to say: other kinds have other words.
    #[test]
    fn a_clean_up_is_known_by_what_its_eye_says() {
        let member = |words: &str, removes| Member {
            name: "Function".into(),
            kind: "made.up".into(),
            id: "".into(),
            health: Health::Fine,
            words: words.into(),
            reason: "".into(),
            removes,
        };
        let told = |words: &str, removes, of: Member| {
            let part = PartSeen {
                removes,
                ..part("Function", words)
            };
            let sight = Sight {
                members: vec![of],
                ..Sight::of(Subject::new("made.up", "x"), "thing", Standing::Good)
            };
            super::told(&sight, &part).unwrap()
        };
        let lives = || member("ready", false);
        assert!(told("destroyed", true, lives()).starts_with("clean-up of another"));
        assert!(!told("DELETE_TRIED", false, lives()).starts_with("clean-up"));
        assert!(!told("destroyed", true, member("destroying", true)).starts_with("clean-up"));
    }

    #[test]
    fn a_living_resource_is_not_shown_by_the_end_of_the_one_before() {
        let member = Member {
            name: "OrdersDb".into(),
            kind: "AWS::RDS::DBInstance".into(),
            id: "orders-db-1".into(),
            health: Health::Fine,
            words: "UPDATE_COMPLETE".into(),
            reason: "".into(),
            removes: false,
        };
        let sight = Sight {
            members: vec![member],
            members_at: Some(Time(0)),
            parts: vec![
                part("OrdersDb", "DELETE_COMPLETE"),
                part("Gone", "DELETE_COMPLETE"),
            ],
            ..Sight::of(Subject::new("test", "x"), "stack", Standing::Good)
        };
        let lines: Vec<(String, String)> = of(&sight, Time(9_000))
            .into_iter()
            .map(|line| (line.label.trim().to_owned(), line.text))
            .collect();
        assert_eq!(lines[0].1, "as its own list showed 9s ago");
        assert_eq!(
            lines[1],
            (
                "OrdersDb".to_owned(),
                "UPDATE_COMPLETE  AWS::RDS::DBInstance  orders-db-1".to_owned()
            )
        );
        assert_eq!(lines[2].0, "happened");
        assert!(
            lines[3]
                .1
                .contains("clean-up of another AWS::RDS::DBInstance: DELETE_COMPLETE")
        );
        assert!(lines[4].1.contains("DELETE_COMPLETE  AWS::RDS::DBInstance"));
        let settled = Sight {
            parts: vec![part("OrdersDb", "UPDATE_COMPLETE")],
            ..sight
        };
        assert_eq!(
            of(&settled, Time(9_000)).len(),
            2,
            "what is listed is not told twice"
        );
    }
}
