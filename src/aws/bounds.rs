//! How much of an answer is taken, and how long is waited for it: of every service, and of whoever
//! gives the credentials. An answer is held in memory before it is read, and who answers may be
//! anybody.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http_body::{Body, Frame, SizeHint};

/// The largest answer in MiB; of a live tail, the largest message. AWS ends its pages at 1 MB, which
/// quoting makes six times as long at most.
const LARGEST: usize = 16;

/// How long is waited for a whole answer of most services.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// How long is waited for a connection, and for a whole answer.
pub(super) fn times(answer: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(4))
        .operation_attempt_timeout(answer)
        .build()
}

/// The same client with a bound to each answer.
pub(super) fn bounded(client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Bounded(client))
}

/// An answer does not end where answers of AWS do.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {LARGEST} MiB")]
struct Endless;

/// Whether an error is that an answer did not end.
pub(super) fn is_endless(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.downcast_ref::<Endless>().is_some())
}

#[derive(Debug)]
struct Bounded(SharedHttpClient);

impl HttpClient for Bounded {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let follows = request
            .headers()
            .get("x-amz-target")
            .is_some_and(|target| target.ends_with(".StartLiveTail"));
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            bound(&mut answer, follows);
            Ok(answer)
        })
    }
}

fn bound(answer: &mut HttpResponse, follows: bool) {
    // What is refused is read whole, whatever was asked for.
    let left = if follows && answer.status().is_success() {
        Left::OfMessage(Message::default())
    } else {
        Left::OfAll(LARGEST << 20)
    };
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    *answer.body_mut() = SdkBody::from_body_1_x(Counted { body, left });
}

/// A body that ends with an error where there is more of it than may be.
struct Counted {
    body: SdkBody,
    left: Left,
}

