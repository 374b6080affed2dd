//! Bodies of calls: a megabyte at most, and together no more than the process has for them, before
//! anything else is done with one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;

/// The most bytes of one body. Hosts send less: of a push GitHub tells 2,048 commits, GitLab 20.
pub(super) const CAP: usize = 1 << 20;
/// The most bytes of all bodies that are being read.
const ALL: usize = 16 << 20;

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoBody {
    /// It is longer than any that is expected.
    Long,
    /// It is packed: what it unpacks to is not known before.
    Packed,
    /// Too much else is being read.
    Busy,
    /// It was cut off.
    Cut,
}

/// Bytes of bodies that are being read; counts its own out when it is over.
struct Held<'a>(&'a AtomicUsize, usize);

impl Held<'_> {
    fn more(&mut self, bytes: usize) -> Result<(), NoBody> {
        self.1 += bytes;
        if self.0.fetch_add(bytes, Ordering::Relaxed) + bytes > ALL {
            return Err(NoBody::Busy);
        }
        Ok(())
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

/// Reads a body whole; `all` counts what is being read.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    all: &Arc<AtomicUsize>,
) -> Result<Vec<u8>, NoBody> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(NoBody::Packed);
    }
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > CAP as u64) {
        return Err(NoBody::Long);
    }
    let mut held = Held(all, 0);
    let (mut stream, mut bytes) = (body.into_data_stream(), Vec::new());
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| NoBody::Cut)?;
        if bytes.len() + piece.len() > CAP {
            return Err(NoBody::Long);
        }
        held.more(piece.len())?;
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        headers: &[(header::HeaderName, &str)],
        body: Body,
        all: &Arc<AtomicUsize>,
    ) -> Result<Vec<u8>, NoBody> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        futures_util::FutureExt::now_or_never(read(&headers, body, all)).unwrap()
    }

    /// A body of so many pieces of 64 KiB, without a length.
    fn pieces(many: usize) -> Body {
        let piece = axum::body::Bytes::from(vec![b'x'; 64 << 10]);
        let all = (0..many).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
        Body::from_stream(futures_util::stream::iter(all))
    }

    #[test]
    fn what_is_too_long_is_cut_before_it_is_read() {
        let all = Arc::new(AtomicUsize::new(0));
        assert_eq!(of(&[], pieces(16), &all).unwrap().len(), CAP);
        assert_eq!(of(&[], pieces(17), &all), Err(NoBody::Long));
        // Ten gigabytes: only as much is taken as is needed to know.
        assert_eq!(of(&[], pieces(160_000), &all), Err(NoBody::Long));
        let claimed = [(header::CONTENT_LENGTH, "1048577")];
        assert_eq!(of(&claimed, Body::empty(), &all), Err(NoBody::Long));
        assert_eq!(
            of(&[(header::CONTENT_ENCODING, "gzip")], pieces(1), &all),
            Err(NoBody::Packed)
        );
        let cut = Body::from_stream(futures_util::stream::iter([Err::<axum::body::Bytes, _>(
            std::io::Error::other("cut"),
        )]));
        assert_eq!(of(&[], cut, &all), Err(NoBody::Cut));
        assert_eq!(
            all.load(Ordering::Relaxed),
            0,
            "what is over is not counted"
        );
        let full = Arc::new(AtomicUsize::new(ALL - 1_000));
        assert_eq!(of(&[], pieces(1), &full), Err(NoBody::Busy));
        assert_eq!(full.load(Ordering::Relaxed), ALL - 1_000);
    }
}
