//! Actions and what flows from panes: the only place where an order becomes a layer or an ask.

use crate::domain::ask::Ask;
use crate::domain::ids::StackId;
use crate::domain::time::{Time, short};
use crate::tui::actions::{self, Action, Cx, Denied, Does, Order, Show};
use crate::tui::layers::Layer;
use crate::tui::layers::card::ChangeCard;
use crate::tui::layers::freeze::FreezeForm;
use crate::tui::layers::hold::HoldCard;
use crate::tui::layers::paper::Place;
use crate::tui::motion::Motion;
use crate::tui::pane::{Flow, Target};
use crate::tui::panes::list::SETTLE;
use crate::tui::theme::Role;

use super::{Console, HOLDS, LIVE, LOG, Lock, PANES, QUEUE, STACKS, Wish, copied};

impl Console {
    /// What is under the cursor of the focused pane; for map and log the stack that they are about.
    pub(super) fn target(&mut self, now: Time) -> Option<Target> {
        self.with_pane(self.focus, now, |pane, scene| pane.target(scene))
    }

    /// Does an action. `touched`: it was chosen from a list, so that nothing is armed by itself.
    pub(super) fn act(&mut self, action: &'static Action, touched: bool, now: Time) {
        match action.does {
            Does::Move(motion) => {
                let flow = self.with_pane(self.focus, now, |pane, scene| pane.motion(motion, scene));
                if flow == Flow::Pass {
                    self.passed(motion, now);
                } else {
                    self.flow(flow, now);
                }
            }
            Does::Show(show) => self.show(show, now),
            Does::Change(_) => self.change(action, touched, now),
        }
    }

    /// A motion that the focused pane does not know.
    fn passed(&mut self, motion: Motion, now: Time) {
        match motion {
            // Seeking always means the list of stacks.
            Motion::NextFailed | Motion::PrevFailed | Motion::NextHold | Motion::PrevHold | Motion::NextRunning | Motion::PrevRunning
                if self.focus != STACKS =>
            {
                self.focus_on(STACKS);
                let flow = self.with_pane(STACKS, now, |pane, scene| pane.motion(motion, scene));
                self.flow(flow, now);
            }
            Motion::Escape if !self.keys.forget() && self.zoom => {
                self.zoom = false;
                self.resized = true;
            }
            _ => {}
        }
    }

    /// Why an action is not possible now.
    pub(super) fn denied(&mut self, action: &Action, now: Time) -> Option<Denied> {
        let Does::Change(run) = action.does else { return None };
        let target = self.target(now);
        let cx = Cx { world: &self.world, now, target: target.as_ref() };
        match run(&cx) {
            Err(denied) => Some(denied),
            Ok(order) => self.locked(&order, target.as_ref(), now),
        }
    }

    /// The lock of the environment; a hold's card is its own guard, and an undo takes nothing away but a wish.
    fn locked(&self, order: &Order, target: Option<&Target>, now: Time) -> Option<Denied> {
        match order {
            Order::Hold(..) | Order::Undo(..) => None,
            Order::Card { .. } | Order::Freeze(_) => match self.lock(target?.env(), now) {
                Lock::Read(why) => Some(Denied::new(why)),
                Lock::Guarded(_) | Lock::Open => None,
            },
        }
    }

    fn unsettled(&self, now: Time) -> bool {
        let rows = match self.focus {
            STACKS => self.stacks.unsettled(now),
            QUEUE => self.queue.unsettled(now),
            HOLDS => self.holds.unsettled(now),
            _ => false,
        };
        rows || (self.focus <= HOLDS && self.shifted_at.is_some_and(|at| now.since(at) < SETTLE))
    }

