//! Templates as people write them.

use super::*;
use crate::domain::plan::Fate;

const YAML: &str = "
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  Password: { Type: String, NoEcho: true }
  Size: { Type: String, AllowedValues: [small, large] }
Resources:
  Db: { Type: AWS::RDS::DBInstance, Properties: { Size: !Ref Size, Name: !Sub '${AWS::StackName}-x', Arn: !GetAtt [A, B] } }
  Role: { Type: AWS::IAM::Role, Properties: { RoleName: x } }
";

fn right(name: &str, text: &str) -> Template {
    match read(name, text.as_bytes()) {
        (Some(template), found) if found.is_empty() => template,
        (_, found) => panic!("{found}"),
    }
}

fn wrong(text: &str) -> String {
    read("t.yaml", text.as_bytes()).1.to_string()
}

#[test]
fn yaml_with_short_tags_and_json_alike() {
    let yaml = right("t.yaml", YAML);
    assert_eq!(
        yaml.parameters["DesiredCount"].default.as_deref(),
        Some("2")
    );
    assert!(yaml.parameters["Password"].no_echo);
    assert_eq!(yaml.resources["Db"].kind, "AWS::RDS::DBInstance");
    let json = "{\n\t\"Parameters\": {\"P\": {\"Type\": \"String\", \"Default\": \"\"}},\n\t\"Resources\": {\"Q\": {\"Type\": \"AWS::SQS::Queue\"}}}";
    let json = right("t.json", json);
    assert_eq!(json.parameters["P"].default.as_deref(), Some(""));
}

#[test]
fn what_cannot_be_read_of_a_parameter_is_refused_and_never_taken_for_nothing() {
    let parameter = |says: &str| {
        format!(
            "Parameters: {{ P: {{ Type: String, {says} }} }}\nResources: {{ A: {{ Type: A::X }} }}\n"
        )
    };
    for (says, secret) in [
        ("NoEcho: true", true),
        ("NoEcho: 'True'", true),
        ("NoEcho: yes", true),
        ("NoEcho: off", false),
    ] {
        assert_eq!(
            right("t.yaml", &parameter(says)).parameters["P"].no_echo,
            secret,
            "{says}"
        );
    }
    let cases = [
        ("NoEcho: [true]", "NoEcho of P is neither"),
        ("NoEcho: 'yes'", "NoEcho of P is neither"),
        ("NoEcho: ", "NoEcho of P is neither"),
        ("Default: [a, b]", "the Default of P is a list"),
        ("AllowedValues: a", "AllowedValues of P is a single value"),
        (
            "AllowedValues: [a, {b: c}]",
            "an allowed value of P is a mapping",
        ),
    ];
    for (says, found) in cases {
        assert!(
            wrong(&parameter(says)).contains(found),
            "{says}: {}",
            wrong(&parameter(says))
        );
    }
    assert!(
        wrong("Parameters: [P]\nResources: { A: { Type: A::X } }\n")
            .contains("Parameters is a list")
    );
}

#[test]
fn what_is_no_template_is_told_with_its_place() {
    assert!(wrong("a: 1\n").contains("no Resources"));
    let found = wrong(
        "Resources:\n  A: { Type: A::X }\n  B: { Typ: X }\n  C: { Type: 5 }\nParameters: { P: {} }\n",
    );
    for part in [
        "t.yaml:3:3",
        "B has no Type",
        "t.yaml:4:14",
        "C has the type \"5\"",
        "P has no Type",
    ] {
        assert!(found.contains(part), "no {part:?} in\n{found}");
    }
    assert!(wrong("Resources: { A: { Type: &x X, B: *x } }").contains("understands none"));
}

