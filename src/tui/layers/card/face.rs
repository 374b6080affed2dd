//! The face of a card: what stands on it, and at its foot what to type.

use crate::domain::ask::Intent;
use crate::domain::card::Card;
use crate::domain::ids::EnvName;
use crate::domain::refused::Refused;
use crate::domain::time::short;
use crate::tui::layers::foot;
use crate::tui::layers::paper::{self, Row, Where};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};
use crate::world::audit::ending;

use super::{ChangeCard, SLOW, Stage};

/// What Enter says while the card is too old and a newer one is being made.
pub(super) const LOOKED_AT_AGAIN: &str = "it is being looked at again; one moment";

/// What Tab says where what would change is not known.
pub(super) const NO_DIFF: &str = "there is no diff here; the card says all that is known";

/// What is said then, once the newer one is there.
pub(super) fn newer(same: bool) -> &'static str {
    if same {
        "looked at again, and it is the same: Enter once more"
    } else {
        "looked at again: read what has CHANGED, then Enter"
    }
}

impl ChangeCard {
    /// What it does to what, and where; and whether that place is one where a mistake costs most.
    pub(super) fn title(&self) -> (String, bool) {
        let (place, verb) = match &self.stage {
            Stage::Ready(card) => {
                let place = Where {
                    spot: card.spot.clone(),
                    class: card.class,
                    ..self.place.clone()
                };
                (place, card.verb.word())
            }
            _ => (
                self.place.clone(),
                self.intent()
                    .map_or("change", |intent| intent.verb().word()),
            ),
        };
        let what = self
            .target
            .stack()
            .map_or_else(String::new, |stack| format!("  {stack}"));
        let title = format!(
            "{} ON  {}  {}{what}",
            verb.to_uppercase(),
            place.name(),
            place.spot
        );
        (title, place.danger())
    }

    /// Whether rows of what would change are known.
    pub(super) fn has_diff(&self) -> bool {
        matches!(&self.stage, Stage::Ready(card) if card.rows.as_ref().is_some_and(|rows| !rows.is_empty()))
    }

    /// What would be ended has ended by itself: nothing is left to ask.
    pub(super) fn overtaken(&mut self, scene: &Scene<'_>) {
        let (Some(Intent::Cancel { deployment } | Intent::Abandon { deployment }), Stage::Ready(_)) =
            (self.intent(), &self.stage)
        else {
            return;
        };
        let over = scene
            .world
            .deployment(*deployment)
            .and_then(|d| Some((d.no(), ending(d.end.as_ref()?))));
        if let Some((no, end)) = over {
            let says = format!("{no} has ended meanwhile: {end}");
            self.stage = Stage::Refused(Refused::new("ended", says));
        }
    }

    /// Why a key of a person means nothing on the card as it stands.
    pub(super) fn not_yet(&mut self) {
        let says = match &self.stage {
            Stage::Choosing => "choose first: Up Down, then Enter; nothing is asked before",
            Stage::Unasked | Stage::Looking(_) => "not yet: the card is still being made",
            Stage::Refused(_) if !self.choosable().is_empty() => {
                "there is no plan of this; Tab shows what may be chosen, Esc leaves"
            }
            Stage::Refused(_) => "nothing can be asked here; Esc leaves",
            // The card says that it waits; a ready one takes what is typed.
            Stage::Sent | Stage::Ready(_) => return,
        };
        says.clone_into(&mut self.form.said);
    }

