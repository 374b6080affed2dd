"""Parameters of Systems Manager, asked through boto3. Called by boto3_contract.py."""
from boto3_websites import refused


def parameters(client):
    ssm = client("ssm")
    put = lambda name, value, **more: ssm.put_parameter(Name=name, Value=value, Type="SecureString", **more)
    names = [f"/boto/docs/K{nth:02}" for nth in range(60)]
    for name in names:
        assert put(name, "hidden")["Version"] == 1
    put("/boto/docs/deep/X", "hidden")
    refused(ssm.put_parameter, 400, "ParameterAlreadyExists", "already exists", Name=names[0], Value="x", Type="String")
    assert put(names[0], "open sesame", Overwrite=True)["Version"] == 2

    below = [{"Key": "Path", "Option": "OneLevel", "Values": ["/boto/docs"]}]
    first = ssm.describe_parameters(ParameterFilters=below)
    assert len(first["Parameters"]) <= 50 and first["NextToken"]
    pages = ssm.get_paginator("describe_parameters").paginate(ParameterFilters=below)
    seen = [one for page in pages for one in page["Parameters"]]
    assert sorted(one["Name"] for one in seen) == names
    assert all(one["Type"] == "SecureString" and "Value" not in one and one["KeyId"] for one in seen)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/boto", Recursive=True)
    assert sum(len(page["Parameters"]) for page in pages) == 61

    get = lambda decrypted: ssm.get_parameter(Name=names[0], WithDecryption=decrypted)["Parameter"]
    assert get(True)["Value"] == "open sesame" and get(False)["Value"] != "open sesame"
    assert get(True)["ARN"].endswith(f":parameter{names[0]}")
    refused(ssm.get_parameter, 400, "ParameterNotFound", "", Name="/boto/none")
    found = ssm.get_parameters(Names=[names[1], "/boto/none"])
    assert ([one["Name"] for one in found["Parameters"]], found["InvalidParameters"]) == ([names[1]], ["/boto/none"])

    ssm.delete_parameter(Name=names[0])
    refused(ssm.delete_parameter, 400, "ParameterNotFound", "", Name=names[0])
    gone = ssm.delete_parameters(Names=[names[1], names[0]])
    assert (gone["DeletedParameters"], gone["InvalidParameters"]) == ([names[1]], [names[0]])
    refused(ssm.get_parameter_history, 400, "UnknownOperationException", "does not answer GetParameterHistory", Name=names[2])
