//! A Bitbucket with one app of Connect, on two ports of this machine: the site, which gives tokens and
//! archives, and its interface. It speaks as Bitbucket does, believes who Bitbucket would believe, and
//! keeps what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdpoint::domain::time::Time;
use holdpoint::forms::bitbucket::{Tenant, Tenants};
use holdpoint::hosts::bitbucket::Installations;
use holdpoint::text::safe::Safe;
use ring::hmac;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::github::{Fault, Files, Now, answer, cut, listener};
use crate::zip::zip;

/// The app's key.
pub(crate) const KEY: &str = "holdpoint-acme";
/// The hash of the one call that a token of the app is for: `POST&/site/oauth2/access_token&`.
const QSH: &str = "f045c19462bc33df6431a1f69800ff8fc9e839dfea9d080be9f2bcd59360c73b";
/// How long a token holds.
const HOLDS: Duration = Duration::from_hours(2);
/// How many repositories it tells on a page, whatever is asked for.
const PAGE: usize = 2;

/// An account that has installed the app.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    pub(crate) client: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) id: &'static str,
}

/// The one that has `acme/docs`.
pub(crate) const ACME: Account = Account {
    client: "connection:123",
    secret: "n7s8x0aLongSharedSecretOfAcme",
    id: "{58e8bb1e-704e-4239-b082-b4ceaf8cc369}",
};
/// Another one.
pub(crate) const OTHER: Account = Account {
    client: "connection:077",
    secret: "another long secret of another account",
    id: "{0f0e0d0c-704e-4239-b082-b4ceaf8cc369}",
};

/// What stands in it.
#[derive(Default)]
struct Held {
    /// Secret, account and repositories of each installation.
    accounts: Vec<(Account, Vec<String>)>,
    /// Commits of `acme/docs`, and where its branches stand.
    commits: BTreeMap<String, Files>,
    branches: BTreeMap<String, String>,
    /// What the folder around the files of a commit, and the comment of its archive, say instead.
    folders: BTreeMap<String, String>,
    comments: BTreeMap<String, String>,
    /// When a token ends, whose it is, and for which repository alone.
    tokens: BTreeMap<String, (Time, Account, Option<String>)>,
    /// Once for each, before anything else is looked at.
    faults: VecDeque<(&'static str, Fault)>,
    asked: Vec<String>,
    minted: u64,
    /// Where its next pages are said to be.
    elsewhere: Option<String>,
}

#[derive(Clone)]
struct Site {
    held: Arc<Mutex<Held>>,
    now: Now,
    address: String,
    api: String,
}

/// That Bitbucket.
pub(crate) struct Bitbucket {
    pub(crate) site: String,
    pub(crate) api: String,
    held: Arc<Mutex<Held>>,
    servers: Vec<JoinHandle<()>>,
}

impl Bitbucket {
    /// Opens it, with five repositories of [`ACME`]; `around` may stand around what answers.
    pub(crate) async fn open(now: Now, around: impl Fn(Router) -> Router) -> Self {
        let held: Arc<Mutex<Held>> = Arc::default();
        let names = ["a", "b", "c", "d", "docs"].map(|name| format!("acme/{name}"));
        held.lock().unwrap().accounts.push((ACME, names.into()));
        let ports = [listener().await, listener().await];
        let [site, api] = [&ports[0], &ports[1]]
            .map(|port| format!("http://127.0.0.1:{}", port.local_addr().unwrap().port()));
        let state = Site {
            held: Arc::clone(&held),
            now,
            address: site.clone(),
            api: api.clone(),
        };
        let servers = ports.map(|port| {
            let router = Router::new().fallback(answered).with_state(state.clone());
            let router = around(router);
            tokio::spawn(async move { axum::serve(port, router).await.unwrap() })
        });
        Self {
            site,
            api,
            held,
            servers: servers.into(),
        }
    }

    /// As it is called here, as these installations.
    pub(crate) fn called(
        &self,
        now: Now,
        installations: Installations,
    ) -> holdpoint::hosts::bitbucket::Bitbucket {
        holdpoint::hosts::bitbucket::Bitbucket::at(&self.site, &self.api, now, installations)
    }

    /// Another account installs the app.
    pub(crate) fn install(&self, account: Account, repositories: &[&str]) {
        let names = repositories.iter().map(|name| (*name).to_owned()).collect();
        let mut held = self.held.lock().unwrap();
        held.accounts
            .retain(|(one, _)| one.client != account.client);
        held.accounts.push((account, names));
    }

    /// A commit on a branch of `acme/docs`.
    pub(crate) fn push(&self, branch: &str, commit: &str, files: Files) {
        let mut held = self.held.lock().unwrap();
        held.commits.insert(commit.to_owned(), files);
        held.branches.insert(branch.to_owned(), commit.to_owned());
    }

