//! The services of the embedded cloud: a folder for each, and this list. Nothing else in the room
//! names them, but for a service that looks up another by the type of its state.

pub mod acm;
pub mod cloudformation;
pub mod cloudfront;
pub mod codebuild;
pub mod ecs;
pub mod elb;
pub mod events;
pub mod logs;
pub mod practice;
pub mod route53;
pub mod s3;
pub mod secretsmanager;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod sts;

use super::service::Offer;

/// All services.
pub const ALL: &[&Offer] = &[
    &acm::OFFER,
    &cloudformation::OFFER,
    &cloudfront::OFFER,
    &codebuild::OFFER,
    &ecs::OFFER,
    &elb::OFFER,
    &events::OFFER,
    &logs::OFFER,
    &practice::OFFER,
    &route53::OFFER,
    &s3::OFFER,
    &secretsmanager::OFFER,
    &sns::OFFER,
    &sqs::OFFER,
    &ssm::OFFER,
    &sts::OFFER,
];
