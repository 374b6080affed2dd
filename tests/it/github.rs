//! A GitHub with one app, on two ports of this machine: its interface, and where it gives archives.
//! It speaks as GitHub does, believes who GitHub would believe, and keeps what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use holdpoint::domain::time::Time;
use ring::rsa;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::zip::zip;

/// The app's id.
pub(crate) const APP: u64 = 20_431;
/// The id of its one installation.
const INSTALLATION: u64 = 9_000_001;
/// How long a token of it holds.
const HOUR: Duration = Duration::from_hours(1);

/// What tells it the time.
pub(crate) type Now = Arc<dyn Fn() -> Time + Send + Sync>;

/// A key of the app, in both forms that GitHub and tools give.
pub(crate) struct Key {
    pub(crate) pkcs8: String,
    pub(crate) pkcs1: String,
    public: Vec<u8>,
}

/// Made for these tests, and for nothing else.
pub(crate) fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| {
        let pkcs8 = include_str!("github/app.pem");
        let lines = pkcs8.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(lines.collect::<String>()).unwrap();
        // The older form stands inside the newer one, behind what says that it is of RSA.
        let older = STANDARD.encode(&der[26..]);
        Key {
            pkcs8: pkcs8.to_owned(),
            pkcs1: format!(
                "-----BEGIN RSA PRIVATE KEY-----\n{older}\n-----END RSA PRIVATE KEY-----\n"
            ),
            public: rsa::KeyPair::from_pkcs8(&der)
                .unwrap()
                .public()
                .as_ref()
                .to_vec(),
        }
    })
}

/// How an estate names the app; its key stands in a file of that folder.
pub(crate) fn app(github: &GitHub, folder: &Path) -> Value {
    let file = folder.join("app.pem");
    std::fs::write(&file, &key().pkcs8).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    json!({ "id": APP, "private_key": format!("file:{}", file.display()), "api": github.api })
}

/// A commit: its files.
pub(crate) type Files = Vec<(&'static str, &'static str)>;

/// What stands in it.
#[derive(Default)]
struct Held {
    /// Commits of `acme/docs`, and where its branches stand.
    commits: BTreeMap<String, Files>,
    branches: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    /// Which of its commits an archive says that it has, where that is another one.
    lies: BTreeMap<String, String>,
    tokens: BTreeMap<String, (Time, Value)>,
    /// Once for each, before anything else is looked at.
    faults: VecDeque<(&'static str, Fault)>,
    asked: Vec<String>,
    minted: u64,
    /// Check runs, in the order in which they were made.
    checks: Vec<Value>,
    /// The next answer is lost on its way, or never comes.
    loses: Option<Fault>,
}

/// What goes wrong with a call whose path has these words.
#[derive(Clone)]
pub(crate) enum Fault {
    /// This answer.
    Says(u16, Vec<(&'static str, String)>, Value),
    /// The answer breaks off in the middle.
    Cut,
    /// All tokens end before it is answered.
    Forgets,
    /// It is done, and the answer breaks off.
    Lost,
    /// It is done, and no answer comes as long as anybody waits.
    Hangs,
}

#[derive(Clone)]
struct Site {
    held: Arc<Mutex<Held>>,
    now: Now,
    codeload: String,
}

/// That GitHub.
pub(crate) struct GitHub {
    /// Where its interface is.
    pub(crate) api: String,
    held: Arc<Mutex<Held>>,
    servers: Vec<JoinHandle<()>>,
}

impl GitHub {
    /// Opens it; `around` may stand around what answers.
    pub(crate) async fn open(now: Now, around: impl Fn(Router) -> Router) -> Self {
        let held: Arc<Mutex<Held>> = Arc::default();
        let (api, codeload) = (listener().await, listener().await);
        let at = |listener: &TcpListener| {
            format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port())
        };
        let site = Site {
            held: Arc::clone(&held),
            now,
            codeload: at(&codeload),
        };
        let address = at(&api);
        let interface = Router::new().fallback(interface).with_state(site.clone());
        let archives = Router::new().fallback(archives).with_state(site);
        let servers = [(api, interface), (codeload, archives)].map(|(listener, router)| {
            let router = around(router);
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap() })
        });
        Self {
            api: address,
            held,
            servers: servers.into(),
        }
    }

    /// A commit on a branch of `acme/docs`.
    pub(crate) fn push(&self, branch: &str, commit: &str, files: Files) {
        let mut held = self.held.lock().unwrap();
        held.commits.insert(commit.to_owned(), files);
        held.branches.insert(branch.to_owned(), commit.to_owned());
    }