    /// A commit is not there any more.
    pub(crate) fn forget(&self, commit: &str) {
        self.held.lock().unwrap().commits.remove(commit);
    }

    /// What the folder around the files of a commit, and the comment of its archive, say.
    pub(crate) fn say(&self, commit: &str, folder: &str, comment: &str) {
        let mut held = self.held.lock().unwrap();
        held.folders.insert(commit.to_owned(), folder.to_owned());
        held.comments.insert(commit.to_owned(), comment.to_owned());
    }

    /// Its next pages are said to be below another address.
    pub(crate) fn lead(&self, elsewhere: &str) {
        self.held.lock().unwrap().elsewhere = Some(elsewhere.to_owned());
    }

    /// The next call whose path has these words goes wrong.
    pub(crate) fn fail(&self, path: &'static str, fault: Fault) {
        self.held.lock().unwrap().faults.push_back((path, fault));
    }

    /// What was asked, and forgets it.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.held.lock().unwrap().asked)
    }
}

impl Drop for Bitbucket {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

/// What is known here of these accounts, all of them named by a person.
pub(crate) fn known(accounts: &[Account]) -> Tenants {
    let mut tenants = Tenants::default();
    for one in accounts {
        let tenant = Tenant::new(one.secret.to_owned(), Safe::told(one.id), true);
        tenants.keep(one.client, tenant);
    }
    tenants
}

/// The id of a repository.
fn id(name: &str) -> String {
    format!("{{{}}}", name.replace('/', "-"))
}

fn says(status: u16, message: &str) -> Response<Body> {
    answer(
        status,
        &json!({ "type": "error", "error": { "message": message } }),
    )
}

fn not_granted(why: &str) -> Response<Body> {
    answer(
        400,
        &json!({ "error": "invalid_grant", "error_description": why }),
    )
}

impl Site {
    /// Writes down what is asked, and lets it go wrong.
    fn heard(&self, method: &Method, uri: &Uri, by: &str) -> Option<Response<Body>> {
        let mut held = self.held.lock().unwrap();
        let whose = match by.split_once(' ') {
            None => "nobody".to_owned(),
            Some(("JWT", _)) => "app".to_owned(),
            Some((_, token)) => match held.tokens.get(token) {
                None => "token".to_owned(),
                Some((_, account, None)) => account.client.to_owned(),
                Some((_, _, Some(one))) => one.clone(),
            },
        };
        let (path, query) = (uri.path(), uri.query().unwrap_or_default());
        let page = query.split('&').find(|pair| pair.starts_with("page="));
        let page = page.map_or_else(String::new, |page| format!("?{page}"));
        held.asked.push(format!("{method} {path}{page} {whose}"));
        let (words, _) = held.faults.front()?;
        if !path.contains(words) {
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
            Fault::Forgets => {
                held.tokens.clear();
                None
            }
            Fault::Cut | Fault::Lost | Fault::Hangs => Some(cut()),
        }
    }

    /// Which installation this is, by what it signed.
    fn installation(&self, held: &Held, by: &str) -> Result<Account, &'static str> {
        let token = by.strip_prefix("JWT ").ok_or("No token")?;
        let (says, signature) = token.rsplit_once('.').ok_or("No token")?;
        let (header, claims) = says.split_once('.').ok_or("No token")?;
        let read = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let json = |part: &str| serde_json::from_slice::<Value>(&read(part)).unwrap();
        let claims = json(claims);
        let of = |account: &&(Account, Vec<String>)| claims["sub"] == account.0.client;
        let (account, _) = held.accounts.iter().find(of).ok_or("Unknown client")?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, account.secret.as_bytes());
        let is_signed = hmac::verify(&key, says.as_bytes(), &read(signature)).is_ok();
        if json(header)["alg"] != "HS256" || !is_signed {
            return Err("Signature verification failed");
        }
        let now = (self.now)().0 / 1_000;
        let (made, end) = (
            claims["iat"].as_i64().unwrap(),
            claims["exp"].as_i64().unwrap(),
        );
        if claims["iss"] != KEY {
            Err("Unknown app")
        } else if made > now + 5 || end <= now || end - made != 180 {
            Err("Signature has expired")
        } else if claims["qsh"] != QSH {
            Err("Wrong qsh")
        } else {
            Ok(*account)
        }
    }
}

