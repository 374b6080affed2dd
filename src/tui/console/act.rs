//! Actions and what flows from panes: the only place where an order becomes a layer or an ask.

use crate::domain::ask::Ask;
use crate::domain::ids::{HoldId, StackId};
use crate::domain::time::Time;
use crate::text::counted::counted;
use crate::tui::actions::{Action, Cx, Denied, Does, Opens, Order, Show};
use crate::tui::layers::LayerNo;
use crate::tui::layers::card::ChangeCard;
use crate::tui::layers::freeze::FreezeForm;
use crate::tui::layers::hold::HoldCard;
use crate::tui::layers::paper::Where;
use crate::tui::layers::parameter::ParameterForm;
use crate::tui::layout::Slot;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Jump, Target, Wanted};
use crate::tui::theme::Role;

use super::said::Rests;
use super::{Console, Wish, copied};

impl Console {
    /// What is under the cursor of the focused pane; for map and log the stack that they are about.
    pub(super) fn target(&self, now: Time) -> Option<Target> {
        self.board.seen().target(&self.scene(now).focused(true))
    }

    /// Does an action. `touched`: it was chosen from a list, so that nothing is armed by itself.
    pub(super) fn act(&mut self, action: Action, touched: bool, now: Time) {
        match action.does {
            Does::Move(motion) => self.motion(motion, now),
            Does::Show(show) => self.show(show, now),
            Does::Change(_) => self.change_on(action, touched, self.target(now), now),
        }
    }

    /// Gives a motion to the focused pane.
    fn motion(&mut self, motion: Motion, now: Time) {
        let flow = self.with_pane(now, |pane, scene| pane.motion(motion, scene));
        if flow == Flow::Pass {
            self.passed(motion, now);
        } else {
            self.flow(flow, None, now);
        }
    }

    /// A motion that the focused pane does not know.
    fn passed(&mut self, motion: Motion, now: Time) {
        let seeks = matches!(
            motion,
            Motion::NextFailed
                | Motion::PrevFailed
                | Motion::NextHold
                | Motion::PrevHold
                | Motion::NextRunning
                | Motion::PrevRunning
                | Motion::Find
        );
        match motion {
            // What failed, waits or runs is sought wherever it is listed, and so is a name: letters
            // that are typed after that are never keys. The other view is shown
            // wherever there is one.
            _ if seeks || motion == Motion::Cycle => {
                let flow = self.board.offer(
                    motion,
                    seeks,
                    &self.shown.scene(&self.keys, now).focused(true),
                );
                self.flow(flow, None, now);
            }
            Motion::Escape if !self.keys.forget() && self.board.zoomed() => self.unzoom(),
            _ => {}
        }
    }

    /// Why an action is not possible now.
    pub(super) fn denied(&self, action: Action, now: Time) -> Option<Denied> {
        let target = self.target(now);
        let cx = self.cx(target.as_ref(), now);
        self.guard.denies(action, &cx, &self.keys)
    }

    /// What an action may look at.
    pub(super) fn cx<'a>(&'a self, target: Option<&'a Target>, now: Time) -> Cx<'a> {
        Cx {
            world: &self.shown.world,
            now,
            target,
            own: self.asks.followed(),
        }
    }

    /// Does an action that changes something of a target.
    pub(super) fn change_on(
        &mut self,
        action: Action,
        touched: bool,
        target: Option<Target>,
        now: Time,
    ) {
        let Does::Change(run) = action.does else {
            return;
        };
        let cx = self.cx(target.as_ref(), now);
        let order = run(&cx);
        let denied = self.guard.denies(action, &cx, &self.keys);
        // To be armed is what moves a row, and the time to undo it is short: what is taken back is
        // named on the last line.
        if self.board.unsettled(now) && !matches!(order, Ok(Order::Undo(..) | Order::UndoWhich)) {
            return self.say(
                "the rows have just moved: look, then press the key again",
                Role::Warn,
            );
        }
        let order = match order {
            Ok(order) => order,
            Err(denied) => {
                let says = format!("{}: {}", action.name, denied.says());
                return self.say_while(says, Role::Warn, Rests::Denied(action, target));
            }
        };
        if let Some(denied) = denied {
            return self.say(denied.says(), Role::Warn);
        }
        match order {
            Order::Card {
                target,
                offers,
                first,
                opens,
            } => {
                let place = Where::of(&self.scene(now), target.env());
                // What was chosen from a list was chosen by its name, not by the key that arms.
                let opens = match opens {
                    Opens::Arms if touched => Opens::Looks,
                    opens => opens,
                };
                self.layers
                    .push(ChangeCard::new(target, place, offers, first, opens, now));
                self.due(now);
            }
            Order::UndoWhich => self.undo_which(),
            Order::Freeze(of) => {
                let place = Where::of(&self.scene(now), of.env());
                self.layers.push(FreezeForm::new(of, place, now));
            }
            Order::Parameter(stack, path) => {
                let place = Where::of(&self.scene(now), &stack.env);
                self.layers
                    .push(ParameterForm::new(stack, path, place, now));
            }
            Order::Undo(deployment, no) => {
                self.submit(
                    Wanted {
                        ask: Ask::Undo { deployment },
                        label: format!("undo {no}"),
                        target,
                        closes: false,
                    },
                    None,
                    now,
                );
            }
            Order::Hold(stack, id) => self.open(Target::Hold(stack, id), now),
        }
    }

