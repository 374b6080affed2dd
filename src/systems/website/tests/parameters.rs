//! The parameters of builds: seen by their names, put and deleted.

use super::*;

/// The build gets what is below the path under the names there; no value is ever seen.
#[test]
fn a_build_gets_the_parameters_of_its_site_by_their_names() {
    let spec = with(json!({ "parameters": "/sites/{env}/docs" }));
    let commit = "3f".repeat(20);
    let (spec, made) = planned(&spec, there(), &commit, false);
    let made = made.unwrap();
    let params = &named(&made, "build").params;
    let recipe: Value = serde_json::from_str(params["buildspec"].as_str().unwrap()).unwrap();
    assert_eq!(
        recipe["env"],
        json!({ "parameter-store": { "TOKEN": "/sites/prod/docs/TOKEN" } })
    );
    assert!(params.get("env").is_none(), "nothing stands in the call");
    let says = made.says.join(" ");
    assert!(
        says.contains("Variables from /sites/prod/docs: TOKEN.")
            && says.contains("No variable can be called 2-fold"),
        "{says}"
    );
    let (_, again) = planned(&spec, there(), &commit, true);
    let again = again.unwrap().says.join(" ");
    assert!(!again.contains("TOKEN"), "nothing is built: {again}");
    let unseen = Website.plan(&ask("prod", Purpose::Deploy), &spec, &there());
    assert!(unseen.unwrap_err().summary.contains("were not looked at"));
}

/// A parameter is put or deleted beside everything else: no release, nothing built, and the names that
/// are there on the card.
/// Their keys are seen with the role of the builds, in whose account they are.
#[test]
fn the_page_of_a_site_shows_the_keys_of_its_parameters() {
    let looks = |entry: Value| Website.beside(&with(entry));
    assert_eq!(looks(json!({})), []);
    let role = "arn:aws:iam::111122223333:role/builds";
    let path = "/sites/{env}/docs";
    let seen_as = json!({ "assumes": role });
    assert_eq!(
        looks(json!({ "parameters": path, "build_role": role })),
        [Look::at(ssm::below("/sites/prod/docs")).with(seen_as)]
    );
}

#[test]
fn a_parameter_is_changed_by_a_deployment_of_its_own() {
    let spec = with(json!({ "parameters": "/sites/{env}/docs" }));
    let asked = |change: &str| {
        let mut asked = ask("prod", Purpose::Deploy);
        let given = [(PARAMETER.parse().unwrap(), flag::Value::Text(change.into()))];
        let set = flag::set(Website.flags(), "website", Purpose::Deploy, &given.into());
        asked.flags = set.unwrap().0;
        asked
    };
    let planned = |change: &str, spec: &Spec| {
        let asked = asked(change);
        let mut seen = there();
        for look in Website.looks(&asked, spec, &seen) {
            let names = ["/sites/prod/docs/API", "/sites/prod/docs/TOKEN"].map(str::to_owned);
            seen.put(ssm::sight(look.about, &names));
        }
        assert!(Website.looks(&asked, spec, &seen).is_empty());
        assert_eq!(Website.settled(&asked, spec, &seen), None);
        Website.plan(&asked, spec, &seen)
    };
    for (change, does, kind, replaces) in [
        ("NEW=file:/run/new", Does::Add, "ssm.put", false),
        ("TOKEN=env:TOKEN", Does::Change, "ssm.put", true),
        ("-TOKEN", Does::Remove, "ssm.delete", true),
    ] {
        let plan = planned(change, &spec).unwrap();
        let [step] = &plan.steps[..] else {
            panic!("{:?}", plan.steps)
        };
        assert_eq!(step.kind.as_str(), kind);
        assert_eq!(step.leaves, Some(Leaves::Old));
        assert!(
            step.params["name"]
                .as_str()
                .unwrap()
                .starts_with("/sites/prod/docs/")
        );
        assert_eq!(plan.changes[0].rows[0].does, does);
        assert_eq!(plan.danger.replaces, replaces);
        let says = plan.says.join(" ");
        assert!(says.contains("there are now: API, TOKEN."), "{says}");
    }
    let refused = |change: &str, spec: &Spec| planned(change, spec).unwrap_err().summary;
    assert!(refused("-OTHER", &spec).contains("there is no parameter OTHER"));
    assert!(refused("-TOKEN", &from_git()).contains("have no parameters"));
    let unmade = Website.plan(&asked("-TOKEN"), &spec, &missing());
    assert!(unmade.unwrap_err().summary.contains("not provisioned"));
    // A value in the place of a reference is refused before it is kept, and not repeated.
    let given = [(
        PARAMETER.parse().unwrap(),
        flag::Value::Text("TOKEN=hunter2".into()),
    )];
    let refused = flag::set(Website.flags(), "website", Purpose::Deploy, &given.into());
    let refused = refused.unwrap_err().to_string();
    assert!(
        !refused.contains("hunter2") && refused.contains("NAME=file:"),
        "{refused}"
    );
}