async fn answered(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let by = headers.get("authorization").map(|by| by.to_str().unwrap());
    let by = by.unwrap_or_default();
    if let Some(wrong) = site.heard(&method, &uri, by) {
        return wrong;
    }
    let path = uri.path().replace("%7B", "{").replace("%7D", "}");
    let path: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let now = (site.now)();
    let mut held = site.held.lock().unwrap();
    if path == ["site", "oauth2", "access_token"] {
        let account = match site.installation(&held, by) {
            Ok(account) => account,
            Err(why) => return not_granted(why),
        };
        return token(&mut held, account, now, &body);
    }
    let token = held
        .tokens
        .get(by.strip_prefix("Bearer ").unwrap_or_default());
    let token = token.filter(|(end, _, _)| now < *end).cloned();
    let Some((_, account, only)) = token else {
        // The site leads people to where they sign in; its interface says so.
        if path.first() == Some(&"2.0") {
            return says(401, "Token is invalid or not supported for this endpoint.");
        }
        let mut answer = answer(302, &json!({}));
        let to = format!("{}/account/signin/?next={}", site.address, uri.path());
        answer.headers_mut().insert("location", to.parse().unwrap());
        return answer;
    };
    let may = only.as_deref() == Some(&id("acme/docs"));
    match path.as_slice() {
        ["2.0", "repositories", whose] if only.is_none() => {
            list(&site, &held, account, whose, &uri)
        }
        ["2.0", "repositories", "acme", "docs", rest @ ..] if may => contents(&held, rest),
        ["acme", "docs", "get", file] if may => archive(&held, file.trim_end_matches(".zip")),
        ["account", "signin", ..] => panic!("a token went to where people sign in"),
        _ => says(
            403,
            "Your credentials lack one or more required privilege scopes.",
        ),
    }
}

fn token(held: &mut Held, account: Account, now: Time, body: &Bytes) -> Response<Body> {
    let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    if form["grant_type"] != "urn:bitbucket:oauth2:jwt" {
        return not_granted("Unsupported grant type");
    }
    assert_eq!(form["scope"], "repository", "no more than to read");
    held.minted += 1;
    let token = format!("bbt_{:036}", held.minted);
    let only = form.get("bitbucket_repository").cloned();
    held.tokens
        .insert(token.clone(), (now + HOLDS, account, only));
    answer(
        200,
        &json!({ "access_token": token, "expires_in": HOLDS.as_secs(), "scopes": "repository", "token_type": "bearer" }),
    )
}

fn list(site: &Site, held: &Held, account: Account, whose: &str, uri: &Uri) -> Response<Body> {
    if whose != account.id {
        return says(403, "Access denied.");
    }
    let query = uri.query().unwrap_or_default();
    let page = query.split('&').find_map(|pair| pair.strip_prefix("page="));
    let page: usize = page.map_or(1, |page| page.parse().unwrap());
    let of = |one: &&(Account, Vec<String>)| one.0.client == account.client;
    let names = &held.accounts.iter().find(of).unwrap().1;
    let told: Vec<Value> = names
        .iter()
        .skip(PAGE * (page - 1))
        .take(PAGE)
        .map(|name| json!({ "type": "repository", "full_name": name, "uuid": id(name) }))
        .collect();
    let mut body = json!({ "pagelen": PAGE, "page": page, "values": told });
    if names.len() > PAGE * page {
        let at = held.elsewhere.as_ref().unwrap_or(&site.api);
        body["next"] = json!(format!(
            "{at}{}?pagelen={PAGE}&page={}",
            uri.path(),
            page + 1
        ));
    }
    answer(200, &body)
}

fn contents(held: &Held, rest: &[&str]) -> Response<Body> {
    match rest {
        ["refs", "branches", branch @ ..] => {
            let branch = branch.join("/");
            match held.branches.get(&branch) {
                None => says(404, "Branch not found"),
                Some(commit) => answer(
                    200,
                    &json!({ "type": "branch", "name": branch, "target": { "type": "commit", "hash": commit } }),
                ),
            }
        }
        ["commit", commit] if held.commits.contains_key(*commit) => {
            answer(200, &json!({ "type": "commit", "hash": commit }))
        }
        _ => says(404, "Resource not found"),
    }
}

fn archive(held: &Held, commit: &str) -> Response<Body> {
    let Some(files) = held.commits.get(commit) else {
        return says(404, "Resource not found");
    };
    let usual = format!("acme-docs-{}", &commit[..12]);
    let around = held.folders.get(commit).unwrap_or(&usual);
    let named: Vec<(String, &str)> = files
        .iter()
        .map(|(name, content)| (format!("{around}/{name}"), *content))
        .collect();
    let named: Vec<(&str, &str)> = named
        .iter()
        .map(|(name, content)| (name.as_str(), *content))
        .collect();
    let mut bytes = zip(&named);
    let comment = held.comments.get(commit).map_or("", String::as_str);
    // The comment is the last thing of an archive, behind its length.
    let end = bytes.len() - 2;
    bytes[end] = u8::try_from(comment.len()).unwrap();
    bytes.extend(comment.as_bytes());
    Response::builder()
        .header("content-type", "application/zip")
        .body(Body::from(bytes))
        .unwrap()
}
