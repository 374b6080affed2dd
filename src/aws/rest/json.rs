//! Services that speak JSON: one path, the name of the call in a header.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Ask};
use crate::aws::xml::Unread;

/// Which JSON a service speaks: the content type of its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::aws) enum Json {
    /// Version 1.0.
    V1_0,
    /// Version 1.1.
    V1_1,
}

impl Json {
    fn content_type(self) -> &'static str {
        match self {
            Self::V1_0 => "application/x-amz-json-1.0",
            Self::V1_1 => "application/x-amz-json-1.1",
        }
    }
}

impl Ask {
    /// A call by its name, with the prefix that the service has: `AmazonEC2ContainerServiceV20141113.DescribeServices`.
    pub(in crate::aws) fn json(speaks: Json, name: &str, asks: &Value) -> Self {
        Self::new("POST", "/")
            .header("content-type", speaks.content_type())
            .header("x-amz-target", name)
            .bytes(asks.to_string().into_bytes())
    }
}

impl Answer {
    /// The body, read as JSON.
    pub(in crate::aws) fn json<T: for<'a> Deserialize<'a>>(&self) -> Result<T, Unread> {
        serde_json::from_slice(self.body()).map_err(|why| Unread(why.to_string()))
    }
}

/// The code and the message of an error. The code stands behind the name of its service, or before
/// an address.
pub(super) fn refusal(response: &HttpResponse, body: &[u8]) -> Option<ErrorMetadata> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let field = |names: [&str; 3]| names.into_iter().find_map(|name| told.get(name)?.as_str());
    let header = || response.headers().get("x-amzn-errortype");
    let kind = field(["__type", "code", "Code"]).or_else(header)?;
    let kind = kind.split(':').next().unwrap_or(kind);
    let code = kind.rsplit('#').next().unwrap_or(kind);
    let message = field(["message", "Message", "errorMessage"]).unwrap_or_default();
    Some(ErrorMetadata::builder().code(code).message(message).build())
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    #[test]
    fn a_refusal_is_read_and_a_page_is_none() {
        let mut response = HttpResponse::new(400.try_into().unwrap(), SdkBody::empty());
        let told = |response: &HttpResponse, body: &str| {
            refusal(response, body.as_bytes()).map(|told| {
                let [code, message] = [told.code(), told.message()].map(Option::unwrap_or_default);
                format!("{code}: {message}")
            })
        };
        for (body, is) in [
            (
                r#"{"__type":"com.amazonaws.ecs.v2014#ClusterNotFoundException","message":"Cluster not found."}"#,
                Some("ClusterNotFoundException: Cluster not found."),
            ),
            (
                r#"{"__type":"ThrottlingException","Message":"Rate exceeded"}"#,
                Some("ThrottlingException: Rate exceeded"),
            ),
            (
                r#"{"code":"AccessDenied:http://internal.amazon.com/coral/"}"#,
                Some("AccessDenied: "),
            ),
            (r#"{"message":"Forbidden"}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(told(&response, body).as_deref(), is, "{body}");
        }
        response
            .headers_mut()
            .insert("x-amzn-errortype", "ServerException:http://x/");
        assert_eq!(
            told(&response, r#"{"message":"try again"}"#).as_deref(),
            Some("ServerException: try again")
        );
    }
}
