//! Plans that run through the machine of a deployment, whatever rows a change set has.

use super::*;

/// Runs a plan through the deployment machine with made-up results; says which changing steps were
/// started, in order.
fn run(
    plan: &Plan,
    rows: &[ChangeRow],
    fails: Option<&str>,
    restore: &str,
) -> (Vec<String>, Deployment) {
    let mut d = Deployment::new(DeploymentId(uuid::Uuid::nil()));
    d.phase = crate::domain::deployment::Phase::Available;
    let at = Time(0);
    let apply = |d: &mut Deployment, event: DeploymentEvent| {
        d.apply(&event, at)
            .unwrap_or_else(|illegal| panic!("{illegal}"));
    };
    apply(
        &mut d,
        DeploymentEvent::Planned {
            plan: Box::new(plan.clone()),
            digest: plan.digest(),
            carried: vec![],
        },
    );
    apply(&mut d, DeploymentEvent::RunSteps);
    let mut started = Vec::new();
    for _ in 0..100 {
        let ready: Vec<StepId> = d
            .steps
            .iter()
            .filter(|(_, run)| run.state == StepState::Ready)
            .map(|(id, _)| id.clone())
            .collect();
        let scaling = ready
            .iter()
            .filter(|id| plan.step(id).is_some_and(Step::scales))
            .count();
        assert!(scaling <= 1, "two steps would scale at once: {ready:?}");
        let Some(id) = ready.first() else {
            let failed = d.steps.values().any(|run| run.state == StepState::Failed);
            if failed && d.stopping.is_none() {
                apply(
                    &mut d,
                    DeploymentEvent::Stopping {
                        stopping: Stopping::Failing,
                    },
                );
                continue;
            }
            break;
        };
        let step = plan.step(id).unwrap();
        let params =
            resolve(&step.params, &d.outputs()).unwrap_or_else(|why| panic!("{id}: {why}"));
        let started_event = DeploymentEvent::StepStarted {
            step: id.clone(),
            attempt: 1,
            subject: None,
            params: params.clone(),
            deadline: at,
        };
        apply(&mut d, started_event);
        if step.changes() {
            started.push(id.to_string());
        }
        let output = match step.kind.as_str() {
            kind @ ("join" | "same") => {
                crate::systems::pure_step(Some(&Service), kind, &params).unwrap()
            }
            "decision" => Output::public(json!({ "branch": restore })),
            "cloudformation.change-set" => {
                let arn = if rows.is_empty() { "" } else { "arn" };
                let empty = rows.is_empty();
                Output::public(
                    json!({ "arn": arn, "name": "n", "empty": empty, "rows": rows, "template_digest": "d", "parameters": {}, "as_seen": {} }),
                )
            }
            _ => Output::public(json!({ "status": "UPDATE_COMPLETE", "outputs": {} })),
        };
        let event = if fails == Some(id.as_str()) {
            DeploymentEvent::StepFailed {
                step: id.clone(),
                failure: Failure::new("made up"),
                retry_at: None,
            }
        } else {
            DeploymentEvent::StepDone {
                step: id.clone(),
                output,
            }
        };
        apply(&mut d, event);
    }
    let end = if d.stopping.is_some() {
        DeploymentEvent::Error {
            failure: Failure::new("made up"),
        }
    } else {
        DeploymentEvent::Done
    };
    let left: Vec<_> = d
        .runs()
        .filter(|(step, run)| step.finaliser.is_none() && !run.state.is_over())
        .map(|(step, _)| &step.id)
        .collect();
    assert!(left.is_empty(), "left over: {left:?}");
    apply(&mut d, end);
    (started, d)
}

#[test]
fn branches_run_as_they_should() {
    let plan = plan(
        &ask(Purpose::Deploy, EnvClass::Production),
        &observed("UPDATE_COMPLETE", None),
    )
    .unwrap();
    let harmless = [row("Web", "AWS::ECS::Service", Does::Change)];
    assert_eq!(run(&plan, &[], None, "").0, Vec::<String>::new());
    assert_eq!(run(&plan, &harmless, None, "").0, ["execute"]);
    assert_eq!(
        run(&plan, &replaces_db(), None, "").0,
        ["scale-down", "execute-2", "scale-up"]
    );
    assert_eq!(
        run(&plan, &harmless, Some("execute"), "old").0,
        ["execute"],
        "nothing was scaled, nothing is restored"
    );
    assert_eq!(
        run(&plan, &replaces_db(), Some("execute-2"), "old").0,
        ["scale-down", "execute-2", "restore-old"]
    );
    assert_eq!(
        run(&plan, &replaces_db(), Some("change-set-2"), "new").0,
        ["scale-down", "restore-new"]
    );
    assert_eq!(
        run(&plan, &replaces_db(), Some("scale-up"), "down").0,
        ["scale-down", "execute-2", "scale-up"]
    );
    let down = super::Service
        .plan(
            &ask(Purpose::Teardown, EnvClass::Production),
            &orders(),
            &observed("UPDATE_COMPLETE", None),
        )
        .unwrap();
    assert_eq!(run(&down, &[], None, "").0, ["scale-down", "delete"]);
    assert_eq!(
        run(&down, &[], Some("delete"), "old").0,
        ["scale-down", "delete", "restore-old"]
    );
}