    /// What a pane answered, or the layer of that number.
    pub(super) fn flow(&mut self, flow: Flow, from: Option<LayerNo>, now: Time) {
        match flow {
            Flow::Pass | Flow::Used => {}
            Flow::Close => self.close(from),
            Flow::Say(text) => self.say(text, Role::Hint),
            Flow::Copy(text) => self.copy(&text),
            Flow::Save(name, text) => self.save(&name, &text),
            Flow::Open(target) => self.open(target, now),
            Flow::Read(id) => self.page_deployment(id),
            Flow::Act(name) => {
                self.close(from);
                if let Some(action) = self.keys.action(name) {
                    self.act(action, true, now);
                }
            }
            Flow::Look(target, offer) => {
                self.close(from);
                let place = Where::of(&self.scene(now), target.env());
                let opens = Opens::Looks;
                let card = ChangeCard::new(target, place, vec![*offer], 0, opens, now);
                self.layers.push(card);
                self.due(now);
            }
            // Nothing is asked but from a layer: whatever a pane of the board answers, it changes
            // nothing.
            Flow::Ask(_) if from.is_none() => {}
            Flow::Ask(wanted) => self.submit(*wanted, from, now),
        }
    }

    fn close(&mut self, layer: Option<LayerNo>) {
        if let Some(no) = layer {
            self.layers.close(no);
        }
    }

    fn copy(&mut self, text: &str) {
        let shown = crate::tui::paint::fit(text.lines().next().unwrap_or_default(), 40);
        self.say(format!("sent to terminal: {shown}"), Role::Said);
        self.wishes.push(Wish::Clip(text.trim_end().to_owned()));
    }

    fn save(&mut self, name: &str, text: &str) {
        let says = match self.saver.as_ref().map(|saver| saver(name, text)) {
            Some(Ok(path)) => {
                format!("{} saved to {path}", counted(text.lines().count(), "line"))
            }
            Some(Err(why)) => format!("the lines were not saved: {why}"),
            None => "lines cannot be saved from here".to_owned(),
        };
        self.say(says, Role::Hint);
    }

    /// Goes to what is meant; never changes anything.
    pub(super) fn open(&mut self, target: Target, now: Time) {
        match target {
            Target::Hold(stack, id) => {
                let place = Where::of(&self.scene(now), &stack.env);
                self.layers.push(HoldCard::new(stack, id, place, now));
            }
            Target::Environment(env) => {
                self.layers.clear();
                self.board.focus_root();
                let mut views = self.shown.views.environments.iter();
                let view = views.find(|view| view.name == env);
                match view.and_then(|view| view.rows.first()) {
                    Some(row) => self.go_to(&row.stack.clone(), now),
                    None => self.say(format!("{env} has no stack to go to"), Role::Hint),
                }
            }
            Target::Stack(_) | Target::Deployment(..) | Target::Step(..) => {
                self.deeper(&target, now);
            }
        }
    }

    /// Enter on a stack goes there; on the one that is shown already it goes one deeper: to a hold
    /// that waits (of the step, where one is under the cursor), else to its picture, else to its
    /// lines.
    fn deeper(&mut self, target: &Target, now: Time) {
        let Some(stack) = target.stack() else { return };
        let there = self.layers.is_empty() && self.shown.about.as_ref() == Some(stack);
        self.layers.clear();
        let meant = |id: &HoldId| !matches!(target, Target::Step(_, _, step) if *step != id.step);
        let holds = self.shown.world.holds(now);
        let hold = holds
            .into_iter()
            .find(|view| view.stack == *stack && meant(&view.hold.id))
            .map(|view| view.hold.id.clone());
        match (there, hold, self.board.def().slot) {
            (true, Some(id), Slot::Lists | Slot::Picture) => {
                self.open(Target::Hold(stack.clone(), id), now);
            }
            (true, None, Slot::Lists) => self.board.focus_slot(Slot::Picture),
            (true, None, Slot::Picture) => self.board.focus_slot(Slot::Lines),
            (true, _, Slot::Lines) | (false, ..) => self.go_to(stack, now),
        }
    }

