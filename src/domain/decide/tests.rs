//! The rules of deployments, stacks and holds: one by one as stories, and as laws over random
//! histories.

mod approvals;
mod apps;
mod cancels;
mod flags;
mod histories;
mod laws;
mod loss;
mod marks;
mod outside;
mod partial;
mod parts;
mod places;
mod queueing;
mod rules;
mod serving;
mod sim;
mod unseen;
mod voids;
