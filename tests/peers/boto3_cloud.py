"""A cloud as boto3 sees it, and what it promises: the same steps for the embedded one and for emulators that nobody here wrote.

    python3 tests/peers/boto3_cloud.py moto http://127.0.0.1:5001

asks what AWS promises of websites, builds, queues, certificates, parameters, secrets, load balancers, tasks and imports into stacks. What a peer is known to do otherwise stands in
DIFFERS: such a step must fail there, so that the list is true, and says so once it is not.
"""
import sys

import boto3
import boto3_websites
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# By peer, the steps that it does not keep. tests/peers/README.md says what it does instead.
DIFFERS = {
    "embedded": set(),
    "moto": {
        "a_batch_is_made_as_a_whole_or_not_at_all", "a_build_ends", "a_build_goes_through_its_phases",
        "a_build_is_told_where_it_is_started", "a_build_leaves_its_artifact_where_it_was_told", "a_build_takes_time",
        "a_build_tells_what_it_was_started_with", "a_build_that_is_stopped_says_so",
        "a_certificate_is_issued_once_its_names_are_proven", "a_change_is_made_for_the_version_that_it_names",
        "a_change_takes_time", "a_configuration_comes_back_whole", "a_definition_that_is_deregistered_runs_no_more",
        "a_distribution_is_disabled", "a_distribution_takes_time", "a_host_leads_to_one_distribution",
        "a_project_is_told_as_it_was_made", "a_record_is_created_once", "a_record_is_deleted_as_it_is",
        "a_record_is_deleted_by_its_values_in_any_order", "a_record_that_is_not_there_is_not_deleted",
        "a_rule_of_no_pattern_is_refused", "a_rule_that_goes_leaves_its_place", "a_secret_is_deleted_for_good",
        "a_secret_of_a_stack_has_no_value_where_none_is_given", "a_secret_of_a_stack_is_generated",
        "a_secret_that_is_deleted_keeps_its_name", "a_secret_that_is_not_there_is_named", "a_secret_without_a_value_says_so",
        "a_task_that_is_stopped_says_so", "a_token_is_for_one_call", "a_zone_is_made_once_by_its_reference",
        "an_access_control_has_a_name_of_its_own", "an_access_control_that_is_used_is_not_deleted",
        "an_event_in_the_name_of_aws_is_refused", "an_event_says_whose_it_is", "an_import_brings_no_outputs_and_no_tags",
        "an_import_names_every_resource", "an_import_names_the_type_of_the_template",
        "an_invalidation_is_made_once_by_its_reference", "an_invalidation_takes_time", "an_old_version_is_not_deleted",
        "an_override_names_its_container", "builds_are_listed_the_newest_first", "builds_are_listed_the_other_way",
        "builds_that_are_not_there_are_named", "every_phase_of_a_build_is_told_once", "names_of_zones_have_small_letters",
        "objects_are_deleted_quietly", "projects_that_are_not_there_are_named",
        "records_are_listed_in_the_order_of_their_names", "tasks_are_listed_in_pages", "tasks_are_run_once_by_their_token",
        "the_lines_of_a_build_are_in_its_stream", "the_lines_of_a_build_are_kept_in_a_bucket",
        "the_same_token_is_the_same_build", "the_same_token_with_something_else_is_refused", "what_is_enabled_is_not_deleted",
        "what_is_imported_says_what_becomes_of_it", "what_is_not_there_is_not_imported",
        "what_is_not_yet_disabled_everywhere_is_not_deleted", "what_is_there_is_imported_as_it_is",
        "what_was_imported_is_updated_with_the_rest",
    },
    "ministack": {
        "a_batch_is_made_as_a_whole_or_not_at_all", "a_behaviour_needs_its_origin", "a_build_ends",
        "a_build_goes_through_its_phases", "a_build_leaves_its_artifact_where_it_was_told", "a_build_takes_time",
        "a_build_tells_what_it_was_started_with", "a_build_that_is_over_is_not_stopped", "a_build_that_is_stopped_says_so",
        "a_certificate_is_asked_for_once", "a_certificate_is_issued_once_its_names_are_proven",
        "a_certificate_is_listed_by_its_state", "a_definition_that_is_deregistered_runs_no_more",
        "a_distribution_is_made_once_by_its_reference", "a_distribution_takes_time", "a_host_leads_to_one_distribution",
        "a_listener_that_is_not_there_is_named", "a_message_is_deleted_twice", "a_place_is_given_once",
        "a_project_that_is_gone_is_deleted", "a_record_stands_in_its_zone", "a_rule_with_targets_is_not_deleted",
        "a_secret_of_a_stack_has_no_value_where_none_is_given", "a_secret_that_is_deleted_keeps_its_name",
        "a_secret_without_a_value_says_so", "a_task_needs_its_cluster", "a_token_is_for_one_call",
        "a_value_has_the_version_of_its_token", "a_zone_is_made_once_by_its_reference", "a_zone_says_where_it_is",
        "an_access_control_that_is_used_is_not_deleted", "an_invalidation_takes_time", "an_object_of_no_type_is_bytes",
        "an_override_names_its_container", "another_value_of_the_same_token_is_refused",
        "every_name_of_a_certificate_has_a_record_of_its_own", "every_phase_of_a_build_is_told_once",
        "names_are_the_same_in_small_letters", "names_of_zones_have_small_letters", "parameters_below_a_path_come_in_pages",
        "records_are_listed_in_the_order_of_their_names", "tasks_are_run_once_by_their_token",
        "the_lines_of_a_build_are_in_its_stream", "the_lines_of_a_build_are_kept_in_a_bucket",
        "the_same_token_is_the_same_build", "the_same_token_with_something_else_is_refused",
        "the_tags_of_a_task_are_told_where_they_are_asked_for", "what_describes_a_secret_tells_no_value",
        "what_is_not_yet_disabled_everywhere_is_not_deleted",
    },
}
# What a peer keeps or not by chance: its lists have no order, its ids begin with any letter.
EITHER = {
    "moto": {"the_id_of_a_zone_begins_with_a_z"},
    "ministack": {"builds_are_listed_the_newest_first", "builds_are_listed_the_other_way"},
}


