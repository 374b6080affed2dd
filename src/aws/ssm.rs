//! The Parameter Store of Systems Manager: which parameters there are, by their names. What they
//! hold is not asked for: those of whom it is let CodeBuild read it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds::ANSWER;
use super::clients::Cloud;
use super::rest::{Answer, Ask, Json, Service};
use super::trouble::Trouble;

/// How many one page tells of, which is all that it may.
const PAGE: usize = 50;

/// Where it is for a region.
pub(super) fn service(region: &str) -> Service {
    Service::in_region("ssm", region, ANSWER)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    parameters: Vec<Named>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

impl Cloud {
    /// The whole names of the parameters right below a path.
    pub async fn parameters(&self, path: &str) -> Result<Vec<String>, Trouble> {
        let mut asks = json!({
            "ParameterFilters": [{ "Key": "Path", "Option": "OneLevel", "Values": [path] }],
            "MaxResults": PAGE,
        });
        let mut all = Vec::new();
        loop {
            let page: Page = self
                .call("ssm:DescribeParameters", path, || {
                    let ask = Ask::json(Json::V1_1, "AmazonSSM.DescribeParameters", &asks);
                    self.ssm.call(ask, Answer::json)
                })
                .await?;
            all.extend(page.parameters.into_iter().map(|one| one.name));
            match page.next_token.filter(|token| !token.is_empty()) {
                // A page that begins where it began would never end.
                Some(next) if asks["NextToken"] != next.as_str() => {
                    asks["NextToken"] = Value::String(next);
                }
                Some(_) | None => return Ok(all),
            }
        }
    }
}