    fn change(&mut self, action: &'static Action, touched: bool, now: Time) {
        let Does::Change(run) = action.does else { return };
        let target = self.target(now);
        let order = run(&Cx { world: &self.world, now, target: target.as_ref() });
        // To be armed is what moves a row, and the time to undo it is short: what is taken back is named on the last line.
        if self.unsettled(now) && !matches!(order, Ok(Order::Undo(..))) {
            return self.say("the rows have just moved: look, then press it again", Role::Warn);
        }
        let order = match order {
            Ok(order) => order,
            Err(denied) => return self.say(format!("{}: {}", action.name, denied.says()), Role::Warn),
        };
        if let Some(denied) = self.locked(&order, target.as_ref(), now) {
            return self.say(denied.says(), Role::Warn);
        }
        match order {
            Order::Card { target, offers, first } => {
                let place = Place::of(&self.scene(now), target.env());
                let touched = touched || first > 0;
                self.layers.push(Layer::Card(Box::new(ChangeCard::new(target, place, offers, first, touched, now))));
                self.previews(now);
            }
            Order::Freeze(of) => {
                let place = Place::of(&self.scene(now), of.env());
                self.layers.push(Layer::Freeze(FreezeForm::new(of, place, now)));
            }
            Order::Undo(deployment, no) => self.submit(Ask::Undo { deployment }, format!("undo {no}"), target, now),
            Order::Hold(stack, id) => self.open(Target::Hold(stack, id), now),
        }
    }

    /// What a pane or layer answered.
    pub(super) fn flow(&mut self, flow: Flow, now: Time) {
        match flow {
            Flow::Pass | Flow::Used => {}
            Flow::Close => drop(self.layers.pop()),
            Flow::Say(text) => self.say(text, Role::Hint),
            Flow::Copy(text) => self.copy(&text),
            Flow::Open(target) => self.open(target, now),
            Flow::Act(name) => {
                self.layers.pop();
                if let Some(action) = actions::named(name) {
                    self.act(action, true, now);
                }
            }
            Flow::Ask(ask) => self.confirm(*ask, now),
        }
    }

    /// A card or form whose guard was met.
    fn confirm(&mut self, ask: Ask, now: Time) {
        let (label, target) = match self.layers.last() {
            Some(Layer::Card(card)) => (card.label(), Some(crate::tui::pane::Pane::target(card.as_ref(), &self.scene(now))).flatten()),
            Some(Layer::Hold(hold)) => (hold.label(), None),
            Some(Layer::Freeze(form)) => {
                let target = crate::tui::pane::Pane::target(form, &self.scene(now));
                let name = target.as_ref().map_or_else(String::new, |target| match target {
                    Target::Environment(env) => env.to_string(),
                    other => other.stack().map_or_else(String::new, StackId::to_string),
                });
                self.layers.pop();
                (format!("freeze {name}"), target)
            }
            Some(Layer::Choose(_) | Layer::Page(_)) | None => return,
        };
        self.submit(ask, label, target, now);
    }

    fn copy(&mut self, text: &str) {
        let shown = crate::tui::paint::fit(text.lines().next().unwrap_or_default(), 40);
        self.say(format!("sent to terminal: {shown}"), Role::Said);
        self.wishes.push(Wish::Clip(text.trim_end().to_owned()));
    }

    /// Goes to what is meant; never changes anything.
    pub(super) fn open(&mut self, target: Target, now: Time) {
        match target {
            Target::Hold(stack, id) => {
                let place = Place::of(&self.scene(now), &stack.env);
                self.layers.retain(|layer| !matches!(layer, Layer::Choose(_)));
                self.layers.push(Layer::Hold(Box::new(HoldCard::new(stack, id, place, now))));
            }
            Target::Environment(env) => {
                self.layers.clear();
                self.focus_on(STACKS);
                let first = self.views.environments.iter().find(|view| view.name == env).and_then(|view| view.rows.first());
                if let Some(stack) = first.map(|row| row.stack.clone()) {
                    self.go_to(&stack, now);
                }
            }
            Target::Stack(stack) | Target::Deployment(stack, ..) | Target::Step(stack, ..) => {
                let there = self.layers.is_empty() && self.about.as_ref() == Some(&stack);
                self.layers.clear();
                // Enter on the stack that is shown already goes one deeper: to a hold that waits, else to the map, else to its lines.
                let hold = self.world.holds(now).into_iter().find(|view| view.stack == stack).map(|view| view.hold.id.clone());
                match (there, hold, self.focus) {
                    (true, Some(id), STACKS | QUEUE) => self.open(Target::Hold(stack, id), now),
                    (true, _, STACKS | QUEUE) => self.focus_on(LIVE),
                    (true, _, LIVE) => self.focus_on(LOG),
                    _ => self.go_to(&stack, now),
                }
            }
        }
    }

