"""Rules of load balancers, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
import json
import time

from botocore.exceptions import ClientError

OURS = "arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/boto/1/2"


def listener(cloud, elb):
    """One to which rules belong. The embedded cloud takes any ARN of its account for one."""
    if cloud.is_ours:
        return OURS
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    balancer = elb.create_load_balancer(Name="boto", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    made = elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[action])
    return made["Listeners"][0]["ListenerArn"]


def balancers(cloud):
    cfn, elb = cloud.client("cloudformation"), cloud.client("elbv2")
    arn = listener(cloud, elb)

    def template(priority):
        rule = {
            "ListenerArn": arn, "Priority": priority,
            "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}],
            "Conditions": [{"Field": "path-pattern", "Values": [f"/{priority}*"]}],
        }
        return json.dumps({"Resources": {"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": rule}}})

    def made(name, priority):
        """How a stack with a rule ends; a peer may refuse the call itself."""
        try:
            cfn.create_stack(StackName=name, TemplateBody=template(priority))
            return ended(name)
        except ClientError:
            return "refused"

    def ended(name):
        for _ in range(300):
            status = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            if not status.endswith("IN_PROGRESS"):
                return status
            time.sleep(0.1)
        raise AssertionError(f"{name} does not come to rest")

    def priorities(**more):
        pages = elb.get_paginator("describe_rules").paginate(ListenerArn=arn, **more)
        return sorted(rule["Priority"] for page in pages for rule in page["Rules"])

    def a_listener_has_its_default_rule():
        [rule] = elb.describe_rules(ListenerArn=arn)["Rules"]
        assert (rule["Priority"], rule["IsDefault"]) == ("default", True), rule

    def a_rule_of_a_stack_has_its_place():
        assert made("boto-rule-1", 1000) == "CREATE_COMPLETE" and made("boto-rule-2", 1001) == "CREATE_COMPLETE"
        assert priorities() == ["1000", "1001", "default"]

    def rules_come_in_pages():
        assert priorities(PaginationConfig={"PageSize": 1}) == ["1000", "1001", "default"]

    def a_place_is_given_once():
        try:
            assert made("boto-rule-3", 1000) != "CREATE_COMPLETE"
            assert priorities() == ["1000", "1001", "default"]
        finally:
            cfn.delete_stack(StackName="boto-rule-3")

    def a_rule_that_goes_leaves_its_place():
        cfn.delete_stack(StackName="boto-rule-1")
        for _ in range(100):
            if priorities() == ["1001", "default"]:
                return
            time.sleep(0.1)
        raise AssertionError(priorities())

    def a_listener_that_is_not_there_is_named():
        try:
            elb.describe_rules(ListenerArn=arn.replace("eu-west-1", "eu-west-2"))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ListenerNotFound", error
        else:
            raise AssertionError("found")

    cloud.keeps(
        a_listener_has_its_default_rule, a_rule_of_a_stack_has_its_place, rules_come_in_pages, a_place_is_given_once,
        a_rule_that_goes_leaves_its_place, a_listener_that_is_not_there_is_named,
    )
