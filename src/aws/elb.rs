//! Elastic Load Balancing: the rules of a listener.

use std::collections::BTreeSet;

use super::bounds::ANSWER;
use super::clients::Cloud;
use super::rest::{Answer, Ask, Service};
use super::trouble::Trouble;
use super::xml::Unread;

/// The version of the interface.
const VERSION: &str = "2015-12-01";
/// The rule that takes what no other does has this in the place of a number.
const DEFAULT: &str = "default";

/// Where it is for a region.
pub(super) fn service(region: &str) -> Service {
    Service::in_region("elasticloadbalancing", region, ANSWER)
}

/// A page of priorities, and where the next one begins.
type Page = (Vec<u32>, Option<String>);

impl Cloud {
    /// The priorities of the rules of a listener, by its ARN.
    pub async fn priorities(&self, listener: &str) -> Result<BTreeSet<u32>, Trouble> {
        let (mut all, mut from) = (BTreeSet::new(), None);
        loop {
            let (priorities, next): Page = self
                .call("elasticloadbalancing:DescribeRules", listener, || {
                    let mut fields = vec![("ListenerArn", listener), ("PageSize", "400")];
                    fields.extend(from.as_deref().map(|from| ("Marker", from)));
                    self.elb
                        .call(Ask::form("DescribeRules", VERSION, &fields), page)
                })
                .await?;
            all.extend(priorities);
            let Some(next) = next else {
                return Ok(all);
            };
            from = Some(next);
        }
    }
}

fn page(answer: &Answer) -> Result<Page, Unread> {
    const RESULT: &str = "DescribeRulesResult";
    let root = answer.root("DescribeRulesResponse")?;
    let mut priorities = Vec::new();
    for rule in root.all(&[RESULT, "Rules"], "member") {
        match rule.told(&["Priority"]) {
            Some(DEFAULT) => {}
            Some(number) => priorities.push(
                number
                    .parse()
                    .map_err(|_| Unread(format!("{number:?} where a priority should be")))?,
            ),
            None => return Err(Unread("a rule without a priority".to_owned())),
        }
    }
    let next = root.told(&[RESULT, "NextMarker"]);
    let next = next.filter(|next| !next.is_empty());
    Ok((priorities, next.map(str::to_owned)))
}
