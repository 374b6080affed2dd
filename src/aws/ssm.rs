//! The Parameter Store of Systems Manager: which parameters there are, by their names; they are put
//! and deleted. What they hold is not asked for: those of whom it is let CodeBuild read it.

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
    r#type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    version: i64,
}

impl Cloud {
    /// The type of a parameter, by its whole name; none where there is no such parameter.
    pub async fn parameter_kind(&self, name: &str) -> Result<Option<String>, Trouble> {
        let asks = json!({
            "ParameterFilters": [{ "Key": "Name", "Option": "Equals", "Values": [name] }],
        });
        let page: Page = self
            .call("ssm:DescribeParameters", name, || {
                let ask = Ask::json(Json::V1_1, "AmazonSSM.DescribeParameters", &asks);
                self.ssm.call(ask, Answer::json)
            })
            .await?;
        let own = page.parameters.into_iter().find(|one| one.name == name);
        Ok(own.and_then(|one| one.r#type))
    }

    /// Gives a parameter a value, by its whole name; answers its version.
    pub async fn put_parameter(&self, name: &str, kind: &str, value: &str) -> Result<i64, Trouble> {
        let asks = json!({ "Name": name, "Type": kind, "Value": value, "Overwrite": true });
        let put: Put = self
            .call("ssm:PutParameter", name, || {
                let ask = Ask::json(Json::V1_1, "AmazonSSM.PutParameter", &asks);
                self.ssm.call(ask, Answer::json)
            })
            .await?;
        Ok(put.version)
    }

    /// Deletes a parameter, by its whole name; says whether it was there.
    pub async fn delete_parameter(&self, name: &str) -> Result<bool, Trouble> {
        let asks = json!({ "Name": name });
        let deleted: Result<Value, Trouble> = self
            .call("ssm:DeleteParameter", name, || {
                let ask = Ask::json(Json::V1_1, "AmazonSSM.DeleteParameter", &asks);
                self.ssm.call(ask, Answer::json)
            })
            .await;
        match deleted {
            Ok(_) => Ok(true),
            Err(trouble) if trouble.is("ParameterNotFound") => Ok(false),
            Err(trouble) => Err(trouble),
        }
    }

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