    /// A tag of `acme/docs`.
    pub(crate) fn tag(&self, tag: &str, commit: &str) {
        let mut held = self.held.lock().unwrap();
        held.tags.insert(tag.to_owned(), commit.to_owned());
    }

    /// A commit is not there any more.
    pub(crate) fn forget(&self, commit: &str) {
        self.held.lock().unwrap().commits.remove(commit);
    }

    /// The archive of a commit says that it is of another one.
    pub(crate) fn lie(&self, commit: &str, of: &str) {
        let mut held = self.held.lock().unwrap();
        held.lies.insert(commit.to_owned(), of.to_owned());
    }

    /// The next call whose path has these words goes wrong.
    pub(crate) fn fail(&self, path: &'static str, fault: Fault) {
        self.held.lock().unwrap().faults.push_back((path, fault));
    }

    /// The check runs that it has.
    pub(crate) fn checks(&self) -> Vec<Value> {
        self.held.lock().unwrap().checks.clone()
    }

    /// Somebody makes check runs.
    pub(crate) fn keep(&self, checks: impl IntoIterator<Item = Value>) {
        self.held.lock().unwrap().checks.extend(checks);
    }

    /// What was asked, and forgets it.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().unwrap().asked)
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

pub(crate) async fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap()
}

pub(crate) fn answer(status: u16, body: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn says(status: u16, message: &str) -> Response<Body> {
    answer(
        status,
        &json!({ "message": message, "status": status.to_string() }),
    )
}

/// An answer that breaks off.
pub(crate) fn cut() -> Response<Body> {
    let (half, cut) = (Ok(Bytes::from_static(b"PK\x03\x04")), Err("cut"));
    Response::new(Body::from_stream(futures_util::stream::iter([half, cut])))
}

impl Site {
    /// Writes down what is asked, and lets it go wrong.
    fn heard(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response<Body>> {
        let by = headers.get("authorization").map(|by| by.to_str().unwrap());
        let by = match by {
            None => "nobody",
            Some(by) if by.starts_with("Bearer ghs_") => "token",
            Some(_) => "app",
        };
        let mut held = self.held.lock().unwrap();
        held.asked.push(format!("{method} {} {by}", uri.path()));
        let (path, _) = held.faults.front()?;
        if !uri.path().contains(path) {
            return None;
        }
        match held.faults.pop_front()?.1 {
            Fault::Says(status, with, body) => {
                let mut answer = answer(status, &body);
                for (name, value) in with {
                    answer.headers_mut().insert(name, value.parse().unwrap());
                }
                Some(answer)
            }
            Fault::Cut => Some(cut()),
            fault @ (Fault::Lost | Fault::Hangs) => {
                held.loses = Some(fault);
                None
            }
            Fault::Forgets => {
                held.tokens.clear();
                None
            }
        }
    }

    /// Whether this is the app, by what it signed.
    fn is_app(&self, by: &str) -> Result<(), &'static str> {
        let unread = "A JSON web token could not be decoded";
        let (says, signature) = by.rsplit_once('.').ok_or(unread)?;
        let (header, claims) = says.split_once('.').ok_or(unread)?;
        let read = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| unread);
        let json = |part: &str| serde_json::from_slice::<Value>(&read(part)?).map_err(|_| unread);
        if json(header)?["alg"] != "RS256" {
            return Err(unread);
        }
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key().public)
            .verify(says.as_bytes(), &read(signature)?)
            .map_err(|_| unread)?;
        let claims = json(claims)?;
        let now = (self.now)().0 / 1_000;
        let (made, end) = (
            claims["iat"].as_i64().unwrap(),
            claims["exp"].as_i64().unwrap(),
        );
        if claims["iss"].as_str() != Some(APP.to_string().as_str()) {
            Err("Integration not found")
        } else if made > now {
            Err(
                "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
            )
        } else if end > now + 600 {
            Err("'Expiration time' claim ('exp') is too far in the future")
        } else if end <= now {
            Err(
                "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
            )
        } else {
            Ok(())
        }
    }
}

async fn interface(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let answer = answered(&site, &method, &uri, &headers, &body);
    let loses = site.held.lock().unwrap().loses.take();
    match loses {
        Some(Fault::Hangs) => std::future::pending().await,
        Some(_) => cut(),
        None => answer,
    }
}

