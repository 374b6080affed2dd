//! CloudFront in this process, for tests: distributions that take a while, versions, invalidations,
//! origin access controls.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use super::{Account, Answered, Came};
use crate::os::mutex::locked;

/// How often a distribution is looked at until it is deployed.
const LOOKS: u32 = 3;

/// Such a CloudFront.
#[derive(Clone, Default)]
pub(crate) struct Front(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    all: BTreeMap<String, Distribution>,
    invalidations: BTreeMap<String, u32>,
    accesses: BTreeMap<String, String>,
    made: u32,
    /// So many changes find that somebody else was faster.
    races: u32,
    /// The next answer is lost after its effect.
    loses: bool,
}

#[derive(Debug, Clone)]
struct Distribution {
    configuration: String,
    version: u32,
    looks: u32,
}

impl Front {
    pub(crate) fn account(&self) -> Account {
        let front = self.clone();
        Account::new(move |call| front.answer(call))
    }

    /// A distribution that was made elsewhere.
    pub(crate) fn make(&self, configuration: &str) -> String {
        locked(&self.0).make(configuration)
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        locked(&self.0).all.keys().cloned().collect()
    }

    pub(crate) fn configuration(&self, id: &str) -> String {
        locked(&self.0).all[id].configuration.clone()
    }

    /// Somebody else disables one, or enables it.
    pub(crate) fn set(&self, id: &str, from: &str, to: &str) {
        let mut state = locked(&self.0);
        let one = state.all.get_mut(id).unwrap();
        one.configuration = one.configuration.replace(from, to);
        (one.version, one.looks) = (one.version + 1, LOOKS);
    }

    pub(crate) fn races(&self, many: u32) {
        locked(&self.0).races = many;
    }

    pub(crate) fn loses_an_answer(&self) {
        locked(&self.0).loses = true;
    }

    pub(crate) fn answer(&self, call: &Came) -> Answered {
        let mut state = locked(&self.0);
        let answered = state.answer(call);
        if call.method != "GET" && answered.status < 300 && std::mem::take(&mut state.loses) {
            return Answered::new(502, "");
        }
        answered
    }
}

impl State {
    fn make(&mut self, configuration: &str) -> String {
        self.made += 1;
        let id = format!("E{}", self.made);
        let one = Distribution {
            configuration: configuration.to_owned(),
            version: 1,
            looks: 0,
        };
        self.all.insert(id.clone(), one);
        id
    }

