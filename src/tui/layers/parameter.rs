//! The form of a change of a parameter: its name, and where its value is or that it goes. What is
//! typed is never the value; the card of the change comes after it.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::ask::{Intent, Source};
use crate::domain::ids::StackId;
use crate::domain::label::Label;
use crate::domain::parameter::{Change, is_variable};
use crate::domain::time::Time;
use crate::tui::actions::Offer;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Pane, Target};
use crate::tui::scene::Scene;
use crate::tui::theme::{Role, Theme};

use super::Layer;
use super::field::Holds;
use super::foot;
use super::form::{Form, Pressed};
use super::paper::{self, Row, Where};

/// The fields.
const NAME: usize = 0;
const FROM: usize = 1;
/// What is typed where a value would be, so that a parameter goes.
const DELETE: &str = "delete";

/// The form.
#[derive(Debug)]
pub struct ParameterForm {
    stack: StackId,
    path: String,
    place: Where,
    form: Form,
}

impl ParameterForm {
    /// A form for the parameters of this stack's builds, which are below this path.
    #[must_use]
    pub fn new(stack: StackId, path: String, place: Where, now: Time) -> Self {
        Self {
            stack,
            path,
            place,
            form: Form::new(&[Holds::Reason; 2], now),
        }
    }

    fn enter(&mut self) -> Flow {
        let name = self.form.text(NAME).trim().to_owned();
        if !is_variable(&name) {
            "a name has letters, digits and '_', and no digit first"
                .clone_into(&mut self.form.said);
            self.form.go(NAME);
            return Flow::Used;
        }
        let from = self.form.text(FROM).trim();
        let text = if from == DELETE {
            format!("-{name}")
        } else {
            format!("{name}={from}")
        };
        let intent = Intent::deploy(self.stack.clone(), Source::Estate);
        let change = text.parse::<Change>().ok();
        let Some((change, intent)) = change.and_then(|change| {
            let intent = change.of(intent)?;
            Some((change, intent))
        }) else {
            // What was typed may be the value itself: it is not repeated, and goes.
            self.form.clear(FROM);
            "say where the value is, never the value: file:/whole/path, env:VARIABLE, or delete"
                .clone_into(&mut self.form.said);
            self.form.go(FROM);
            return Flow::Used;
        };
        let label = match &change {
            Change::Put { name, .. } => format!("put the parameter {name}"),
            Change::Delete { name } => format!("delete the parameter {name}"),
        };
        let offer = Offer {
            label,
            note: String::new(),
            intent,
        };
        Flow::Look(Target::Stack(self.stack.clone()), Box::new(offer))
    }
}

impl Layer for ParameterForm {}

impl Pane for ParameterForm {
    fn draw(&mut self, _scene: &Scene<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
        let (hint, field) = (theme.style(Role::Hint), theme.style(Role::Field));
        let wide = usize::from(area.width.min(84).saturating_sub(4));
        let says = format!(
            "one parameter below {} is put or deleted, once its card was read; the card tells which there are",
            self.path
        );
        let body: Vec<Row> = paper::line(Label::Does, &says, wide, theme);
        let mut rows: Vec<Row> = vec![
            Vec::new(),
            vec![
                ("name:        ".to_owned(), hint),
                (self.form.shown(NAME), field),
            ],
            vec![
                ("its value:   ".to_owned(), hint),
                (self.form.shown(FROM), field),
            ],
            vec![(
                "             file:/whole/path or env:VARIABLE of the engine; or: delete"
                    .to_owned(),
                hint,
            )],
        ];
        rows.extend(foot::said(&self.form, wide, theme));
        rows.push(foot::keys(
            [("Enter", "card"), ("Tab", "other field"), ("Esc", "leave")],
            theme,
        ));
        let title = format!("PARAMETER OF {} ON  {}", self.stack, self.place.name());
        self.form
            .draw(buf, area, theme, self.place.danger(), &title, &body, &rows);
    }

    fn motion(&mut self, motion: Motion, _scene: &Scene<'_>) -> Flow {
        if motion == Motion::Escape {
            Flow::Close
        } else {
            Flow::Pass
        }
    }

    fn target(&self, _scene: &Scene<'_>) -> Option<Target> {
        Some(Target::Stack(self.stack.clone()))
    }

    fn key(&mut self, key: KeyEvent, scene: &Scene<'_>) -> Flow {
        match self.form.key(key, scene.keys, scene.now) {
            Pressed::Leave => return Flow::Close,
            Pressed::Enter => return self.enter(),
            Pressed::Tab | Pressed::Up | Pressed::Down => self.form.next(),
            Pressed::Taken => {}
            Pressed::Not => return Flow::Pass,
        }
        Flow::Used
    }

    fn paste(&mut self, text: &str, scene: &Scene<'_>) -> Flow {
        self.form.paste(text, scene.now);
        Flow::Used
    }

    fn typing(&self) -> bool {
        true
    }
}
