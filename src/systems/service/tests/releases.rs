//! What a release is: its spec, its name, what it lacks.

use super::*;

#[test]
fn the_spec_says_what_is_wrong_and_where() {
    let id: StackId = "prod/orders".parse().unwrap();
    let wrong = |entry: &ServiceEntry, template: &str| {
        spec(&id, entry, &bundle(template)).unwrap_err().to_string()
    };
    let found = wrong(&entry(&[("Verson", "7")]), TEMPLATE);
    assert!(
        found.contains("did you mean \"Version\"?")
            && found.contains("orders.yaml:4:3")
            && found.contains("no default"),
        "{found}"
    );
    let found = wrong(
        &entry(&[("Version", "7"), ("Password", "hunter2")]),
        TEMPLATE,
    );
    assert!(
        found.contains("in clear text")
            && found.contains("orders.yaml:5:3")
            && !found.contains("hunter2"),
        "{found}"
    );
    assert!(
        wrong(
            &entry(&[("Version", "7"), ("DesiredCount", "four")]),
            TEMPLATE
        )
        .contains("is a number")
    );
    let iam = TEMPLATE.replace("AWS::RDS::DBInstance", "AWS::IAM::Role");
    assert!(wrong(&entry(&[("Version", "7")]), &iam).contains("capabilities: [CAPABILITY_IAM]"));
    // All of it at once, whatever else is wrong.
    let all = wrong(
        &entry(&[("Nope", "1"), ("DesiredCount", "four")]),
        &iam.replace("AWS::ECS::Service", "5"),
    );
    for part in [
        "\"Nope\"",
        "is a number",
        "Version has no default",
        "CAPABILITY_IAM",
        "has the type \"5\"",
    ] {
        assert!(all.contains(part), "no {part:?} in\n{all}");
    }
    let named = entry(&[("Version", "7"), ("Password", "{{resolve:ssm-secure:/x}}")]);
    assert!(spec(&id, &named, &bundle(TEMPLATE)).is_ok());
}

#[test]
fn a_release_is_named_by_its_content() {
    let base = orders();
    assert_eq!(
        (base.release.name.as_str().len(), &base.release.source),
        (8, &Some(Made::Files))
    );
    assert!(base.release.is(&orders().release));
    assert!(
        !base
            .release
            .is(&spec_of(&entry(&[("Version", "8"), ("DesiredCount", "4")])).release)
    );
    let other = spec(
        &"prod/orders".parse().unwrap(),
        &entry(&[("Version", "7"), ("DesiredCount", "4")]),
        &bundle(&format!("{TEMPLATE}\n#")),
    );
    assert!(!base.release.is(&other.unwrap().release));
}

#[test]
fn a_new_stack_needs_its_secrets() {
    let template = TEMPLATE.replace(", Default: ''", "");
    let spec = spec(
        &"prod/orders".parse().unwrap(),
        &entry(&[("Version", "7")]),
        &bundle(&template),
    )
    .unwrap();
    let deploy = ask(Purpose::Deploy, EnvClass::Development);
    let failure = Service
        .plan(&deploy, &spec, &observed("MISSING", None))
        .unwrap_err();
    assert!(
        failure.summary.contains("Password") && failure.hint.contains("{{resolve:"),
        "{failure:?}"
    );
    assert!(
        Service
            .plan(&deploy, &spec, &observed("UPDATE_COMPLETE", None))
            .is_ok()
    );
}
