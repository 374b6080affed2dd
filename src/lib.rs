//! Holdpoint: a terminal console, and the engine under it, for people on call. The map of rooms is
//! ARCHITECTURE.md.

pub mod aws;
pub mod cli;
pub mod config;
pub mod desk;
pub mod domain;
pub mod engine;
pub mod exec;
pub mod forms;
pub mod hosts;
pub mod observe;
pub mod os;
pub mod places;
pub mod postgres;
pub mod sandbox;
pub mod secrets;
pub mod store;
pub mod systems;
pub mod text;
pub mod trigger;
pub mod tui;
pub mod world;
