//! Rules of a listener, as stacks make them and as they are told.

use serde_json::{Value, json};

use crate::domain::time::Time;
use crate::sandbox::call::Call;
use crate::sandbox::who::ACCOUNT;
use crate::sandbox::world::World;

const REGION: &str = "eu-west-1";
const LISTENER: &str = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/main/1/2";

fn on(world: &mut World, service: &str, action: &str, params: Value) -> Result<Value, String> {
    let call = Call::new(service, action, params).by(ACCOUNT, REGION);
    let answer = world.call(world.now, &call).answer;
    answer
        .map(|reply| reply.tree().clone())
        .map_err(|error| error.code)
}

fn stack(world: &mut World, name: &str, priority: u32) -> String {
    let rule = json!({
        "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
        "Properties": { "ListenerArn": LISTENER, "Priority": priority, "Actions": [], "Conditions": [] },
    });
    let template = json!({ "Resources": { "Rule": rule } }).to_string();
    let params = json!({ "StackName": name, "TemplateBody": template });
    on(world, "cloudformation", "CreateStack", params).unwrap();
    world.advance(world.now + std::time::Duration::from_mins(1));
    let told = on(
        world,
        "cloudformation",
        "DescribeStacks",
        json!({ "StackName": name }),
    );
    told.unwrap()["Stacks"][0]["StackStatus"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn priorities(world: &mut World, size: &str) -> Vec<String> {
    let (mut all, mut marker) = (Vec::new(), Value::Null);
    loop {
        let mut params = json!({ "ListenerArn": LISTENER, "PageSize": size });
        if !marker.is_null() {
            params["Marker"] = marker;
        }
        let answer = on(world, "elasticloadbalancing", "DescribeRules", params).unwrap();
        let rows = answer["Rules"].as_array().unwrap();
        all.extend(
            rows.iter()
                .map(|row| row["Priority"].as_str().unwrap().to_owned()),
        );
        marker = answer["NextMarker"].clone();
        if marker.is_null() {
            all.sort();
            return all;
        }
    }
}

#[test]
fn two_rules_never_have_one_place() {
    let mut world = World::new(Time(1_790_000_000_000), 3, 1.0);
    assert_eq!(priorities(&mut world, "400"), ["default"]);
    assert_eq!(stack(&mut world, "one", 1000), "CREATE_COMPLETE");
    assert_eq!(stack(&mut world, "two", 1000), "ROLLBACK_COMPLETE");
    assert_eq!(stack(&mut world, "three", 1001), "CREATE_COMPLETE");
    assert_eq!(priorities(&mut world, "1"), ["1000", "1001", "default"]);
    on(
        &mut world,
        "cloudformation",
        "DeleteStack",
        json!({ "StackName": "one" }),
    )
    .unwrap();
    world.advance(world.now + std::time::Duration::from_mins(1));
    assert_eq!(priorities(&mut world, "400"), ["1001", "default"]);
    let elsewhere = json!({ "ListenerArn": "arn:aws:elasticloadbalancing:eu-west-1:1:listener/x" });
    let told = on(
        &mut world,
        "elasticloadbalancing",
        "DescribeRules",
        elsewhere,
    );
    assert_eq!(told, Err("ListenerNotFound".to_owned()));
}