fn answered(
    site: &Site,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response<Body> {
    if let Some(wrong) = site.heard(method, uri, headers) {
        return wrong;
    }
    if !headers.contains_key("user-agent") {
        return says(403, "Request forbidden by administrative rules.");
    }
    let by = headers.get("authorization").and_then(|by| by.to_str().ok());
    let by = by
        .and_then(|by| by.strip_prefix("Bearer "))
        .unwrap_or_default();
    let path: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
    let now = (site.now)();
    match (method.as_str(), path.as_slice()) {
        ("GET", ["repos", owner, name, "installation"]) => match site.is_app(by) {
            Err(why) => says(401, why),
            Ok(()) if [*owner, *name] != ["acme", "docs"] => says(404, "Not Found"),
            Ok(()) => answer(200, &json!({ "id": INSTALLATION, "app_id": APP })),
        },
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            if let Err(why) = site.is_app(by) {
                return says(401, why);
            }
            let asked: Value = serde_json::from_slice(body).unwrap();
            if *id != INSTALLATION.to_string() {
                return says(404, "Not Found");
            }
            if asked["repositories"] != json!(["docs"]) {
                return says(
                    422,
                    "There is at least one repository that does not exist or is not accessible to the parent installation.",
                );
            }
            let mut held = site.held.lock().unwrap();
            held.minted += 1;
            let token = format!("ghs_{:036}", held.minted);
            held.tokens
                .insert(token.clone(), (now + HOUR, asked["permissions"].clone()));
            let end = (now + HOUR).text("%Y-%m-%dT%H:%M:%SZ");
            answer(
                201,
                &json!({ "token": token, "expires_at": end, "permissions": asked["permissions"] }),
            )
        }
        (_, ["repos", "acme", "docs", rest @ ..]) => {
            let mut held = site.held.lock().unwrap();
            let rights = held.tokens.get(by).filter(|(end, _)| now < *end);
            let Some((_, rights)) = rights else {
                return says(401, "Bad credentials");
            };
            let is_check = rest.contains(&"check-runs");
            let may = if is_check {
                rights["checks"] == "write"
            } else {
                rights["contents"] == "read"
            };
            if !may {
                return says(403, "Resource not accessible by integration");
            }
            if is_check {
                return checks(&mut held, method, uri, rest, body);
            }
            let accept = headers.get("accept").and_then(|is| is.to_str().ok());
            let accept = accept.unwrap_or_default();
            contents(site, &held, rest, (uri, accept))
        }
        _ => says(404, "Not Found"),
    }
}

/// Check runs as GitHub keeps them: one that is made again is another one, and one that is over can
/// be written to.
fn checks(
    held: &mut Held,
    method: &Method,
    uri: &Uri,
    rest: &[&str],
    body: &Bytes,
) -> Response<Body> {
    let query: BTreeMap<&str, String> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, value.replace("%2F", "/")))
        .collect();
    let asks = |name: &str| query.get(name).map(String::as_str);
    match (method.as_str(), rest) {
        ("GET", ["commits", commit, "check-runs"]) if held.commits.contains_key(*commit) => {
            let page = |name, usual| asks(name).map_or(usual, |n| n.parse::<usize>().unwrap());
            let (size, page) = (page("per_page", 30), page("page", 1));
            let fits = |run: &&Value| {
                run["head_sha"] == **commit
                    && asks("check_name").is_none_or(|name| run["name"] == name)
                    && asks("app_id").is_none_or(|id| run["app"]["id"].as_u64() == id.parse().ok())
            };
            // GitHub tells the newest first.
            let all: Vec<&Value> = held.checks.iter().rev().filter(fits).collect();
            let told: Vec<_> = all.iter().skip(size * (page - 1)).take(size).collect();
            answer(
                200,
                &json!({ "total_count": all.len(), "check_runs": told }),
            )
        }
        ("POST", ["check-runs"]) => {
            let mut run: Value = serde_json::from_slice(body).unwrap();
            let commit = run["head_sha"].as_str().unwrap_or_default().to_owned();
            if !held.commits.contains_key(&commit) {
                return says(422, &format!("No commit found for SHA: {commit}"));
            }
            run["id"] = json!(4_000 + held.checks.len());
            run["app"] = json!({ "id": APP });
            held.checks.push(run.clone());
            answer(201, &run)
        }
        ("PATCH", ["check-runs", id]) => {
            let new: Value = serde_json::from_slice(body).unwrap();
            let run = held.checks.iter_mut();
            let Some(run) = run
                .into_iter()
                .find(|run| run["id"].as_u64() == id.parse().ok())
            else {
                return says(404, "Not Found");
            };
            for (key, value) in new.as_object().unwrap() {
                run[key] = value.clone();
            }
            answer(200, run)
        }
        _ => says(404, "Not Found"),
    }
}

