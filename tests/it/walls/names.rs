//! Names that stand in their own rooms alone: what CloudFormation, CloudFront and CodeBuild call
//! things, and the names of the systems.

use super::code::Code;
use super::tokens::TokenKind;
use super::{Breaks, sources};

/// What a tool calls things, and its rooms: files and folders below `src/`.
struct Tool {
    words: &'static [&'static str],
    rooms: &'static [&'static str],
}

const CLOUDFORMATION: Tool = Tool {
    words: &["cfn", "cloudformation", "aws::"],
    rooms: &[
        "aws/",
        "forms/cloudformation",
        "exec/cloudformation/",
        "observe/cloudformation",
        "systems/service/",
        "systems/stages/",
        "sandbox/",
    ],
};

/// Records of Route 53 lead to its distributions.
const CLOUDFRONT: Tool = Tool {
    words: &["cloudfront"],
    rooms: &[
        "aws/",
        "forms/cloudfront",
        "exec/cloudfront/",
        "exec/route53/",
        "observe/cloudfront",
        "systems/website/",
        "sandbox/",
    ],
};

/// The room of its system is still to come.
const CODEBUILD: Tool = Tool {
    words: &["codebuild"],
    rooms: &[
        "aws/",
        "forms/codebuild",
        "exec/codebuild/",
        "observe/codebuild",
        "systems/website/",
        "sandbox/",
    ],
};

/// The systems, those of the road ahead included.
const SYSTEMS: &[&str] = &["service", "script", "website", "mach", "review", "stages"];

/// The lists of systems: each system has its line there.
const LISTS: &[&str] = &[
    "systems/mod.rs",
    "domain/lifecycles/mod.rs",
    "tui/maps/mod.rs",
];

/// Where such a name may stand all the same, with the reason. A line that is no longer needed
/// fails.
const MAY: &[(&str, &str, &str)] = &[
    ("exec/mod.rs", "cloudformation", "the list of hands"),
    ("exec/mod.rs", "cloudfront", "the list of hands"),
    ("forms/mod.rs", "cloudformation", "the list of forms"),
    ("forms/mod.rs", "cloudfront", "the list of forms"),
    ("observe/mod.rs", "cloudformation", "the list of eyes"),
    ("observe/mod.rs", "cloudfront", "the list of eyes"),
    ("exec/mod.rs", "codebuild", "the list of hands"),
    ("forms/mod.rs", "codebuild", "the list of forms"),
    ("observe/mod.rs", "codebuild", "the list of eyes"),
    (
        "domain/tailed.rs",
        "codebuild",
        "the list of what is tailed",
    ),
    (
        "engine/watch/tails.rs",
        "codebuild",
        "who follows what is tailed",
    ),
    (
        "trigger/queue/read.rs",
        "codebuild",
        "the list of what queues tell",
    ),
    ("config/raw.rs", "codebuild", "a key of the estate file"),
    ("config/entries.rs", "codebuild", "a key of the estate file"),
    ("config/raw.rs", "mach", "says that it is not built yet"),
    (
        "systems/stages/body.rs",
        "service",
        "carries out stages that are stacks",
    ),
    (
        "systems/stages/body.rs",
        "script",
        "carries out stages that are commands",
    ),
    ("systems/stages/list.rs", "script", "a kind of stage"),
    ("config/raw.rs", "review", "says that it is not built yet"),
    (
        "domain/decide/holds/guard.rs",
        "review",
        "what is typed at a review hold: no system",
    ),
    (
        "text/secret/names.rs",
        "service",
        "a word in names of variables: no system",
    ),
    (
        "aws/ecs.rs",
        "service",
        "a part of the ARNs of ECS: no system",
    ),
];

/// What CloudFormation calls things, outside its rooms.
pub(super) fn cloudformation(code: &Code) -> Breaks {
    allowed(code, all_of(&CLOUDFORMATION, code))
}

/// What CloudFront calls things, outside its rooms.
pub(super) fn cloudfront(code: &Code) -> Breaks {
    allowed(code, all_of(&CLOUDFRONT, code))
}

/// What CodeBuild calls things, outside its rooms.
pub(super) fn codebuild(code: &Code) -> Breaks {
    allowed(code, all_of(&CODEBUILD, code))
}

/// Systems by their names, outside their rooms and lists.
pub(super) fn systems(code: &Code) -> Breaks {
    allowed(code, all_systems(code))
}

fn allowed(code: &Code, found: Breaks) -> Breaks {
    let may = |what: &str| {
        MAY.iter()
            .any(|(file, name, _)| *file == code.file && what.to_lowercase().contains(name))
    };
    found.into_iter().filter(|(_, what)| !may(what)).collect()
}

fn all_of(tool: &Tool, code: &Code) -> Breaks {
    if tool.rooms.iter().any(|room| code.file.starts_with(room)) {
        return Vec::new();
    }
    let is_theirs = |text: &str| {
        let text = text.to_lowercase();
        tool.words.iter().any(|word| text.contains(word))
    };
    let hit = code.tokens.iter().filter(|token| {
        matches!(token.kind, TokenKind::Word | TokenKind::Text) && is_theirs(&token.text)
    });
    hit.map(|token| (token.line, format!("`{}`", token.text)))
        .collect()
}

fn all_systems(code: &Code) -> Breaks {
    let is_own = |name: &str| {
        let rooms = [
            format!("systems/{name}/"),
            format!("domain/lifecycles/{name}.rs"),
            format!("tui/maps/{name}.rs"),
        ];
        rooms.iter().any(|room| code.file.starts_with(room))
            || LISTS.contains(&code.file.as_str())
            || code.room() == "sandbox"
    };
    let named = |text: &str| SYSTEMS.iter().find(|name| **name == text && !is_own(name));
    let texts = code
        .tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Text)
        .filter_map(|token| Some((token.line, named(&token.text)?)));
    let paths = code.paths.iter().filter_map(|path| {
        let in_list = path
            .parts
            .iter()
            .skip_while(|part| !matches!(part.as_str(), "systems" | "lifecycles" | "maps"))
            .nth(1);
        Some((path.line, named(in_list.or(path.parts.first())?)?))
    });
    texts
        .chain(paths)
        .map(|(line, name)| (line, format!("`{name}`")))
        .collect()
}

#[test]
fn every_exception_is_needed() {
    let files = sources();
    for (file, name, reason) in MAY {
        let code = files
            .iter()
            .find(|code| code.file == *file)
            .unwrap_or_else(|| panic!("src/{file} ({reason}) is gone"));
        let found = [
            all_of(&CLOUDFORMATION, code),
            all_of(&CLOUDFRONT, code),
            all_of(&CODEBUILD, code),
            all_systems(code),
        ]
        .concat();
        assert!(
            found
                .iter()
                .any(|(_, what)| what.to_lowercase().contains(name)),
            "src/{file} names {name} no more: drop its line"
        );
    }
    for room in [CLOUDFORMATION.rooms, CLOUDFRONT.rooms, CODEBUILD.rooms].concat() {
        assert!(
            files.iter().any(|code| code.file.starts_with(room)),
            "src/{room} is gone"
        );
    }
}
