//! Which parameters are secrets: what its template says of a value goes before its name.

use super::*;

const TEMPLATE: &str = "
Parameters:
  AllowUsersToChangePassword: { Type: String, Default: true, AllowedValues: [true, false] }
  PasswordReusePrevention: { Type: Number, Default: 6, MinValue: 1, MaxValue: 24 }
  UsePassword: { Type: String, Default: enabled, AllowedValues: [enabled, disabled] }
  MasterPassword: { Type: String, Default: '' }
Resources: { Topic: { Type: 'AWS::SNS::Topic' } }
";

fn told(parameters: &[(&str, &str)]) -> String {
    let made = spec(
        &"dev/app".parse().unwrap(),
        &entry(parameters),
        &bundle(TEMPLATE),
    );
    made.err()
        .map(|found| found.to_string())
        .unwrap_or_default()
}

#[test]
fn a_value_that_its_template_knows_as_none_is_no_secret() {
    let none = [
        ("AllowUsersToChangePassword", "true"),
        ("PasswordReusePrevention", "24"),
        ("UsePassword", "disabled"),
    ];
    assert_eq!(told(&none), "");
    for value in ["12345678", "enabled", "hunter2secret"] {
        let told = told(&[("MasterPassword", value)]);
        assert!(
            told.contains("MasterPassword is a secret by its name") && !told.contains(value),
            "{value}: {told}"
        );
    }
}

#[test]
fn what_may_be_none_is_hidden_and_left_to_its_template() {
    let text = "template: t.yaml
parameters: { PasswordReusePrevention: 24, UsePassword: enabled, MasterPassword: hunter2secret }
";
    let (_, entry) = crate::text::document::read(
        "entry",
        text.as_bytes(),
        crate::text::document::Limits::CONFIGURATION,
    )
    .unwrap();
    let remarks = Service.secrets("app", &entry).0;
    let told: Vec<_> = remarks
        .iter()
        .map(|remark| (remark.path[1].as_str(), remark.code))
        .collect();
    assert_eq!(
        told,
        [
            ("PasswordReusePrevention", "perhaps-secret"),
            ("UsePassword", "perhaps-secret"),
            ("MasterPassword", "secret"),
        ]
    );
}
