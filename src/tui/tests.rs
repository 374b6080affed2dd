//! The console as people use it: screens as text, key scripts, what every pane of the table must
//! keep, and what no sequence of harmless keys can do.

use super::double::{Bench, some_lines};
use crate::domain::ask::{Answer, Ask, Intent};
use crate::world::fixture::{self};

mod audited;
mod follows;
mod harmless;
mod jumps;
mod keys_shown;
mod live;
mod made_up;
mod paging;
mod parameters;
mod said;
mod screens;
mod scripts;
mod unseen;