class Cloud:
    def __init__(self, name, endpoint):
        self.name, self.endpoint, self.kept, self.differed = name, endpoint, 0, []
        self.differs, self.either = DIFFERS[name], EITHER.get(name, set())
        if not self.is_ours:
            boto3_websites.PATIENCE = 5

    @property
    def is_ours(self):
        """What only the embedded cloud says, in its own words, is asked of that alone."""
        return self.name == "embedded"

    def client(self, name):
        config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, read_timeout=20)
        return boto3.client(
            name, endpoint_url=self.endpoint, region_name="eu-west-1", aws_access_key_id="practice",
            aws_secret_access_key="practice", config=config,
        )

    def keeps(self, *steps):
        """Takes the steps in their order."""
        for step in steps:
            name = step.__name__
            try:
                step()
            except (AssertionError, BotoCoreError, ClientError, IndexError, KeyError, StopIteration) as why:
                if name not in self.differs | self.either:
                    raise AssertionError(f"{self.name} does not keep {name}") from why
                self.differed.append(name)
                print(f"  {self.name} differs in {name}: {type(why).__name__} {str(why)[:150]}")
            else:
                assert name not in self.differs, f"{self.name} keeps {name} by now: take it off the list in boto3_cloud.py"
                self.kept += 1


def main():
    from boto3_balancers import balancers
    from boto3_builds import builds
    from boto3_certificates import certificates
    from boto3_imports import imports
    from boto3_parameters import parameters
    from boto3_queues import queues
    from boto3_secrets import secrets
    from boto3_tasks import tasks
    from boto3_websites import websites

    cloud = Cloud(*sys.argv[1:3])
    for part in (websites, builds, queues, certificates, parameters, secrets, balancers, tasks, imports):
        part(cloud)
    unknown = cloud.differs - set(cloud.differed)
    assert not unknown, f"no step is called {unknown}"
    print(f"{cloud.name} keeps {cloud.kept} steps of the contract and differs in {len(cloud.differed)}")


if __name__ == "__main__":
    main()
