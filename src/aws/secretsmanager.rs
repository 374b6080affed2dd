//! Secrets Manager, and what else lets in to a database: the value of a secret, a new value for it,
//! and the token by which IAM lets a user in.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_sts::config::ProvideCredentials as _;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bounds::ANSWER;
use super::clients::Cloud;
use super::rest::{Answer, Ask, Json, Service};
use super::trouble::Trouble;
use crate::domain::failure::{Failure, Retry};
use crate::domain::masks::Secret;
use crate::forms::secretsmanager::SecretFacts;
use crate::text::safe::Safe;

/// How long a token lets in.
const TOKEN: Duration = Duration::from_mins(15);

/// Where it is for a region.
pub(super) fn service(region: &str) -> Service {
    Service::in_region("secretsmanager", region, ANSWER)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Held {
    secret_string: Option<String>,
}

impl Cloud {
    /// What a secret holds, by its name or ARN; none where it holds nothing yet.
    ///
    /// # Errors
    /// There is no such secret, or it is not told.
    pub async fn secret(&self, name: &str) -> Result<Option<Secret>, Trouble> {
        let asks = json!({ "SecretId": name });
        let held: Result<Held, Trouble> = self
            .call("secretsmanager:GetSecretValue", name, || {
                let ask = Ask::json(Json::V1_1, "secretsmanager.GetSecretValue", &asks);
                self.secrets.call(ask, Answer::json)
            })
            .await;
        match held {
            Ok(held) => Ok(held.secret_string.map(Secret::new)),
            // The same code is that of a secret that is not there.
            Err(trouble)
                if trouble.is("ResourceNotFoundException")
                    && (trouble.says("staging label") || trouble.says("secret value")) =>
            {
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Whether a secret is there, by its name or ARN.
    ///
    /// # Errors
    /// It is not told.
    pub async fn secret_facts(&self, name: &str) -> Result<SecretFacts, Trouble> {
        let asks = json!({ "SecretId": name });
        let told: Result<Value, Trouble> = self
            .call("secretsmanager:DescribeSecret", name, || {
                let ask = Ask::json(Json::V1_1, "secretsmanager.DescribeSecret", &asks);
                self.secrets.call(ask, Answer::json)
            })
            .await;
        match told {
            Ok(told) => Ok(SecretFacts {
                is_there: true,
                is_going: !told["DeletedDate"].is_null(),
                arn: told["ARN"].as_str().map(Safe::new),
            }),
            Err(trouble) if trouble.is("ResourceNotFoundException") => Ok(SecretFacts::default()),
            Err(trouble) => Err(trouble),
        }
    }

    /// Gives a secret a value. With the same token and the same value it is done once.
    ///
    /// # Errors
    /// It is not taken.
    pub async fn put_secret(&self, name: &str, value: &Secret, token: &str) -> Result<(), Trouble> {
        let asks = json!({
            "SecretId": name,
            "SecretString": value.reveal(),
            "ClientRequestToken": token,
        });
        let put: Result<Value, Trouble> = self
            .call("secretsmanager:PutSecretValue", name, || {
                let ask = Ask::json(Json::V1_1, "secretsmanager.PutSecretValue", &asks);
                self.secrets.call(ask, Answer::json)
            })
            .await;
        put.map(drop)
    }

    /// The token by which IAM lets a user in to a server of RDS, for a quarter of an hour.
    ///
    /// # Errors
    /// There are no credentials.
    pub async fn database_token(
        &self,
        host: &str,
        port: u16,
        user: &str,
    ) -> Result<Secret, Failure> {
        let none = |why: &str| {
            Failure::new(format!("no token for {user} on {host} can be made: {why}"))
                .hint(self.log_in.clone())
                .retry(Retry::Contact)
        };
        let provider = self.credentials.as_ref();
        let provider = provider.ok_or_else(|| none("there are no credentials"))?;
        let credentials = provider.provide_credentials().await;
        let identity = credentials.map_err(|why| none(&why.to_string()))?.into();
        let mut settings = SigningSettings::default();
        settings.expires_in = Some(TOKEN);
        settings.signature_location = SignatureLocation::QueryParams;
        let now = u64::try_from(self.clock.now().0).unwrap_or(0);
        let signing = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region.as_str())
            .name("rds-db")
            .time(UNIX_EPOCH + Duration::from_millis(now))
            .settings(settings)
            .build()
            .map_err(|why| none(&why.to_string()))?;
        let mut url = format!("https://{host}:{port}/?Action=connect&DBUser=");
        url.extend(form_urlencoded::byte_serialize(user.as_bytes()));
        let request =
            SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(&[]));
        let signed = request
            .and_then(|request| sign(request, &signing.into()))
            .map_err(|why| none(&why.to_string()))?;
        let (instructions, _) = signed.into_parts();
        for (name, value) in instructions.params() {
            url.push('&');
            url.push_str(name);
            url.push('=');
            url.extend(form_urlencoded::byte_serialize(value.as_bytes()));
        }
        let token = url.strip_prefix("https://").unwrap_or(&url);
        Ok(Secret::new(token.to_owned()))
    }
}
