//! The services whose calls are signed here, over what all clients are made of: methods, paths, and
//! XML or JSON. The SDK's own crate of any of them takes longer to compile than this.

mod json;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_smithy_runtime::client::orchestrator::operation::{Operation, OperationBuilder};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::bounds::times;
use super::xml::{Element, Unread};

pub(super) use json::Json;

/// What stands as it is in a path; a slash parts it.
const PATH: &AsciiSet = &VALUE.remove(b'/');
/// What stands as it is in a value of a query.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A service at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    /// Its name in signatures.
    pub(super) name: &'static str,
    /// The region in signatures.
    pub(super) region: String,
    /// Where it is, where no endpoint is given.
    pub(super) address: String,
    /// How long is waited for an answer.
    pub(super) limit: Duration,
}

impl Service {
    /// One that each region has of its own.
    pub(super) fn in_region(name: &'static str, region: &str, limit: Duration) -> Self {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        Self {
            name,
            region: region.to_owned(),
            address: format!("https://{name}.{region}.amazonaws.com{china}"),
            limit,
        }
    }
}

/// A call.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Ask {
    /// A call of a path in plain text: it is encoded here.
    pub(super) fn new(method: &'static str, path: &str) -> Self {
        Self {
            method,
            path: utf8_percent_encode(path, PATH).to_string(),
            ..Self::default()
        }
    }

    /// A call of a service that takes forms: its action, the version of its interface, and fields.
    pub(super) fn form(action: &str, version: &str, fields: &[(&str, &str)]) -> Self {
        let head = [("Action", action), ("Version", version)];
        let fields = head.iter().chain(fields).map(|(name, value)| {
            let value = utf8_percent_encode(value, VALUE);
            format!("{name}={value}")
        });
        let body = fields.collect::<Vec<_>>().join("&");
        Self::new("POST", "/")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            )
            .bytes(body.into_bytes())
    }

    /// With a field of the query, in plain text.
    pub(super) fn query(mut self, name: &str, value: &str) -> Self {
        self.path
            .push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(name);
        if !value.is_empty() {
            self.path.push('=');
            self.path.extend(utf8_percent_encode(value, VALUE));
        }
        self
    }

    /// With a field of the query, where there is a value.
    pub(super) fn may_query(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// With a header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body of bytes.
    pub(super) fn bytes(self, body: Vec<u8>) -> Self {
        Self { body, ..self }
    }

    /// With a body of XML.
    pub(super) fn xml(self, body: &str) -> Self {
        self.header("content-type", "application/xml")
            .bytes(body.as_bytes().to_vec())
    }
}

/// What was answered by the service.
#[derive(Debug)]
pub(super) struct Answer {
    response: HttpResponse,
}

impl Answer {
    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)
    }

    /// A header that must be there.
    pub(super) fn need(&self, name: &str) -> Result<&str, Unread> {
        self.header(name)
            .ok_or_else(|| Unread(format!("no {name} comes with it")))
    }

    /// The body.
    pub(super) fn body(&self) -> &[u8] {
        self.response.body().bytes().unwrap_or_default()
    }

    /// The body as text.
    pub(super) fn text(&self) -> Result<&str, Unread> {
        std::str::from_utf8(self.body()).map_err(|why| Unread(why.to_string()))
    }

    /// The root of the body, which must have that name.
    pub(super) fn root(&self, name: &str) -> Result<Element, Unread> {
        let root = Element::read(self.text()?)?;
        if root.name == name {
            Ok(root)
        } else {
            Err(Unread(format!("{} where {name} should be", root.name)))
        }
    }
}

/// What a call comes to.
pub(super) type Told<T> = Result<T, SdkError<ErrorMetadata, HttpResponse>>;

/// A client of such a service.
#[derive(Debug, Clone)]
pub(super) struct Rest(Operation<Ask, Answer, ErrorMetadata>);

impl Rest {
    /// The client of a service; `with` gives it what all clients of the target have.
    pub(super) fn new(
        config: &SdkConfig,
        service: &Service,
        with: impl FnOnce(OperationBuilder) -> OperationBuilder,
    ) -> Self {
        let base = config.endpoint_url().unwrap_or(&service.address);
        let mut builder = Operation::builder()
            .service_name(service.name)
            .operation_name("Call")
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(base)
            .no_retry()
            .timeout_config(times(service.limit))
            .runtime_plugin(signed(config, service));
        if let Some(http) = config.http_client() {
            builder = builder.http_client(http);
        }
        Self(with(builder).serializer(request).deserializer(read).build())
    }

    /// Makes a call, and reads its answer. What cannot be read is trouble of the way there, as it
    /// is for all clients.
    pub(super) async fn call<T>(
        &self,
        ask: Ask,
        read: impl FnOnce(&Answer) -> Result<T, Unread>,
    ) -> Told<T> {
        let answer = self.0.invoke(ask).await?;
        read(&answer).map_err(|why| SdkError::response_error(why, answer.response))
    }
}

