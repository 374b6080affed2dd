//! Whether an answer is one of the service. A proxy, or the login page of a network, answers with
//! success too: with a page or with nothing. The SDK does not look at answers that should hold
//! nothing, and would take that for done.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Refuses successes that are not the service's own. Refusals have a code, and are told apart by
/// that.
#[derive(Debug)]
pub(super) struct Genuine;

/// Somebody else answered.
#[derive(Debug, thiserror::Error)]
#[error("not an answer of the service: {0}")]
struct Foreign(String);

impl Intercept for Genuine {
    fn name(&self) -> &'static str {
        "holdpoint-genuine"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if response.status().is_success()
            && !is_named(response)
            && !response.body().bytes().is_none_or(is_of_a_service)
        {
            let kind = response.headers().get("content-type").unwrap_or("no type");
            let length = response.body().bytes().map_or(0, <[u8]>::len);
            return Err(Foreign(format!("{kind}, {length} bytes")).into());
        }
        Ok(())
    }
}

/// AWS names every request in its answer.
fn is_named(response: &HttpResponse) -> bool {
    ["x-amzn-requestid", "x-amz-request-id"]
        .iter()
        .any(|name| response.headers().get(*name).is_some())
}

/// Not every emulator does; then the form tells: a JSON object, or XML whose root is a response or
/// a thing that a service answers with.
fn is_of_a_service(body: &[u8]) -> bool {
    let root = root(body);
    body.trim_ascii_start().starts_with(b"{")
        || root.ends_with(b"Response")
        || THINGS.contains(&root)
}

/// The roots of answers that are called by what they are.
const THINGS: [&[u8]; 7] = [
    b"ListBucketResult",
    b"DeleteResult",
    b"Distribution",
    b"DistributionList",
    b"Invalidation",
    b"OriginAccessControl",
    b"OriginAccessControlList",
];

/// The name of the first element.
fn root(body: &[u8]) -> &[u8] {
    let begin = body
        .windows(2)
        .position(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic())
        .map_or(body.len(), |at| at + 1);
    let length = body[begin..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b':')
        .count();
    &body[begin..begin + length]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_nothing_are_no_answers() {
        let cases: [(&str, bool); 10] = [
            (
                "<Distribution xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">",
                true,
            ),
            ("<DistributionPage>", false),
            (
                "<DeleteStackResponse xmlns=\"http://cloudformation.amazonaws.com/\"/>",
                true,
            ),
            ("<?xml version=\"1.0\"?>\n<ns:DescribeStacksResponse>", true),
            (" {\"events\":[]}", true),
            ("{}", true),
            ("", false),
            (" \n", false),
            ("<!DOCTYPE html><html><body>Sign in</body></html>", false),
            ("Sign in to this network", false),
        ];
        for (body, genuine) in cases {
            assert_eq!(is_of_a_service(body.as_bytes()), genuine, "{body}");
        }
    }
}
