//! The contract of the embedded cloud, asked of emulators that nobody here wrote: where they keep
//! it, what we tested against ours holds for others. What each cannot show is in
//! tests/peers/README.md.

use crate::cloud_contract::{Features, Patience, config, contract};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs moto; .ci/run starts it"]
async fn moto_keeps_its_part_of_the_contract() {
    let features = Features {
        takes_time: false,
        refuses_no_op: false,
        true_differences: false,
        sets_die: false,
        keeps_template: false,
        tokens: false,
        events: false,
    };
    contract(&client("HOLDPOINT_MOTO"), "hp-contract", features, &AtOnce).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs ministack; .ci/run starts it"]
async fn ministack_keeps_its_part_of_the_contract() {
    let features = Features {
        takes_time: false,
        refuses_no_op: true,
        true_differences: true,
        sets_die: true,
        keeps_template: true,
        tokens: false,
        events: true,
    };
    contract(
        &client("HOLDPOINT_MINISTACK"),
        "hp-contract",
        features,
        &AtOnce,
    )
    .await;
}

fn client(variable: &str) -> aws_sdk_cloudformation::Client {
    aws_sdk_cloudformation::Client::new(&config(&endpoint(variable)))
}

/// For emulators that have done everything when they answer.
struct AtOnce;

impl Patience for AtOnce {
    async fn wait(&self) {
        tokio::task::yield_now().await;
    }
}

/// The endpoint that a variable names.
pub(crate) fn endpoint(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} names no endpoint; run .ci/run peers"))
}
