"""Parameters of Systems Manager, asked through boto3. Called by boto3_contract.py and boto3_cloud.py."""
from boto3_websites import refused


def parameters(cloud):
    ssm = cloud.client("ssm")
    put = lambda name, value, **more: ssm.put_parameter(Name=name, Value=value, Type="SecureString", **more)
    names = [f"/boto/docs/K{nth:02}" for nth in range(60)]
    below = [{"Key": "Path", "Option": "OneLevel", "Values": ["/boto/docs"]}]
    get = lambda decrypted: ssm.get_parameter(Name=names[0], WithDecryption=decrypted)["Parameter"]
    described = lambda: [
        one for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=below) for one in page["Parameters"]
    ]

    def parameters_are_put():
        for name in names:
            assert put(name, "hidden")["Version"] == 1
        put("/boto/docs/deep/X", "hidden")

    def a_parameter_that_is_there_is_put_only_over_it():
        refused(ssm.put_parameter, 400, "ParameterAlreadyExists", "already exists", Name=names[0], Value="x", Type="String")
        assert put(names[0], "open sesame", Overwrite=True)["Version"] == 2

    def parameters_below_a_path_come_in_pages():
        first = ssm.describe_parameters(ParameterFilters=below)
        assert len(first["Parameters"]) <= 50 and first["NextToken"]
        assert sorted(one["Name"] for one in described()) == names

    def what_describes_parameters_tells_no_value():
        assert all(one["Type"] == "SecureString" and "Value" not in one and one["KeyId"] for one in described())

    def parameters_are_read_by_path():
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/boto", Recursive=True)
        assert sum(len(page["Parameters"]) for page in pages) == 61

    def a_secret_is_read_by_who_asks_for_that():
        assert get(True)["Value"] == "open sesame" and get(False)["Value"] != "open sesame"
        assert get(True)["ARN"].endswith(f":parameter{names[0]}")

    def parameters_that_are_not_there_are_named():
        refused(ssm.get_parameter, 400, "ParameterNotFound", "", Name="/boto/none")
        found = ssm.get_parameters(Names=[names[1], "/boto/none"])
        assert ([one["Name"] for one in found["Parameters"]], found["InvalidParameters"]) == ([names[1]], ["/boto/none"])

    def parameters_are_deleted():
        ssm.delete_parameter(Name=names[0])
        refused(ssm.delete_parameter, 400, "ParameterNotFound", "", Name=names[0])
        gone = ssm.delete_parameters(Names=[names[1], names[0]])
        assert (gone["DeletedParameters"], gone["InvalidParameters"]) == ([names[1]], [names[0]])

    cloud.keeps(
        parameters_are_put, a_parameter_that_is_there_is_put_only_over_it, parameters_below_a_path_come_in_pages,
        what_describes_parameters_tells_no_value, parameters_are_read_by_path, a_secret_is_read_by_who_asks_for_that,
        parameters_that_are_not_there_are_named, parameters_are_deleted,
    )
    if cloud.is_ours:
        refused(ssm.get_parameter_history, 400, "UnknownOperationException", "does not answer GetParameterHistory", Name=names[2])