fn strings(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

#[test]
fn what_a_condition_leaves_out_is_not_made() {
    let template = right(
        "t.yaml",
        "
Parameters:
  Keep: { Type: String, Default: 'no' }
  Zones: { Type: CommaDelimitedList, Default: '' }
  Image: { Type: 'AWS::SSM::Parameter::Value<String>', Default: /image }
Mappings: { Sizes: { prod: { Big: 'yes' }, dev: { Big: 'no' } } }
Conditions:
  Kept: !Equals [!Ref Keep, 'yes']
  Dropped: !Not [!Condition Kept]
  Zoned: { 'Fn::Not': [{ 'Fn::Equals': [{ 'Fn::Join': ['', { Ref: Zones }] }, '']}] }
  Big: !Equals [!FindInMap [Sizes, !Ref Keep, Big], 'yes']
  Named: !Equals [!Sub '${AWS::StackName}-x', shop-x]
  There: !Equals [!Ref AWS::Region, eu-west-1]
  Looked: !Equals [!Ref Image, /image]
  Either: !Or [!Condition There, !Condition Named]
  Both: !And [!Condition There, !Condition Kept]
Resources:
  Always: { Type: 'A::B::C' }
  OfKept: { Type: 'A::B::C', Condition: Kept }
  OfDropped: { Type: 'A::B::C', Condition: Dropped }
  OfZoned: { Type: 'A::B::C', Condition: Zoned }
  OfBig: { Type: 'A::B::C', Condition: Big }
  OfNamed: { Type: 'A::B::C', Condition: Named }
  OfThere: { Type: 'A::B::C', Condition: There }
  OfLooked: { Type: 'A::B::C', Condition: Looked }
  OfEither: { Type: 'A::B::C', Condition: Either }
  OfBoth: { Type: 'A::B::C', Condition: Both }
",
    );
    let made = |given: &[(&str, &str)]| {
        let made = template.made("shop", &strings(given));
        let names =
            |of: &mut dyn Iterator<Item = &String>| of.cloned().collect::<Vec<_>>().join(" ");
        (
            names(&mut made.resources.keys()),
            names(&mut made.open.iter()),
        )
    };
    let (open, all) = ("OfBig OfLooked OfThere", made(&[]));
    assert_eq!(
        all,
        (
            "Always OfBig OfDropped OfEither OfLooked OfNamed OfThere".to_owned(),
            open.to_owned()
        )
    );
    assert_eq!(
        made(&[("Keep", "yes"), ("Zones", "a, b")]),
        (
            "Always OfBig OfBoth OfEither OfKept OfLooked OfNamed OfThere OfZoned".to_owned(),
            "OfBig OfBoth OfLooked OfThere".to_owned()
        )
    );
    assert!(!made(&[("Keep", "dev")]).0.contains("OfBig"));
}

#[test]
fn what_stays_when_a_stack_goes_is_read_from_its_template() {
    let template = right(
        "t.yaml",
        "
Resources:
  Kept: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: Retain }
  Once: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: RetainExceptOnCreate }
  Gone: { Type: 'AWS::DynamoDB::Table' }
  Said: { Type: 'AWS::RDS::DBInstance', DeletionPolicy: Delete }
  Saved: { Type: 'AWS::EC2::Volume', DeletionPolicy: Snapshot }
  Cannot: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: Snapshot }
  Own: { Type: 'AWS::RDS::DBInstance' }
  Member: { Type: 'AWS::RDS::DBInstance', Properties: { DBClusterIdentifier: x } }
  Cluster: { Type: 'AWS::RDS::DBCluster' }
  Unsaid: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: !Ref Policy }
",
    );
    let fates: Vec<_> = template
        .resources
        .iter()
        .map(|(name, one)| (name.as_str(), one.deleted))
        .collect();
    assert_eq!(
        fates,
        [
            ("Cannot", Some(Fate::Goes)),
            ("Cluster", Some(Fate::Saved)),
            ("Gone", Some(Fate::Goes)),
            ("Kept", Some(Fate::Stays)),
            ("Member", Some(Fate::Goes)),
            ("Once", Some(Fate::Stays)),
            ("Own", Some(Fate::Saved)),
            ("Said", Some(Fate::Goes)),
            ("Saved", Some(Fate::Saved)),
            ("Unsaid", None),
        ]
    );
}