fn any_rows() -> impl Strategy<Value = Vec<ChangeRow>> {
    let kinds = prop::sample::select(vec![
        "AWS::RDS::DBInstance",
        "AWS::ECS::Service",
        "AWS::SQS::Queue",
        "AWS::S3::Bucket",
    ]);
    let does = prop::sample::select(vec![
        Does::Add,
        Does::Change,
        Does::MayReplace,
        Does::Replace,
        Does::Remove,
    ]);
    prop::collection::vec(
        ("[A-D]", kinds, does).prop_map(|(logical, kind, does)| row(&logical, kind, does)),
        0..5,
    )
}

proptest! {
    /// For any changes, policy, counts and failure: nothing is touched when nothing would change;
    /// the service ends at the template's counts or a person is asked; a scale-down is always
    /// approved and always followed by a way back; one scaling step at a time.
    #[test]
    fn no_plan_does_what_it_must_not(
        rows in any_rows(),
        seen_rows in prop::option::of(any_rows()),
        policy in prop::sample::select(vec![Downtime::Auto, Downtime::Always, Downtime::Never]),
        count in prop::option::of(0u8..5),
        class in prop::sample::select(vec![EnvClass::Production, EnvClass::Staging, EnvClass::Development, EnvClass::Branch]),
        tagged in any::<bool>(),
        fails in prop::option::of(prop::sample::select(vec!["change-set", "execute", "verify", "scale-down", "change-set-2", "execute-2", "scale-up", "verify-2"])),
        restore in prop::sample::select(vec!["old", "new", "down"]),
    ) {
        let mut entry = entry(&[("Version", "7"), ("DesiredCount", "4")]);
        entry.downtime = policy;
        let spec = spec_of(&entry);
        let mut stack = stack("UPDATE_COMPLETE");
        stack.parameters = count.map(|count| ("DesiredCount".to_owned(), count.to_string())).into_iter().collect();
        if !tagged {
            stack.tags.clear();
        }
        let mut ask = ask(Purpose::Deploy, class);
        let changes = seen_rows.clone().map(weighed).into_iter().collect();
        ask.seen = Some(Shown { card: Digest::of_bytes(b""), level: Level::L1, branch: None, changes, covers: vec![], plan: None });
        let plan = Service.plan(&ask, &spec, &sight(&stack)).unwrap();
        prop_assert_eq!(plan.check(), Ok(()));
        let finalisers: BTreeSet<&str> = plan.steps.iter().filter(|step| step.finaliser.is_some()).map(|step| step.id.as_str()).collect();
        let wanted: &[&str] = if count.is_some_and(|count| count > 0) { &["restore", "restore-old", "restore-new"] } else { &[] };
        prop_assert_eq!(finalisers, wanted.iter().copied().collect::<BTreeSet<_>>());
        for step in &plan.steps {
            prop_assert!(!step.scales() || step.changes() && step.about.is_some() && !step.counts.is_empty());
        }
        let (started, d) = run(&plan, &rows, fails, restore);
        let branch = d.steps[&StepId::from("join")].branch.clone();
        let went = |id: &str| started.iter().any(|step| step == id);
        if fails != Some("change-set") {
            prop_assert_eq!(branch.as_deref() == Some("unchanged"), rows.is_empty());
        }
        if rows.is_empty() || fails == Some("change-set") {
            prop_assert!(started.is_empty());
        }
        prop_assert!(!(went("execute") && went("scale-down")), "one branch");
        if branch.as_deref() == Some("downtime") {
            prop_assert!(count.is_some_and(|count| count > 0) && policy != Downtime::Never);
            let hold = plan.step(&"scale-down".into()).and_then(|step| step.hold.clone());
            prop_assert!(hold.is_some_and(|hold| hold.kind == HoldKind::Downtime && hold.when == HoldWhen::Always));
            let back = went("scale-up") || d.steps[&StepId::from("restore")].ever_started();
            prop_assert!(back, "it went down and nobody is asked: {:?}", started);
        }
        let more = d.steps[&StepId::from("join")].output.as_ref().is_some_and(|output| output.changes.as_ref().is_some_and(|changes| changes.more_dangerous));
        if let Some(seen) = &seen_rows {
            let all_known = rows.iter().all(|row| seen.contains(row));
            if fails != Some("change-set") {
                prop_assert_eq!(more, !all_known, "a row that nobody saw asks again");
            }
        }
        let hold = plan.step(&"execute".into()).and_then(|step| step.hold.clone()).unwrap();
        let protected = matches!(class, EnvClass::Production | EnvClass::Staging);
        prop_assert_eq!(hold.kind == HoldKind::FirstTouch, protected && !tagged);
    }

    /// The same ask gives the same plan, so that what a card covered is what is done.
    #[test]
    fn held_steps_do_not_depend_on_what_was_seen(rows in any_rows()) {
        let card = plan(&ask(Purpose::Deploy, EnvClass::Production), &observed("UPDATE_COMPLETE", Some(cloudformation::ChangeFacts::Rows { rows: rows.clone() }))).unwrap();
        let mut later = ask(Purpose::Deploy, EnvClass::Production);
        later.seen = Some(Shown { card: Digest::of_bytes(b""), level: Level::L3, branch: card.branch.clone(), changes: vec![weighed(rows)], covers: vec![], plan: None });
        let turn = plan(&later, &observed("UPDATE_COMPLETE", None)).unwrap();
        for step in card.steps.iter().filter(|step| step.hold.is_some()) {
            prop_assert_eq!(Some(step), turn.step(&step.id));
        }
    }
}
