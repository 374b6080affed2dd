//! The forms that a system's plans share with the hands and eyes of a tool: parameters of its
//! steps, facts of its looks, what its words mean. One file a tool; pure data. Who is no system,
//! hand or eye does not look in here.

pub mod acm;
pub mod bitbucket;
pub mod cloudformation;
pub mod cloudfront;
pub mod codebuild;
pub mod ecs;
pub mod elb;
pub mod git;
pub mod image;
pub mod keyed;
pub mod postgres;
pub mod registry;
pub mod role;
pub mod s3;
pub mod secretsmanager;
pub mod sources;
pub mod ssm;
pub mod terraform;
pub mod workshop;
