//! Where calls go: which addresses may get real credentials, and the rewriting of a request's
//! address just before it is signed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Whose an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// AWS itself, over TLS.
    Aws,
    /// This machine.
    Loopback,
    /// Somebody else's: gets credentials only from a profile that was named for it.
    Other,
}

/// Whose the host of an endpoint URL is.
#[must_use]
pub fn whose(url: &str) -> Whose {
    let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return Whose::Other,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // A user part in an address only ever hides the host.
    if authority.contains('@') {
        return Whose::Other;
    }
    let host = host(authority).to_ascii_lowercase();
    let loopback = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    if loopback {
        Whose::Loopback
    } else if tls
        && [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]
            .iter()
            .any(|end| host.ends_with(end))
    {
        Whose::Aws
    } else {
        Whose::Other
    }
}

/// The host of `host:port`, without the brackets of an IPv6 address.
fn host(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Rewrites the address of each attempt before it is signed: the embedded cloud may have started
/// again on another port, and the SDK puts `stream-` before the host of a live tail even when an
/// endpoint was given.
#[derive(Debug)]
pub(super) struct Rewrite {
    /// The port of the embedded cloud; 0 for every other endpoint.
    pub(super) port: Arc<AtomicU16>,
}

impl Intercept for Rewrite {
    fn name(&self) -> &'static str {
        "holdpoint-address"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(uri) = rewritten(request.uri(), self.port.load(Ordering::Acquire)) {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

/// The address without the `stream-` prefix and with the present port; `None` when it stays.
fn rewritten(uri: &str, port: u16) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let plain = authority.strip_prefix("stream-").unwrap_or(authority);
    let fresh = if port == 0 {
        plain.to_owned()
    } else {
        format!("127.0.0.1:{port}")
    };
    (fresh != authority).then(|| format!("{scheme}://{fresh}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let cases = [
            ("http://127.0.0.1:5001", Whose::Loopback),
            ("http://localhost:4566/", Whose::Loopback),
            ("https://[::1]:9297", Whose::Loopback),
            ("https://cloudformation.eu-west-1.amazonaws.com", Whose::Aws),
            (
                "http://cloudformation.eu-west-1.amazonaws.com",
                Whose::Other,
            ),
            ("https://amazonaws.com.evil.example", Whose::Other),
            ("https://evilamazonaws.com", Whose::Other),
            ("https://127.0.0.1@evil.example", Whose::Other),
            ("https://x.amazonaws.com:443@evil.example/", Whose::Other),
            ("http://127.0.0.1.evil.example", Whose::Other),
            ("ftp://127.0.0.1", Whose::Other),
            ("", Whose::Other),
        ];
        for (url, expected) in cases {
            assert_eq!(whose(url), expected, "{url}");
        }
    }

    #[test]
    fn the_prefix_goes_and_the_port_follows() {
        assert_eq!(
            rewritten("http://stream-127.0.0.1:5001/", 0).as_deref(),
            Some("http://127.0.0.1:5001/")
        );
        assert_eq!(rewritten("http://127.0.0.1:5001/", 0), None);
        assert_eq!(
            rewritten("http://127.0.0.1:5001/?a=b", 6000).as_deref(),
            Some("http://127.0.0.1:6000/?a=b")
        );
        assert_eq!(
            rewritten("http://stream-127.0.0.1:5001", 6000).as_deref(),
            Some("http://127.0.0.1:6000")
        );
        assert_eq!(rewritten("http://127.0.0.1:6000/", 6000), None);
    }
}
