//! Answers of any bytes from what should be the cloud: the first byte chooses the status, the rest
//! is the body. Every call ends, with an answer or a trouble that has a name.
#![no_main]

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use holdpoint::aws::{AwsTarget, Clients, Variables};
use holdpoint::domain::time::Time;
use holdpoint::os::clock::Clock;
use libfuzzer_sys::fuzz_target;

/// Nobody waits: a sleep is over at once, and that much later.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, time: Time) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.fetch_max(time.0, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// A server that gives every call the same answer.
static PORT: LazyLock<u16> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut asked = [0; 16 * 1024];
            let _ = stream.read(&mut asked);
            let answer = ANSWER.lock().unwrap().clone();
            let (status, body) = answer.split_first().unwrap_or((&0, &[]));
            let status = [200, 400, 403, 404, 429, 500, 503, 302][usize::from(*status) % 8];
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(body);
        }
    });
    port
});

thread_local! {
    static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap(),
    );
}

fuzz_target!(|bytes: &[u8]| {
    *ANSWER.lock().unwrap() = bytes.to_vec();
    let target = AwsTarget {
        region: Some("eu-west-1".to_owned()),
        endpoint_url: Some(format!("http://127.0.0.1:{}", *PORT)),
        ..AwsTarget::default()
    };
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let work = async {
        // New ones each time: the pace of reads is theirs.
        let clients = Clients::with(
            Arc::new(Ahead::default()),
            "fuzz",
            Arc::new(|| Box::pin(async { Err("not here".to_owned()) })),
            Variables::only(&keys),
        );
        let cloud = clients.of(&target).await.unwrap();
        let _ = cloud.identity(Time(0)).await;
        let _ = cloud.stack("shop").await;
        let _ = cloud.change_set("shop", "one").await;
        let _ = cloud.newest_event("shop").await;
    };
    RUNTIME.with_borrow(|runtime| {
        runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(20), work)
                .await
                .expect("a call did not end");
        });
    });
});