    fn answer(&mut self, call: &Came) -> Answered {
        let path: Vec<&str> = call.path.split('/').skip(2).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["distribution"]) => self.listed(),
            ("POST", ["distribution"]) => {
                let asked = call.text();
                let reference = between(&asked, "CallerReference").to_owned();
                let same = |one: &Distribution| {
                    between(&one.configuration, "CallerReference") == reference
                };
                if self.all.values().any(same) {
                    return Answered::refused(409, "DistributionAlreadyExists", "exists");
                }
                let id = self.make(&asked);
                self.told(&id)
            }
            ("GET", ["distribution", id]) => self.told(id),
            ("PUT", ["distribution", id, "config"]) => {
                if let Some(refused) = self.outdated(id, call) {
                    return refused;
                }
                if let Some(one) = self.all.get_mut(*id) {
                    one.configuration = call.text();
                    (one.version, one.looks) = (one.version + 1, 0);
                }
                self.told(id)
            }
            ("DELETE", ["distribution", id]) => match self.all.get(*id) {
                None => Answered::refused(404, "NoSuchDistribution", "none"),
                Some(one)
                    if !one.configuration.contains("<Enabled>false</Enabled>")
                        || one.looks < LOOKS =>
                {
                    Answered::refused(409, "DistributionNotDisabled", "not yet")
                }
                Some(_) => self.outdated(id, call).unwrap_or_else(|| {
                    self.all.remove(*id);
                    Answered::new(204, "")
                }),
            },
            ("POST", ["distribution", id, "invalidation"]) => {
                if !self.all.contains_key(*id) {
                    return Answered::refused(404, "NoSuchDistribution", "none");
                }
                let reference = between(&call.text(), "CallerReference").to_owned();
                let looks = *self.invalidations.entry(reference.clone()).or_default();
                invalidation(&reference, looks)
            }
            ("GET", ["distribution", _, "invalidation", id]) => {
                match self.invalidations.get_mut(id.strip_prefix('I').unwrap()) {
                    None => Answered::refused(404, "NoSuchInvalidation", "none"),
                    Some(looks) => {
                        *looks += 1;
                        invalidation(&id[1..], *looks)
                    }
                }
            }
            ("GET", ["origin-access-control"]) => {
                let mut told = String::new();
                for (name, id) in &self.accesses {
                    let _ = write!(
                        told,
                        "<OriginAccessControlSummary><Id>{id}</Id><Name>{name}</Name><SigningBehavior>always</SigningBehavior><OriginAccessControlOriginType>s3</OriginAccessControlOriginType></OriginAccessControlSummary>"
                    );
                }
                list("OriginAccessControlList", self.accesses.len(), &told)
            }
            ("POST", ["origin-access-control"]) => {
                let name = between(&call.text(), "Name").to_owned();
                if self.accesses.contains_key(&name) {
                    return Answered::refused(409, "OriginAccessControlAlreadyExists", "exists");
                }
                let id = format!("OAC{}", self.accesses.len());
                self.accesses.insert(name, id.clone());
                Answered::new(
                    201,
                    format!("<OriginAccessControl><Id>{id}</Id></OriginAccessControl>"),
                )
            }
            (_, _) => panic!("{call:?}"),
        }
    }

    /// Refuses a change of another version than there is.
    fn outdated(&mut self, id: &str, call: &Came) -> Option<Answered> {
        let Some(one) = self.all.get_mut(id) else {
            return Some(Answered::refused(404, "NoSuchDistribution", "none"));
        };
        if self.races > 0 {
            self.races -= 1;
            one.version += 1;
        }
        let same = call.headers["if-match"] == format!("V{}", one.version);
        (!same).then(|| Answered::refused(412, "PreconditionFailed", "another version"))
    }

    fn told(&mut self, id: &str) -> Answered {
        let Some(one) = self.all.get_mut(id) else {
            return Answered::refused(404, "NoSuchDistribution", "none");
        };
        let status = if one.looks >= LOOKS {
            "Deployed"
        } else {
            "InProgress"
        };
        one.looks += 1;
        let inner = one.configuration.split_once('>').unwrap().1;
        let body = format!(
            "<Distribution xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Id>{id}</Id><ARN>arn:aws:cloudfront::4:distribution/{id}</ARN><Status>{status}</Status><DomainName>{}.cloudfront.net</DomainName><DistributionConfig>{inner}</Distribution>",
            id.to_lowercase()
        );
        Answered::new(200, body).with("etag", &format!("V{}", one.version))
    }

    fn listed(&self) -> Answered {
        let mut told = String::new();
        for (id, one) in &self.all {
            let aliases = between(&one.configuration, "Aliases");
            let _ = write!(
                told,
                "<DistributionSummary><Id>{id}</Id><Aliases>{aliases}</Aliases></DistributionSummary>"
            );
        }
        list("DistributionList", self.all.len(), &told)
    }
}

fn list(root: &str, many: usize, items: &str) -> Answered {
    Answered::new(
        200,
        format!(
            "<{root}><Marker></Marker><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated><Quantity>{many}</Quantity><Items>{items}</Items></{root}>"
        ),
    )
}

fn invalidation(reference: &str, looks: u32) -> Answered {
    let status = if looks >= LOOKS {
        "Completed"
    } else {
        "InProgress"
    };
    Answered::new(
        201,
        format!("<Invalidation><Id>I{reference}</Id><Status>{status}</Status></Invalidation>"),
    )
}

fn between<'a>(text: &'a str, name: &str) -> &'a str {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let inner = text
        .split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close));
    inner.map_or("", |(inner, _)| inner)
}
