//! The console as people use it: screens as text, key scripts, and what no sequence of harmless keys can do.

use super::double::{Bench, some_lines};
use crate::domain::ask::{Answer, Ask, Intent};
use crate::world::fixture::{self};

mod harmless;
mod look;
mod screens;
mod scripts;
