//! Which versions are newer than those that the files of an application pin.

use crate::domain::ids::StackId;
use crate::domain::time::{Time, short};
use crate::tui::console::Console;
use crate::tui::layers::page::Text;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

impl Console {
    /// Looks anew, and shows what is known meanwhile.
    pub(in crate::tui::console) fn page_versions(&mut self, now: Time) {
        let Some(stack) = self.page_stack(now) else {
            return;
        };
        let whole = stack.whole();
        self.desk.look_for_newer(&whole);
        let title = format!("Versions that the files of {whole} pin");
        self.page_of(title, whole, |whole, scene, _| lines(whole, scene));
    }
}

fn lines(whole: &StackId, scene: &Scene<'_>) -> Vec<Text> {
    let known = scene.world.newer.get(whole);
    let mut lines = Vec::new();
    if let Some(since) = known.and_then(|known| known.looking) {
        let says = format!(
            "looking into the repositories, for {}",
            short(scene.now.since(since))
        );
        lines.push(Text::new("", says).role(Role::Dim));
    }
    let Some((found, at)) = known.and_then(|known| Some((known.found.as_ref()?, known.at))) else {
        if lines.is_empty() {
            lines.push(Text::new("", "nobody looks for versions here").role(Role::Dim));
        }
        return lines;
    };
    let age = short(scene.now.since(at));
    match found {
        Err(why) => {
            let says = format!("{age} ago: {why}");
            lines.push(Text::new("NOT KNOWN", says).role(Role::Fail));
        }
        Ok(found) if found.is_empty() => {
            let says = format!("the files of {whole} pin no versions");
            lines.push(Text::new("", says).role(Role::Dim));
        }
        Ok(found) => {
            lines.push(Text::new("", format!("as of {age} ago")).role(Role::Dim));
            lines.extend(found.iter().map(|line| {
                // The commits between stand below the line of their component.
                let role = if line.as_str().starts_with(' ') {
                    Role::Dim
                } else {
                    Role::Text
                };
                Text::new("", line.to_string()).role(role)
            }));
            if found.iter().any(|line| line.as_str().contains(" -> ")) {
                let says = format!(
                    "holdpoint update {whole} [COMPONENT [VERSION]] writes them; deploy it then as any change"
                );
                lines.push(Text::new("", says).role(Role::Dim));
            }
        }
    }
    lines
}
