//! What the files of a site are, by their names: their content types, how long they may be kept by
//! who reads them, and which of them are pages.

/// What is read in place of a file whose type nobody knows.
const BYTES: &str = "application/octet-stream";

/// Content types by extension.
const TYPES: &[(&str, &str)] = &[
    ("aac", "audio/aac"),
    ("apng", "image/apng"),
    ("atom", "application/atom+xml; charset=utf-8"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("cjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("eot", "application/vnd.ms-fontobject"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("gz", "application/gzip"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("rss", "application/rss+xml; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml; charset=utf-8"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
];

/// Names of scripts that a browser holds a site together with: as fresh as its pages.
const WORKERS: [&str; 2] = ["service-worker.js", "sw.js"];

/// Folders in which builders put what they name by its content,
const BUILT: [&str; 6] = ["_app", "_astro", "_next", "_nuxt", "assets", "static"];
/// and what they put there with names that are not told from words so easily.
const CODE: [&str; 6] = ["css", "js", "mjs", "wasm", "woff", "woff2"];

/// How long each sort of file may be kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub(super) struct Rules {
    /// Pages, and what holds them together.
    pages: String,
    /// What is named by its content.
    named: String,
    /// Everything else.
    others: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            pages: "no-cache".to_owned(),
            named: "public, max-age=31536000, immutable".to_owned(),
            others: "public, max-age=300".to_owned(),
        }
    }
}

impl Rules {
    /// How long a file may be kept.
    pub(super) fn cache_control(&self, name: &str) -> &str {
        if is_page(name) || WORKERS.contains(&last(name)) {
            &self.pages
        } else if is_named_by_content(name) {
            &self.named
        } else {
            &self.others
        }
    }
}

/// What a file is.
pub(super) fn content_type(name: &str) -> &'static str {
    let extension = extension(name).to_ascii_lowercase();
    let known = TYPES.binary_search_by(|(known, _)| (*known).cmp(extension.as_str()));
    known.map_or(BYTES, |at| TYPES[at].1)
}

/// Whether a file is a page: it names others, which have to be there before it is.
pub(super) fn is_page(name: &str) -> bool {
    ["htm", "html", "xhtml"].contains(&extension(name).to_ascii_lowercase().as_str())
}

/// Whether a file is named by a digest of its content, so that another content has another name. In
/// doubt it is not: a browser would keep it for a year.
fn is_named_by_content(name: &str) -> bool {
    let is_built =
        CODE.contains(&extension(name)) && name.split('/').any(|folder| BUILT.contains(&folder));
    last(name).split(['.', '-', '_']).skip(1).any(|part| {
        let has = |of: fn(&u8) -> bool| part.as_bytes().iter().any(of);
        let is_hex = part
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_sum = (8..=64).contains(&part.len())
            && is_hex
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_alphabetic);
        let is_short_sum = part.len() == 8
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase);
        is_sum || (is_built && is_short_sum)
    })
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn extension(name: &str) -> &str {
    last(name)
        .rsplit_once('.')
        .map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_stand_in_order_each_once() {
        assert!(TYPES.is_sorted_by(|(a, _), (b, _)| a < b));
        for (name, is) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/B.JS", "text/javascript; charset=utf-8"),
            ("a.min.css", "text/css; charset=utf-8"),
            ("logo.svg", "image/svg+xml"),
            ("app.js.map", "application/json"),
            ("LICENSE", BYTES),
            ("a.b/c", BYTES),
            ("x.unheard", BYTES),
        ] {
            assert_eq!(content_type(name), is, "{name}");
        }
    }

    #[test]
    fn what_is_named_by_its_content_is_kept_and_pages_never_are() {
        let rules = Rules::default();
        for (name, kept) in [
            ("index.html", "no-cache"),
            ("about/team.HTM", "no-cache"),
            ("sw.js", "no-cache"),
            ("main.3f2a1b9c.js", "immutable"),
            ("static/js/main.0a1b2c3d4e5f60718293.chunk.js", "immutable"),
            ("assets/index-DiwrgTda.js", "immutable"),
            (
                "_next/static/chunks/4bd1b696-80bcaf75e1b4285e.js",
                "immutable",
            ),
            ("assets/index-component.js", "=300"),
            ("assets/jquery-migrate3.js", "=300"),
            ("assets/photo-iPhone15.png", "=300"),
            ("img/hero-iPhone15Pro.png", "=300"),
            ("report-20260101.pdf", "=300"),
            ("js/deadbeef-facade.js", "=300"),
            ("3f2a1b9c.js", "=300"),
            ("logo.png", "=300"),
        ] {
            assert!(rules.cache_control(name).ends_with(kept), "{name}");
        }
    }

    #[test]
    fn a_plan_may_say_otherwise() {
        let rules: Rules =
            serde_json::from_value(serde_json::json!({ "others": "no-store" })).unwrap();
        assert_eq!(rules.cache_control("logo.png"), "no-store");
        assert_eq!(rules.cache_control("index.html"), "no-cache");
    }
}
