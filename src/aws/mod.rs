//! The way to AWS: clients built from an environment's target, what an error means, one budget of
//! calls per account, and the words of the services that hands and eyes share. It decides nothing
//! and changes nothing by itself.

pub mod acm;
pub mod address;
mod bounds;
pub mod budget;
mod calls;
pub mod cfn;
pub mod clients;
pub mod cloudfront;
pub mod codebuild;
mod dates;
#[cfg(test)]
pub(crate) mod double;
pub mod ecs;
mod elb;
mod gather;
mod genuine;
pub mod identity;
mod profile;
pub mod registered;
mod rest;
pub mod route53;
pub mod s3;
mod secretsmanager;
pub mod sqs;
mod ssm;
pub mod stream;
pub mod target;
mod tools;
pub mod trouble;
mod variables;
mod xml;

pub use clients::{Clients, Cloud};
pub use target::{AwsTarget, KIND};
pub use trouble::{Trouble, TroubleKind};
pub use variables::Variables;