impl Body for Counted {
    type Data = <SdkBody as Body>::Data;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && !self.left.take(data)
        {
            return Poll::Ready(Some(Err(Endless.into())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How much may still come.
#[derive(Debug)]
enum Left {
    /// Of the whole answer.
    OfAll(usize),
    /// Of one message of many, for as long as it pleases.
    OfMessage(Message),
}

impl Left {
    /// Whether this much more may come.
    fn take(&mut self, data: &[u8]) -> bool {
        match self {
            Left::OfAll(left) => {
                let enough = data.len() <= *left;
                *left = left.saturating_sub(data.len());
                enough
            }
            Left::OfMessage(message) => message.take(data),
        }
    }
}

/// Where a stream of messages stands: each begins with its own length in four bytes.
#[derive(Debug, Default)]
struct Message {
    length: Vec<u8>,
    rest: usize,
}

impl Message {
    fn take(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            let body = self.rest.min(data.len());
            self.rest -= body;
            data = &data[body..];
            let head = data.len().min(4 - self.length.len());
            self.length.extend_from_slice(&data[..head]);
            data = &data[head..];
            if let Ok(length) = <[u8; 4]>::try_from(self.length.as_slice()) {
                self.length.clear();
                self.rest = usize::try_from(u32::from_be_bytes(length))
                    .unwrap_or(usize::MAX)
                    .saturating_sub(4);
                if self.rest > LARGEST << 20 {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;

    use super::*;
    use crate::aws::ecs::Service;
    use crate::aws::{AwsTarget, Clients, Cloud, TroubleKind};
    use crate::domain::failure::Retry;
    use crate::domain::time::Time;
    use crate::os::clock::Stepped;

    /// Answers every call with this beginning, and then with this piece for ever or until nobody
    /// reads on.
    fn endless(head: &'static str, piece: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let piece = piece.clone();
                std::thread::spawn(move || answer(stream, head, &piece));
            }
        });
        at
    }

    fn answer(mut stream: TcpStream, head: &str, piece: &[u8]) {
        let _ = stream.read(&mut [0; 8192]);
        let _ = stream.write_all(head.as_bytes());
        if piece.is_empty() {
            // Nothing more comes, and the connection stays.
            let _ = stream.read(&mut [0; 1]);
        }
        while !piece.is_empty() && stream.write_all(piece).is_ok() {}
    }

    const HEAD: &str = "HTTP/1.1 200 OK\r\nx-amzn-requestid: 1\r\n\r\n<DescribeStacksResponse>";

    async fn cloud(at: String) -> Arc<Cloud> {
        let nobody = Arc::new(|| -> futures_util::future::BoxFuture<'static, _> {
            Box::pin(async { Err("not here".to_owned()) })
        });
        let target = AwsTarget {
            region: Some("eu-west-1".into()),
            endpoint_url: Some(at),
            ..AwsTarget::default()
        };
        Clients::new(Arc::new(Stepped::at(Time(0))), "ana", nobody)
            .of(&target)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn an_answer_that_never_ends_is_cut_and_told() {
        let cloud = cloud(endless(HEAD, vec![b' '; 1 << 20])).await;
        for trouble in [
            cloud.identity(Time(0)).await.map(drop).unwrap_err(),
            cloud.stack("orders").await.map(drop).unwrap_err(),
            cloud
                .call("logs:DescribeLogGroups", "", || {
                    cloud.logs.describe_log_groups().send()
                })
                .await
                .map(drop)
                .unwrap_err(),
            cloud
                .services(&[Service::of("orders")])
                .await
                .map(drop)
                .unwrap_err(),
        ] {
            assert_eq!(
                (trouble.kind, trouble.failure.retry, trouble.is_unsure()),
                (TroubleKind::Endless, Retry::Contact, true),
                "{trouble:?}"
            );
            assert!(
                trouble.failure.summary.contains("does not end")
                    && trouble.failure.summary.contains("http://127.0.0.1:")
                    && !trouble.failure.hint.is_empty(),
                "{trouble:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_refusal_that_never_ends_is_cut_too() {
        const REFUSES: &str = "HTTP/1.1 400 Bad Request\r\n\r\n{";
        let cloud = cloud(endless(REFUSES, vec![b' '; 1 << 20])).await;
        let tail = cloud.logs.start_live_tail().send();
        let error = tail.await.map(drop).unwrap_err();
        assert!(is_endless(&error), "{error:?}");
    }

    /// A message of 4 GB is never gathered.
    #[tokio::test]
    async fn a_live_tail_may_go_on_but_none_of_its_messages() {
        const TAIL: &str =
            "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\r\n";
        let cloud = cloud(endless(TAIL, vec![0xff; 1 << 20])).await;
        let error = match cloud.logs.start_live_tail().send().await {
            Err(error) => is_endless(&error),
            Ok(mut tail) => is_endless(&tail.response_stream.recv().await.unwrap_err()),
        };
        assert!(error);
        let mut message = Message::default();
        let one = [0, 0, 0, 7, b'a', b'b', b'c'];
        for _ in 0..1_000 {
            for piece in one.chunks(3) {
                assert!(message.take(piece));
            }
        }
        assert!(!message.take(&[1, 0, 0, 5]), "a byte more than 16 MiB");
    }

    /// The time for an answer goes on while its body comes.
    #[tokio::test]
    async fn an_answer_that_stops_in_the_middle_is_not_waited_for() {
        let cloud = cloud(endless(HEAD, Vec::new())).await;
        let limits = times(ANSWER);
        assert_eq!(
            limits.operation_attempt_timeout(),
            Some(Duration::from_secs(30))
        );
        for config in [
            cloud.cfn.config().timeout_config(),
            cloud.logs.config().timeout_config(),
            cloud.sts.config().timeout_config(),
        ] {
            assert_eq!(
                config.and_then(TimeoutConfig::operation_attempt_timeout),
                limits.operation_attempt_timeout()
            );
        }
        let soon = TimeoutConfig::builder()
            .operation_attempt_timeout(Duration::from_millis(20))
            .build();
        let hasty = aws_sdk_cloudformation::config::Builder::default().timeout_config(soon);
        let error = cloud
            .cfn
            .describe_stacks()
            .customize()
            .config_override(hasty)
            .send()
            .await
            .unwrap_err();
        assert_eq!(
            cloud
                .trouble("cloudformation:DescribeStacks", "x", &error)
                .kind,
            TroubleKind::Timeout
        );
    }
}