/// Whose credentials sign, and how: S3 wants the digest of the body in a header, and the path as it
/// is.
fn signed(config: &SdkConfig, service: &Service) -> StaticRuntimePlugin {
    let mut options = SigningOptions::default();
    if service.name == "s3" {
        options.double_uri_encode = false;
        options.normalize_uri_path = false;
        options.content_sha256_header = true;
    }
    let mut layer = Layer::new(service.name);
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::new(service.region.clone()))),
        name: Some(SigningName::from_static(service.name)),
        signing_options: options,
        ..SigV4OperationSigningConfig::default()
    });
    let only = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new(service.name)
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(only))
        .with_identity_cache(config.identity_cache())
        .with_sleep_impl(config.sleep_impl())
        .with_time_source(config.time_source());
    if let Some(credentials) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new()
        .with_config(layer.freeze())
        .with_runtime_components(components)
}

fn request(ask: Ask) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(ask.body));
    request.set_method(ask.method)?;
    request.set_uri(ask.path)?;
    let headers = request.headers_mut();
    headers.insert("user-agent", "holdpoint");
    for (name, value) in ask.headers {
        headers.try_insert(name, value)?;
    }
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<Answer, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if !response.status().is_success() {
        return Err(OrchestratorError::operation(refusal(response, body)));
    }
    let mut kept = HttpResponse::new(response.status(), SdkBody::from(body));
    *kept.headers_mut() = response.headers().clone();
    Ok(Answer { response: kept })
}

/// What the service refuses, in its own words; without a code where somebody else answered.
fn refusal(response: &HttpResponse, body: &[u8]) -> ErrorMetadata {
    let refusal = ErrorMetadata::builder();
    let is_named = |name: &str| response.headers().get(name).is_some();
    if body.is_empty() && (is_named("x-amz-request-id") || is_named("x-amzn-requestid")) {
        // To a question for the headers alone nothing else is answered.
        return match response.status().as_u16() {
            403 => refusal.code("AccessDenied").build(),
            404 => refusal.code("NotFound").build(),
            412 => refusal.code("PreconditionFailed").build(),
            _ => refusal.build(),
        };
    }
    told(&String::from_utf8_lossy(body))
        .or_else(|| json::refusal(response, body))
        .unwrap_or_else(|| refusal.build())
}

/// The code and the message of an error: bare as S3 has it, within a response as the others do, or
/// as the one kind of error that Route 53 has for itself.
fn told(text: &str) -> Option<ErrorMetadata> {
    let root = Element::read(text).ok()?;
    let (code, messages) = match root.name.as_str() {
        "Error" => (root.told(&["Code"])?, vec![root.told(&["Message"])]),
        "ErrorResponse" => (
            root.told(&["Error", "Code"])?,
            vec![root.told(&["Error", "Message"])],
        ),
        "InvalidChangeBatch" => {
            let all = root.all(&["Messages"], "Message");
            let mut messages: Vec<_> = all.map(|message| message.told(&[])).collect();
            messages.push(root.told(&["Message"]));
            (root.name.as_str(), messages)
        }
        _ => return None,
    };
    let message: Vec<&str> = messages.into_iter().flatten().collect();
    let refusal = ErrorMetadata::builder().code(code);
    Some(refusal.message(message.join("; ")).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_its_query_are_encoded_once() {
        let ask = Ask::new("GET", "/acme.sites/a b/é+(1)~%.css")
            .query("list-type", "2")
            .query("delete", "")
            .may_query("prefix", Some("a b+/é"))
            .may_query("marker", None);
        assert_eq!(
            ask.path,
            "/acme.sites/a%20b/%C3%A9%2B%281%29~%25.css?list-type=2&delete&prefix=a%20b%2B%2F%C3%A9"
        );
    }

    #[test]
    fn a_refusal_is_read_and_a_page_is_none() {
        for (body, code, message) in [
            (
                "<?xml version=\"1.0\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting &apos;eu-west-1&apos;</Message></Error>",
                "AuthorizationHeaderMalformed",
                "expecting 'eu-west-1'",
            ),
            (
                "<ErrorResponse xmlns=\"u\"><Error><Type>Sender</Type><Code>NoSuchDistribution</Code><Message>gone</Message></Error><RequestId>1</RequestId></ErrorResponse>",
                "NoSuchDistribution",
                "gone",
            ),
            (
                "<InvalidChangeBatch xmlns=\"u\"><Messages><Message>one</Message><Message>two</Message></Messages></InvalidChangeBatch>",
                "InvalidChangeBatch",
                "one; two",
            ),
        ] {
            let told = told(body).unwrap();
            assert_eq!((told.code(), told.message()), (Some(code), Some(message)));
        }
        for page in ["", "<html><Code>x</Code></html>", "<Error><Code>half", "x"] {
            assert!(told(page).is_none(), "{page}");
        }
    }
}