    pub(super) fn body(&self, wide: usize, scene: &Scene<'_>, theme: &Theme) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let dim = theme.style(Role::Dim);
        if self.offers.len() > 1 || self.stage == Stage::Choosing {
            let offers = self.offers.iter();
            let offers = offers.map(|offer| (offer.label.as_str(), offer.note.as_str()));
            rows.extend(foot::ways(offers, self.chosen, wide, theme));
            rows.push(Vec::new());
        } else if let Some(note) = self
            .offers
            .first()
            .map(|offer| &offer.note)
            .filter(|note| !note.is_empty())
        {
            let (label, text) = match note.strip_prefix("of ") {
                Some(of) => ("OF", of),
                None => ("NOTE", note.as_str()),
            };
            rows.extend(paper::labelled(label, text, wide, theme));
        }
        if let Some(choices) = &self.choices {
            rows.extend(choices.body(theme));
            return rows;
        }
        match &self.stage {
            Stage::Choosing => rows.push(vec![(
                "nothing is asked, and nothing starts, before you choose".to_owned(),
                dim,
            )]),
            Stage::Unasked | Stage::Looking(_) => {
                let long = scene.now.since(self.asked_at);
                rows.push(vec![
                    ("looking ...".to_owned(), theme.style(Role::Run)),
                    (format!(" {}", short(long)), dim),
                ]);
                if self.may_arm() {
                    let says = "where level 1 is enough it is armed then, with 5 s to undo; Esc leaves, any other key keeps the card open";
                    rows.extend(paper::labelled("THEN", says, wide, theme));
                }
                rows.extend(slowed(scene, self.target.env(), wide, theme));
                if long > SLOW {
                    rows.push(vec![(
                        format!("slow: {}", scene.world.engine.says()),
                        theme.style(Role::Warn),
                    )]);
                }
            }
            Stage::Sent => {
                rows.push(foot::asked(theme));
                rows.extend(slowed(scene, self.target.env(), wide, theme));
            }
            Stage::Refused(refused) => {
                rows.extend(paper::labelled("NO", &refused.says, wide, theme));
                if !refused.hint.is_empty() {
                    rows.extend(paper::labelled("DO", &refused.hint, wide, theme));
                }
            }
            Stage::Ready(card) => {
                for text in &self.changed {
                    rows.extend(paper::labelled("CHANGED", text, wide, theme));
                }
                if self.diff {
                    rows.extend(paper::diff(card.rows.as_deref(), wide, theme));
                } else {
                    rows.extend(paper::lines(&card.lines, wide, theme));
                    rows.extend(paper::labelled(
                        "LEVEL",
                        &format!("{}: {}", card.level, card.why),
                        wide,
                        theme,
                    ));
                }
            }
        }
        rows
    }

    pub(super) fn foot(&self, wide: usize, scene: &Scene<'_>, theme: &Theme) -> Vec<Row> {
        if let Some(choices) = &self.choices {
            return choices.foot(wide, theme);
        }
        let hint = theme.style(Role::Hint);
        let mut rows: Vec<Row> = vec![Vec::new()];
        rows.extend(foot::said(&self.form, wide, theme));
        if let Some(phrase) = self.phrase() {
            let verb = self.intent().map_or("do it", |intent| intent.verb().word());
            let typed = foot::typed(&self.form, !self.changed.is_empty(), scene.now);
            rows.push(vec![
                ("type  ".to_owned(), hint),
                (phrase, theme.style(Role::Strong)),
                (format!("  to {verb}:  "), hint),
                (typed, theme.style(Role::Field)),
            ]);
            rows.extend(foot::why(&self.form, theme));
        }
        let mut keys = Vec::new();
        if let Stage::Ready(card) = &self.stage {
            keys.push(("Enter", "on an exact match"));
            let turns = match (self.diff, self.has_diff(), card.flags.is_empty()) {
                (false, true, _) => Some("the diff"),
                (_, _, false) => Some("choices"),
                (true, _, true) => Some("the card"),
                (false, false, true) => None,
            };
            keys.extend(turns.map(|turns| ("Tab", turns)));
        }
        if matches!(&self.stage, Stage::Refused(_)) && !self.choosable().is_empty() {
            keys.push(("Tab", "choices"));
        }
        if self.stage == Stage::Choosing {
            keys.push(("Enter", "look at what it would do"));
        }
        if self.offers.len() > 1 {
            keys.push(("Up Down", "choose"));
        }
        keys.push(("Esc", "leave"));
        rows.push(foot::keys(keys, theme));
        rows
    }
}

/// Why the answer takes longer, where what is read for it is throttled.
fn slowed(scene: &Scene<'_>, env: &EnvName, wide: usize, theme: &Theme) -> Vec<Row> {
    let throttled = scene.world.throttled(env, scene.now);
    throttled.map_or_else(Vec::new, |throttled| {
        paper::labelled("SLOW", &throttled.to_string(), wide, theme)
    })
}

/// What is different between two cards, line by line.
pub(super) fn differences(before: &Card, after: &Card) -> Vec<String> {
    let mut out = paper::differences(&before.lines, &after.lines);
    if before.level != after.level {
        out.push(format!(
            "level was {}, is now {}",
            before.level, after.level
        ));
    }
    if out.is_empty() {
        out.push("what would run is not the same as before".to_owned());
    }
    out
}