#[test]
fn a_path_where_aws_wants_an_address_is_told_with_its_place() {
    let found = wrong(
        "Resources:
  Net: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: ./net.yaml } }
  Far: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: 'https://s3/b/net.yaml' } }
  Ref: { Type: 'AWS::CloudFormation::Stack', Properties: { TemplateURL: !Sub 'https://${B}/net.yaml' } }
  Fn: { Type: 'AWS::Lambda::Function', Properties: { Code: { ZipFile: x } } }
  Sam: { Type: 'AWS::Serverless::Function', Properties: { CodeUri: src/ } }
",
    );
    for part in [
        "t.yaml:2:",
        "TemplateURL of Net is \"./net.yaml\", a path on this machine",
        "CodeUri of Sam is \"src/\"",
        "aws cloudformation package",
    ] {
        assert!(found.contains(part), "no {part:?} in\n{found}");
    }
    for none in ["Far", "Ref", "of Fn"] {
        assert!(!found.contains(none), "{none} in\n{found}");
    }
}

#[test]
fn a_count_is_one_by_which_something_runs() {
    let template = right(
        "t.yaml",
        "
Parameters:
  DesiredCount: { Type: Number, Default: 2 }
  DesiredCountLeast: { Type: Number, Default: 2, MinValue: 1 }
  DesiredCountFew: { Type: String, Default: '2', AllowedValues: ['1', '2'] }
  DesiredCountUnused: { Type: Number, Default: 2 }
  DesiredCountName: { Type: 'AWS::SSM::Parameter::Value<Number>', Default: /count }
  Other: { Type: Number, MinValue: 1 }
Conditions: { Some: !Not [!Equals [!Ref DesiredCountFew, '1']] }
Resources:
  A: { Type: 'A::B::C', Properties: { Count: !Ref DesiredCount, Name: !Sub '${DesiredCountLeast}-${Other}', N: !Ref DesiredCountName } }
Outputs: { O: { Value: !Ref DesiredCountUnused } }
",
    );
    let refuses = |must: &str| Fixed::Refuses(must.to_owned());
    let expected = [
        ("DesiredCountFew", refuses("may be 1, 2")),
        ("DesiredCountLeast", refuses("must be 1 or more (MinValue)")),
        ("DesiredCountName", Fixed::NoCount),
        ("DesiredCountUnused", Fixed::NoCount),
    ];
    let expected = expected.map(|(name, fixed)| (name.to_owned(), fixed));
    assert_eq!(template.fixed(), BTreeMap::from(expected));
}

/// What is declared, values that are right, and wrong ones with what they must be.
type Checked = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

/// Each with what CloudFormation documents: patterns match the whole value, of a list each item is
/// compared, a value of the parameter store is checked by its name.
#[test]
fn a_value_is_checked_as_cloudformation_checks_it() {
    let cases: &[Checked] = &[
        (
            "Type: CommaDelimitedList, AllowedValues: [a, b, c]",
            &["a", "a,b", "a, b"],
            &[("a,d", "each item may be a, b, c"), ("a,,b", "each item")],
        ),
        (
            "Type: String, AllowedPattern: '[a-z]+'",
            &["abc"],
            &[
                ("abc1", "must match [a-z]+ as a whole"),
                ("", "must match"),
                ("abc\n", "must match"),
            ],
        ),
        (
            "Type: String, AllowedPattern: '(?=.*[A-Z]).*'",
            &["abc", "ABC"],
            &[],
        ),
        (
            "Type: CommaDelimitedList, AllowedPattern: '\\d+'",
            &["1, 22"],
            &[("1,a", "each item must match")],
        ),
        (
            "Type: String, MinLength: 2, MaxLength: '3'",
            &["ab", "äöü"],
            &[
                ("a", "2 characters or more (MinLength)"),
                ("abcd", "3 characters or less (MaxLength)"),
            ],
        ),
        (
            "Type: CommaDelimitedList, MinLength: 2",
            &["aa,bb", "a,b"],
            &[("a", "MinLength")],
        ),
        (
            "Type: Number, MinValue: 1, MaxValue: 5.5",
            &["1", "5.5", "1e0"],
            &[
                ("0", "must be 1 or more (MinValue)"),
                ("6", "must be 5.5 or less"),
                ("inf", "is a number"),
                ("one", "is a number"),
                ("", "is a number"),
            ],
        ),
        (
            "Type: List<Number>, MaxValue: 9",
            &["1, 2"],
            &[
                ("1,b", "each item is a number"),
                ("1,10", "each item must be 9 or less"),
            ],
        ),
        (
            "Type: 'AWS::SSM::Parameter::Value<List<Number>>', AllowedPattern: '/prod/.*'",
            &["/prod/x"],
            &[("/dev/x", "must match")],
        ),
        ("Type: 'AWS::EC2::VPC::Id'", &["vpc-1"], &[]),
    ];
    for (says, right_ones, wrong_ones) in cases {
        let text =
            format!("Parameters: {{ P: {{ {says} }} }}\nResources: {{ A: {{ Type: 'A::X' }} }}\n");
        let template = right("t.yaml", &text);
        for value in *right_ones {
            assert_eq!(
                template.parameters["P"].refuses(value),
                None,
                "{says}: {value}"
            );
        }
        for (value, must) in *wrong_ones {
            let told = template.parameters["P"].refuses(value);
            assert!(
                told.as_deref().is_some_and(|told| told.contains(must)),
                "{says}: {value}: {told:?}"
            );
        }
    }
    let long = right("t.yaml", YAML).parameters["Password"].refuses(&"x".repeat(4_097));
    assert_eq!(long.as_deref(), Some("may have 4096 bytes"));
}