    fn go_to(&mut self, stack: &StackId, now: Time) {
        self.focus_on(STACKS);
        let (world, views) = (std::sync::Arc::clone(&self.world), std::mem::take(&mut self.views));
        let scene = crate::tui::scene::Scene { views: &views, ..crate::tui::scene::Scene::new(&world, now) };
        self.stacks.select(stack, &scene);
        self.views = views;
    }

    /// Shows something, or changes how things are shown.
    pub(super) fn show(&mut self, show: Show, now: Time) {
        match show {
            Show::Help => self.help(now),
            Show::Palette => self.palette(),
            Show::Menu => self.menu(now),
            Show::Holds => self.focus_on(HOLDS),
            Show::Needs => match self.views.needs.as_ref().map(|(verdict, _)| verdict.stack.clone()) {
                Some(stack) => self.go_to(&stack, now),
                None => self.say("nothing needs a person", Role::Said),
            },
            Show::Audit => self.page_audit(),
            Show::Identity => self.page_identity(now),
            Show::Details => self.page_details(now),
            Show::Raw => self.page_raw(now),
            Show::History => self.page_history(now),
            Show::Explain => self.page_explain(now),
            Show::FirstError => {
                self.show_log(false, now);
                let shown = self.about.as_ref().and_then(|stack| self.world.latest(stack));
                let since = shown.and_then(|d| d.started_at);
                let flow = self.log.first_error(since);
                self.flow(flow, now);
            }
            Show::Logs => self.show_log(false, now),
            Show::LogsAll => {
                self.show_log(true, now);
                self.zoom = true;
            }
            Show::CopyLine => {
                let flow = self.with_pane(self.focus, now, |pane, scene| pane.motion(Motion::Copy, scene));
                match flow {
                    Flow::Pass => self.say("there is no line to copy here", Role::Hint),
                    flow => self.flow(flow, now),
                }
            }
            Show::CopyId => match self.target(now) {
                Some(target) => self.copy(&copied::id(&target)),
                None => self.say("nothing is under the cursor", Role::Hint),
            },
            Show::CopyCommand => match self.target(now) {
                Some(target) => self.copy(&copied::command(&self.world, &target)),
                None => self.say("nothing is under the cursor", Role::Hint),
            },
            Show::Zoom => {
                self.zoom = !self.zoom;
                self.resized = true;
            }
            Show::NextPane => self.focus_on((self.focus + 1) % PANES),
            Show::PrevPane => self.focus_on((self.focus + PANES - 1) % PANES),
            Show::Pane(which) => self.focus_on(which.min(LOG)),
            Show::Refresh => {
                self.watched.clear();
                self.wake(now);
                self.say("looking again", Role::Hint);
            }
            Show::Redraw => self.wishes.push(Wish::Redraw),
            Show::Mouse => self.wishes.push(Wish::Mouse),
            Show::Mode => self.toggle_lock(now),
            Show::Back => {
                if self.zoom {
                    self.zoom = false;
                    self.resized = true;
                } else if self.focus != STACKS {
                    self.focus_on(STACKS);
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

    fn show_log(&mut self, everything: bool, now: Time) {
        self.everything = everything;
        self.about_since = Time(i64::MIN / 2);
        self.focus_on(LOG);
        self.settle(now);
    }

    fn toggle_lock(&mut self, now: Time) {
        let Some(env) = self.target(now).map(|target| target.env().clone()) else {
            return self.say("choose a stack or an environment first", Role::Hint);
        };
        match self.lock(&env, now) {
            Lock::Guarded(_) => {
                self.unlocked.remove(&env);
                self.say(format!("{env} is READ again"), Role::Said);
            }
            Lock::Open => {
                self.locked.insert(env.clone());
                self.say(format!("{env} is READ"), Role::Said);
            }
            Lock::Read(_) if self.locked.remove(&env) => self.say(format!("{env} is OPEN; every change still has its card"), Role::Said),
            Lock::Read(why) => {
                if self.world.record(&env).is_some_and(|record| record.mode == crate::domain::environment::Mode::Watch) {
                    return self.say(why, Role::Warn);
                }
                self.unlocked.insert(env.clone(), now + super::UNLOCKED);
                self.say(format!("{env} is GUARDED for {}; every change still has its card", short(super::UNLOCKED)), Role::Said);
            }
        }
    }
}
