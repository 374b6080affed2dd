//! One integration binary: the walls between rooms, and the program as a person or a script meets
//! it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by failing"
)]

mod bitbucket;
mod builds;
mod cloud;
mod cloud_contract;
mod cloud_life;
mod cloud_practice;
mod cloud_services;
mod consent;
mod console;
mod crashes;
mod databases;
mod estate;
mod eyes;
mod faults;
mod fenced;
mod full_disk;
mod github;
mod guards;
mod hands;
mod images;
mod killed;
mod kills;
mod life;
mod mach;
mod mach_aws;
mod mach_really;
mod o5;
mod order;
mod peers;
mod postgres;
mod power;
mod profiles;
#[allow(dead_code, reason = "the stories use all of it in turn")]
mod program;
#[allow(dead_code, reason = "the stories use all of it in turn")]
mod pty;
mod reading;
mod readme;
mod reads;
mod really;
mod registered;
mod serve;
mod shell;
#[allow(dead_code, reason = "pictures are written by hand and by .ci/run")]
mod shop;
mod shot;
mod small_disk;
mod sops;
mod stages;
mod stores;
mod tasks;
mod triggers;
mod walls;
mod ways_out;
mod wire;
mod zip;