fn plain(kind: &str, body: &str) -> Response<Body> {
    let answer = Response::builder().header("content-type", kind);
    answer.body(Body::from(body.to_owned())).unwrap()
}

/// What stands at a path of a commit: a file as it is where that is asked for, else what is there.
fn standing(files: &Files, path: &str, accept: &str) -> Response<Body> {
    if let Some((_, text)) = files.iter().find(|(own, _)| *own == path) {
        return if accept.contains("raw") {
            plain("application/vnd.github.raw+json; charset=utf-8", text)
        } else {
            answer(
                200,
                &json!({ "type": "file", "path": path, "size": text.len() }),
            )
        };
    }
    let below = format!("{path}/");
    let mut entries: BTreeMap<&str, &str> = BTreeMap::new();
    for (own, _) in files {
        if let Some(rest) = own.strip_prefix(&below) {
            let (name, kind) = match rest.split_once('/') {
                Some((folder, _)) => (folder, "dir"),
                None => (rest, "file"),
            };
            entries.insert(name, kind);
        }
    }
    if entries.is_empty() {
        return says(404, "Not Found");
    }
    let entries: Vec<Value> = entries
        .iter()
        .map(|(name, kind)| json!({ "type": kind, "name": name, "path": format!("{below}{name}") }))
        .collect();
    answer(200, &json!(entries))
}

fn contents(
    site: &Site,
    held: &Held,
    rest: &[&str],
    (uri, accept): (&Uri, &str),
) -> Response<Body> {
    match rest {
        ["contents", path @ ..] => {
            let query = uri.query().unwrap_or_default();
            let commit = query.strip_prefix("ref=").unwrap_or_default();
            match held.commits.get(commit) {
                Some(files) => standing(files, &path.join("/"), accept),
                None => says(404, &format!("No commit found for the ref {commit}")),
            }
        }
        ["commits", "tags", tag @ ..] => match held.tags.get(&tag.join("/")) {
            Some(commit) if accept.contains("sha") => {
                plain("application/vnd.github.sha; charset=utf-8", commit)
            }
            Some(commit) => answer(200, &json!({ "sha": commit })),
            None => says(
                422,
                &format!("No commit found for SHA: tags/{}", tag.join("/")),
            ),
        },
        ["git", "ref", "heads", branch @ ..] => {
            let branch = branch.join("/");
            match held.branches.get(&branch) {
                None if held.branches.is_empty() => says(409, "Git Repository is empty."),
                None => says(404, "Not Found"),
                Some(commit) => answer(
                    200,
                    &json!({ "ref": format!("refs/heads/{branch}"), "object": { "sha": commit, "type": "commit" } }),
                ),
            }
        }
        ["zipball", commit] if held.commits.contains_key(*commit) => {
            let to = format!("{}/acme/docs/legacy.zip/{commit}?token=AAAB", site.codeload);
            let mut answer = answer(302, &json!({}));
            answer.headers_mut().insert("location", to.parse().unwrap());
            answer
        }
        _ => says(404, "Not Found"),
    }
}

async fn archives(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    if let Some(wrong) = site.heard(&method, &uri, &headers) {
        return wrong;
    }
    let commit = uri.path().rsplit('/').next().unwrap().to_owned();
    let held = site.held.lock().unwrap();
    let Some(files) = held
        .commits
        .get(&commit)
        .filter(|_| uri.query() == Some("token=AAAB"))
    else {
        return says(404, "Not Found");
    };
    let around = format!("acme-docs-{}", &commit[..7]);
    let named: Vec<(String, &str)> = files
        .iter()
        .map(|(name, content)| (format!("{around}/{name}"), *content))
        .collect();
    let named: Vec<(&str, &str)> = named
        .iter()
        .map(|(name, content)| (name.as_str(), *content))
        .collect();
    let mut bytes = zip(&named);
    let of = held.lies.get(&commit).unwrap_or(&commit);
    // The comment is the last thing of an archive, behind its length.
    let end = bytes.len() - 2;
    bytes[end] = u8::try_from(of.len()).unwrap();
    bytes.extend(of.as_bytes());
    Response::builder()
        .header("content-type", "application/zip")
        .body(Body::from(bytes))
        .unwrap()
}
