//! Objects of S3: one is put, one is read. Two signed requests over what the other clients are made
//! of, because the SDK's own crate takes longer to compile than the others together. The bucket
//! stands in the path (as AWS serves it in every region, and every emulator does), so that there is
//! one form for all names and endpoints.

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
use quick_xml::escape::unescape;

use super::bounds::times;

/// S3, by one way in.
#[derive(Debug, Clone)]
pub(super) struct S3(Operation<Asked, Vec<u8>, ErrorMetadata>);

/// A request.
#[derive(Debug)]
struct Asked {
    path: String,
    /// What is put; none where it is read.
    put: Option<Vec<u8>>,
}

/// What an answer comes to.
pub(super) type Answer = Result<Vec<u8>, SdkError<ErrorMetadata, HttpResponse>>;

impl S3 {
    /// The client of a region; `with` gives it what all clients of the target have.
    pub(super) fn new(
        config: &SdkConfig,
        region: &str,
        with: impl FnOnce(OperationBuilder) -> OperationBuilder,
    ) -> Self {
        let base = match config.endpoint_url() {
            Some(url) => url.to_owned(),
            None => address(region),
        };
        let mut builder = Operation::builder()
            .service_name("s3")
            .operation_name("Object")
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&base)
            .no_retry()
            .timeout_config(times())
            .runtime_plugin(signed(config, region));
        if let Some(http) = config.http_client() {
            builder = builder.http_client(http);
        }
        Self(with(builder).serializer(request).deserializer(read).build())
    }

    /// Reads an object.
    pub(super) async fn get(&self, bucket: &str, key: &str) -> Answer {
        let path = format!("/{bucket}/{key}");
        self.0.invoke(Asked { path, put: None }).await
    }

    /// Puts an object. AWS takes it only if its digest is the one that was signed.
    pub(super) async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> Answer {
        let path = format!("/{bucket}/{key}");
        let put = Some(bytes);
        self.0.invoke(Asked { path, put }).await
    }
}

/// Where S3 is in a region.
pub(super) fn address(region: &str) -> String {
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://s3.{region}.amazonaws.com{end}")
}

/// Whose credentials sign, and how S3 wants it: the digest of the body in a header, the path as it
/// is.
fn signed(config: &SdkConfig, region: &str) -> StaticRuntimePlugin {
    let mut options = SigningOptions::default();
    options.double_uri_encode = false;
    options.normalize_uri_path = false;
    options.content_sha256_header = true;
    let mut layer = Layer::new("s3");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::new(region.to_owned()))),
        name: Some(SigningName::from_static("s3")),
        signing_options: options,
        ..SigV4OperationSigningConfig::default()
    });
    let only = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
    let mut components = RuntimeComponentsBuilder::new("s3")
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

fn request(asked: Asked) -> Result<HttpRequest, BoxError> {
    let (method, body) = match asked.put {
        Some(bytes) => ("PUT", SdkBody::from(bytes)),
        None => ("GET", SdkBody::empty()),
    };
    let mut request = HttpRequest::new(body);
    request.set_method(method)?;
    request.set_uri(asked.path)?;
    request.headers_mut().insert("user-agent", "holdpoint");
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        Ok(body.to_vec())
    } else {
        Err(OrchestratorError::operation(refusal(body)))
    }
}

/// What S3 refuses, in its own words; without a code where somebody else answered.
fn refusal(body: &[u8]) -> ErrorMetadata {
    let text = String::from_utf8_lossy(body);
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (inner, _) = rest.split_once(&format!("</{name}>"))?;
        unescape(inner).ok().map(std::borrow::Cow::into_owned)
    };
    let mut refusal = ErrorMetadata::builder();
    if let Some(code) = element("Code") {
        refusal = refusal.code(code);
    }
    if let Some(message) = element("Message") {
        refusal = refusal.message(message);
    }
    refusal.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_has_its_address() {
        for (region, is) in [
            ("eu-west-1", "https://s3.eu-west-1.amazonaws.com"),
            ("us-east-1", "https://s3.us-east-1.amazonaws.com"),
            ("us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
        ] {
            assert_eq!(address(region), is);
        }
    }

    #[test]
    fn a_refusal_is_read_and_a_page_is_none() {
        let told = refusal(
            b"<?xml version=\"1.0\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>expecting &apos;eu-west-1&apos;</Message></Error>",
        );
        assert_eq!(
            (told.code(), told.message()),
            (
                Some("AuthorizationHeaderMalformed"),
                Some("expecting 'eu-west-1'")
            )
        );
        for page in ["", "<html><code>x</code></html>", "<Code>half"] {
            assert_eq!(refusal(page.as_bytes()).code(), None, "{page}");
        }
    }
}