#[test]
fn what_must_be_acknowledged_follows_from_what_stands_there() {
    let cases = [
        ("U: { Type: 'AWS::IAM::User' }", "", "CAPABILITY_IAM"),
        (
            "U: { Type: 'AWS::IAM::User', Properties: { UserName: x } }",
            "",
            "CAPABILITY_NAMED_IAM",
        ),
        // References to others are no names of their own.
        (
            "J: { Type: 'AWS::IAM::UserToGroupAddition', Properties: { GroupName: !Ref G, Users: [!Ref U] } }, K: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: !Ref U } }",
            "",
            "CAPABILITY_IAM",
        ),
        ("Q: { Type: 'AWS::SQS::Queue' }", "", ""),
        (
            "Q: { Type: 'AWS::SQS::Queue' }",
            "Transform: AWS::LanguageExtensions",
            "CAPABILITY_AUTO_EXPAND",
        ),
        (
            "Q: { Type: 'AWS::SQS::Queue', Properties: { 'Fn::Transform': { Name: 'AWS::Include' } } }",
            "",
            "CAPABILITY_AUTO_EXPAND",
        ),
        (
            "F: { Type: 'AWS::Serverless::Function' }",
            "Transform: AWS::Serverless-2016-10-31",
            "CAPABILITY_IAM, CAPABILITY_AUTO_EXPAND",
        ),
        (
            "F: { Type: 'AWS::Serverless::Function', Properties: { Role: 'arn:x' } }",
            "Transform: AWS::Serverless-2016-10-31",
            "CAPABILITY_AUTO_EXPAND",
        ),
        (
            "F: { Type: 'AWS::Serverless::Function' }",
            "Globals: { Function: { Role: 'arn:x' } }\nTransform: AWS::Serverless-2016-10-31",
            "CAPABILITY_AUTO_EXPAND",
        ),
    ];
    for (resources, beside, needed) in cases {
        let template = right(
            "t.yaml",
            &format!("Resources: {{ {resources} }}\n{beside}\n"),
        );
        let told = template
            .unacknowledged("dev/app", &[])
            .map(|one| one.hint.to_string());
        let hint =
            (!needed.is_empty()).then(|| format!("write capabilities: [{needed}] in its service"));
        assert_eq!(told, hint, "{resources} {beside}");
        let given: Vec<String> = needed.split(", ").map(str::to_owned).collect();
        assert_eq!(
            template.unacknowledged("dev/app", &given),
            None,
            "{resources} {beside}"
        );
    }
}