    /// Every jump to a stack: what hides it gives way, and is named; where that cannot be, nothing
    /// moves, and it is said.
    fn go_to(&mut self, stack: &StackId, now: Time) {
        match self.board.go_to(stack, &self.shown.scene(&self.keys, now)) {
            Jump::There => {}
            Jump::Cleared(says) => self.say(says, Role::Hint),
            Jump::Unlisted => {
                let says = format!("{stack} is in no list here: it cannot be gone to");
                self.say(says, Role::Warn);
            }
        }
    }

    /// Shows something, or changes how things are shown.
    pub(super) fn show(&mut self, show: Show, now: Time) {
        match show {
            Show::Help => self.help(now),
            Show::Palette => self.palette(),
            Show::Menu => self.menu(now),
            Show::Needs => match self
                .shown
                .views
                .needs
                .as_ref()
                .map(|(verdict, _)| verdict.stack.clone())
            {
                Some(stack) => self.go_to(&stack, now),
                None => self.say_while("nothing needs a person", Role::Said, Rests::Calm),
            },
            Show::Audit => self.page_audit(),
            Show::Aside => self.page_aside(),
            Show::Versions => self.page_versions(now),
            Show::Identity => self.page_identity(),
            Show::Details => self.page_details(now),
            Show::Raw => self.page_raw(now),
            Show::History => self.page_history(now),
            Show::Explain => self.page_explain(now),
            Show::FirstError => {
                self.show_lines(false, now);
                self.motion(Motion::FirstError, now);
            }
            Show::Logs => self.show_lines(false, now),
            Show::LogsAll if self.shown.everything && self.board.zoomed() => self.page_unfollowed(),
            Show::LogsAll => {
                self.show_lines(true, now);
                self.board.zoom(true);
            }
            Show::CopyLine => {
                let flow = self.with_pane(now, |pane, scene| pane.motion(Motion::Copy, scene));
                match flow {
                    Flow::Pass => self.say("there is no line to copy here", Role::Hint),
                    flow => self.flow(flow, None, now),
                }
            }
            Show::CopyId => match self.target(now) {
                Some(target) => self.copy(&copied::id(&target)),
                None => self.say("nothing is under the cursor", Role::Hint),
            },
            Show::CopyCommand => match self.target(now) {
                Some(target) => self.copy(&copied::command(&self.shown.world, &target)),
                None => self.say("nothing is under the cursor", Role::Hint),
            },
            Show::Zoom if self.board.zoomed() => self.unzoom(),
            Show::Zoom => self.board.zoom(true),
            Show::NextPane => self.board.focus_next(true),
            Show::PrevPane => self.board.focus_next(false),
            Show::Pane(name) => self.board.focus_on(name),
            Show::Refresh => {
                self.tail.look_again();
                self.wake(now);
                self.say("looking again", Role::Hint);
            }
            Show::Redraw => self.wishes.push(Wish::Redraw),
            Show::Mouse => self.wishes.push(Wish::Mouse),
            Show::Mode => self.toggle_lock(now),
            Show::Back => {
                if self.board.zoomed() {
                    self.unzoom();
                } else if !self.board.at_root() {
                    self.board.focus_root();
                } else {
                    self.leaving = true;
                    let key = self.keys.first("back");
                    self.say(format!("leave the console? {key} leaves, any other key stays; deployments go on"), Role::Strong);
                }
            }
            Show::Quit => self.wishes.push(Wish::Quit),
            Show::Interrupt => self.interrupt(now),
            Show::Suspend => self.wishes.push(Wish::Suspend),
        }
    }

    /// Shows all panes again; the lines are those of the stack, as the other panes are.
    fn unzoom(&mut self) {
        self.board.zoom(false);
        if self.shown.everything {
            self.shown.lines_of(false);
        }
    }

    fn show_lines(&mut self, everything: bool, now: Time) {
        self.shown.lines_of(everything);
        self.board.focus_slot(Slot::Lines);
        self.settle(now);
    }
}
