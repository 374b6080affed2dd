//! The walls between the rooms. They are read from ARCHITECTURE.md and held against `src/`; a
//! failure quotes the page, so that whoever meets it can move the code, or change page and code
//! together.

mod code;
mod names;
mod newcomer;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use code::Code;
use tokens::TokenKind;

/// More lines than this without tests are too many for one file.
const LONG: usize = 400;

/// Files that may be longer, each with the reason.
const MAY_BE_LONG: &[(&str, &str)] = &[];

/// The table of the page: room -> (rooms it may import, the row as it stands there).
type Arrows = BTreeMap<String, (BTreeSet<String>, String)>;

#[test]
fn the_walls_of_the_architecture_stand() {
    let arrows = arrows(&fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap());
    let files = sources();
    assert!(
        files.len() > 30,
        "src/ could not be read: {} files",
        files.len()
    );
    let broken: Vec<String> = files.iter().flat_map(|code| check(code, &arrows)).collect();
    assert!(
        broken.is_empty(),
        "{} walls are broken:\n\n{}\n",
        broken.len(),
        broken.join("\n")
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file that is no test.
fn sources() -> Vec<Code> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let file = path
                    .strip_prefix(root().join("src"))
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                files.push(Code::read(&file, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let tests: BTreeSet<String> = files
        .iter()
        .flat_map(|code| code.test_files.clone())
        .collect();
    files.retain(|code| {
        !tests.iter().any(|test| {
            code.file == format!("{test}.rs") || code.file.starts_with(&format!("{test}/"))
        })
    });
    files.sort_by(|a, b| a.file.cmp(&b.file));
    files
}

/// Reads the table `room | may import | so that`.
fn arrows(page: &str) -> Arrows {
    let rows = page
        .lines()
        .skip_while(|line| !line.starts_with("## Arrows"))
        .skip_while(|line| !line.starts_with("|---"))
        .skip(1);
    let mut arrows = Arrows::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let may: BTreeSet<String> = match cells[1] {
            "nothing of ours" => BTreeSet::new(),
            list => list.split(", ").map(ToOwned::to_owned).collect(),
        };
        for room in cells[0].split(", ") {
            arrows.insert(room.to_owned(), (may.clone(), row.to_owned()));
        }
    }
    arrows
}

/// What is wrong with one file, each with the sentence of the page.
fn check(code: &Code, arrows: &Arrows) -> Vec<String> {
    let mut broken = imports(code, arrows);
    let room = code.room();
    for wall in WALLS {
        if (wall.stands_in)(room) {
            broken.extend((wall.breaks)(code).into_iter().map(|(line, what)| {
                format!("src/{}:{line}: {what}\n    {}", code.file, wall.sentence)
            }));
        }
    }
    if code.lines > LONG && !MAY_BE_LONG.iter().any(|(file, _)| *file == code.file) {
        broken.push(format!(
            "src/{}: {} lines without tests\n    A file stays near 150 lines and under {LONG} without its tests: split it by what it does.",
            code.file, code.lines
        ));
    }
    broken
}

fn imports(code: &Code, arrows: &Arrows) -> Vec<String> {
    let room = code.room();
    let Some((may, row)) = arrows.get(room) else {
        let no = format!(
            "src/{}: the room `{room}` is not in the table of ARCHITECTURE.md, \"Arrows\"",
            code.file
        );
        return if room == "lib" { Vec::new() } else { vec![no] };
    };
    if may.contains("everything") {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for path in code
        .paths
        .iter()
        .filter(|path| path.parts.first().is_some_and(|p| p == "crate"))
    {
        let to = path.parts.get(1).map_or("*", String::as_str);
        if to != room
            && !may.contains(to)
            && (arrows.contains_key(to) || matches!(to, "*" | "self"))
        {
            broken.push(format!(
                "src/{}:{}: names `{}`\n    {row}",
                code.file,
                path.line,
                path.parts.join("::")
            ));
        }
    }
    broken
}

/// What breaks a wall in a file: line and what stands there.
type Breaks = Vec<(usize, String)>;

struct Wall {
    sentence: &'static str,
    stands_in: fn(&str) -> bool,
    breaks: fn(&Code) -> Breaks,
}

const WALLS: &[Wall] = &[
    Wall {
        sentence: "Values go into SQL as parameters alone: no statement is put together from text.",
        stands_in: |room| matches!(room, "store" | "postgres"),
        breaks: |code| named(code, &[&["AssertSqlSafe"], &["QueryBuilder"], &["raw_sql"]]),
    },
    Wall {
        sentence: "`async` and `await` do not stand in text, domain, systems, world or tui.",
        stands_in: |room| matches!(room, "text" | "domain" | "systems" | "world" | "tui"),
        breaks: |code| {
            let words = code
                .tokens
                .iter()
                .filter(|t| t.word("async") || t.word("await"));
            words.map(|t| (t.line, format!("`{}`", t.text))).collect()
        },
    },
    Wall {
        sentence: "No clock is read and no process started outside `os/`; time is an argument.",
        stands_in: |room| room != "os",
        breaks: |code| {
            named(
                code,
                &[
                    &["SystemTime", "now"],
                    &["Instant", "now"],
                    &["Timestamp", "now"],
                    &["Zoned", "now"],
                    &["Uuid", "now_v7"],
                    &["tokio", "time"],
                    &["thread", "sleep"],
                    &["process", "Command"],
                    &["tokio", "process"],
                ],
            )
        },
    },
    Wall {
        sentence: "A file is opened by its name in `os/` alone, which opens ordinary files alone.",
        stands_in: |room| room != "os",
        breaks: |code| {
            named(
                code,
                &[
                    &["File", "open"],
                    &["File", "create"],
                    &["File", "options"],
                    &["OpenOptions", "new"],
                    &["fs", "read"],
                    &["fs", "read_to_string"],
                    &["fs", "write"],
                    &["fs", "copy"],
                ],
            )
        },
    },
    Wall {
        sentence: "SQL stands in `store/` and `postgres/` alone.",
        stands_in: |room| !matches!(room, "store" | "postgres"),
        breaks: |code| {
            let mut found = named(code, &[&["sqlx"], &["tokio_postgres"]]);
            found.extend(
                code.tokens
                    .iter()
                    .filter(|t| t.kind == TokenKind::Text && is_sql(&t.text))
                    .map(|t| (t.line, format!("{:?}", t.text))),
            );
            found
        },
    },
    Wall {
        sentence: "AWS crates are named in aws, exec, observe, engine and sandbox alone.",
        stands_in: |room| !matches!(room, "aws" | "exec" | "observe" | "engine" | "sandbox"),
        breaks: |code| outside(code, |root| root.starts_with("aws_")),
    },
    Wall {
        sentence: "ratatui is named in tui alone.",
        stands_in: |room| room != "tui",
        breaks: |code| outside(code, |root| root.starts_with("ratatui")),
    },
    Wall {
        sentence: "A service of the embedded cloud is named below `sandbox/services/` alone; the rest of sandbox knows services by their list.",
        stands_in: |room| room == "sandbox",
        breaks: |code| {
            let is_inside = code.file.starts_with("sandbox/services/");
            in_sandbox(code, |path| {
                let name = path.get(1).filter(|_| path[0] == "services" && !is_inside);
                name.is_some_and(|name| name.starts_with(char::is_lowercase))
            })
        },
    },
    Wall {
        sentence: "A service knows its realm and what it may use there; it names no world, wire, journal or process of sandbox.",
        stands_in: |room| room == "sandbox",
        breaks: |code| {
            let is_inside = code.file.starts_with("sandbox/services/");
            let outer = [
                "world", "wire", "shared", "journal", "estate", "run", "ledger",
            ];
            in_sandbox(code, |path| is_inside && outer.contains(&path[0].as_str()))
        },
    },
    Wall {
        sentence: "CloudFormation is named in its own rooms alone (aws, forms, exec, observe, systems/service, systems/stages, sandbox), and in lists.",
        stands_in: |_| true,
        breaks: names::cloudformation,
    },
    Wall {
        sentence: "CloudFront is named in its own rooms alone (aws, forms, exec, observe, sandbox), and in lists.",
        stands_in: |_| true,
        breaks: names::cloudfront,
    },
    Wall {
        sentence: "CodeBuild is named in its own rooms alone (aws, forms, exec, observe, sandbox), and in lists.",
        stands_in: |_| true,
        breaks: names::codebuild,
    },
    Wall {
        sentence: "A system is named in its own rooms alone (its folder, its lifecycle, its map), and in lists.",
        stands_in: |_| true,
        breaks: names::systems,
    },
];

/// The paths into sandbox, from there on, that `is`; a path from a neighbour is followed to where
/// it leads.
fn in_sandbox(code: &Code, is: impl Fn(&[String]) -> bool) -> Breaks {
    let here: Vec<&str> = code
        .file
        .trim_end_matches(".rs")
        .split('/')
        .filter(|part| *part != "mod")
        .collect();
    let hit = code.paths.iter().filter(|path| {
        let ups = path
            .parts
            .iter()
            .take_while(|part| *part == "super")
            .count();
        let from: Vec<&str> = match path.parts.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super") => here
                .iter()
                .take(here.len().saturating_sub(ups))
                .copied()
                .collect(),
            _ => return false,
        };
        let rest = path.parts.iter().skip(ups.max(1)).map(String::as_str);
        let whole: Vec<String> = from
            .into_iter()
            .chain(rest)
            .map(ToOwned::to_owned)
            .collect();
        whole.len() > 1 && whole[0] == "sandbox" && is(&whole[1..])
    });
    hit.map(|path| (path.line, format!("`{}`", path.parts.join("::"))))
        .collect()
}

fn named(code: &Code, paths: &[&[&str]]) -> Breaks {
    let hit = code
        .paths
        .iter()
        .filter(|path| paths.iter().any(|parts| path.has(parts)));
    hit.map(|path| (path.line, format!("`{}`", path.parts.join("::"))))
        .collect()
}

fn outside(code: &Code, is: fn(&str) -> bool) -> Breaks {
    let hit = code
        .paths
        .iter()
        .filter(|path| path.parts.first().is_some_and(|root| is(root)));
    hit.map(|path| (path.line, format!("`{}`", path.parts.join("::"))))
        .collect()
}

/// Statements begin as in every statement of the store; prose does not.
fn is_sql(text: &str) -> bool {
    let flat: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
    let at = |i: usize| flat.get(i).map_or("", String::as_str);
    match at(0) {
        "SELECT" => flat.iter().any(|word| word == "FROM"),
        "INSERT" => at(1) == "INTO" || at(1) == "OR",
        "UPDATE" => at(2) == "SET",
        "DELETE" => at(1) == "FROM",
        "CREATE" | "DROP" | "ALTER" => matches!(at(1), "TABLE" | "INDEX" | "UNIQUE"),
        "BEGIN" => at(1) == "IMMEDIATE",
        "PRAGMA" => flat.len() > 1,
        _ => false,
    }
}

mod tests {
    use super::*;

    const PAGE: &str = "## Arrows: who may import whom\n\n| room | may import | so that |\n|---|---|---|\n\
        | domain | nothing of ours | |\n| os | domain | |\n| exec, store | domain, os | |\n| tui | domain | |\n| systems | domain | |\n| engine | domain, exec | |\n| sandbox | domain, os | |\n| main, compose | everything | |\n\n| x | y |\n";

    fn broken(file: &str, source: &str) -> Vec<String> {
        check(&Code::read(file, source), &arrows(PAGE))
    }

    #[test]
    fn bad_code_is_found() {
        for (file, source, sentence) in [
            (
                "domain/x.rs",
                "use crate::os::Clock;",
                "| domain | nothing of ours | |",
            ),
            (
                "domain/x.rs",
                "use crate::{domain::y, os};",
                "| domain | nothing of ours | |",
            ),
            (
                "domain/x.rs",
                "use super::super::os::Clock;",
                "| domain | nothing of ours | |",
            ),
            (
                "domain/x.rs",
                "fn f() { let x = crate::os::clock(); }",
                "| domain | nothing of ours | |",
            ),
            (
                "store/x.rs",
                "use sqlx::AssertSqlSafe as A; fn f() { A(text) }",
                "no statement is put together",
            ),
            (
                "domain/x.rs",
                "use crate::*;",
                "| domain | nothing of ours | |",
            ),
            (
                "domain/mod.rs",
                "use super::os;",
                "| domain | nothing of ours | |",
            ),
            (
                "store/x/y.rs",
                "use crate::exec::Job;",
                "| exec, store | domain, os | |",
            ),
            ("tui/x.rs", "use crate::engine::run;", "| tui | domain | |"),
            ("domain/x.rs", "pub async fn f() {}", "`async` and `await`"),
            ("tui/x.rs", "fn f() { g.await }", "`async` and `await`"),
            (
                "engine/x.rs",
                "use std::time::Instant as I; fn f() { I::now() }",
                "No clock",
            ),
            (
                "engine/x.rs",
                "let f = std::time::SystemTime::now;",
                "No clock",
            ),
            ("engine/x.rs", "use tokio::{sync, time::sleep};", "No clock"),
            ("engine/x.rs", "use tokio::time;", "No clock"),
            (
                "engine/x.rs",
                "use std::{thread}; fn f() { thread::sleep(x) }",
                "No clock",
            ),
            (
                "tui/x.rs",
                "use jiff as j; fn f() { j::Timestamp::now() }",
                "No clock",
            ),
            (
                "exec/x.rs",
                "use std::process::Command;",
                "no process started",
            ),
            (
                "config/x.rs",
                "use std::fs; fn f() { fs::read(path) }",
                "opened by its name",
            ),
            (
                "store/x.rs",
                "fn f() { std::fs::File::open(path) }",
                "opened by its name",
            ),
            (
                "exec/x.rs",
                "use std::process as p; fn f() { p::Command::new(\"x\") }",
                "no process started",
            ),
            (
                "exec/x.rs",
                "tokio::process::Command::new(x)",
                "no process started",
            ),
            ("engine/x.rs", "use sqlx::Row;", "SQL stands in"),
            (
                "engine/x.rs",
                "const Q: &str = \"select version\\n from events\";",
                "SQL stands in",
            ),
            (
                "engine/x.rs",
                "const Q: &str = r#\"INSERT INTO events VALUES (?)\"#;",
                "SQL stands in",
            ),
            ("tui/x.rs", "use aws_sdk_sts as s;", "AWS crates"),
            (
                "engine/x.rs",
                "use ratatui::text::Line;",
                "ratatui is named",
            ),
            (
                "sandbox/world.rs",
                "use super::services::ecs::Ecs;",
                "A service of the embedded cloud",
            ),
            (
                "sandbox/wire/feed.rs",
                "use crate::sandbox::services::logs;",
                "A service of the embedded cloud",
            ),
            (
                "sandbox/services/ecs/mod.rs",
                "use crate::sandbox::world::World;",
                "A service knows its realm",
            ),
            (
                "sandbox/services/ecs/api.rs",
                "use super::super::super::wire;",
                "A service knows its realm",
            ),
            (
                "world/x.rs",
                "const T: &str = \"its CloudFormation stack is gone\";",
                "CloudFormation is named",
            ),
            (
                "domain/x.rs",
                "enum TokenKind { Cfn }",
                "CloudFormation is named",
            ),
            (
                "tui/x.rs",
                "fn f() { row.kind == \"AWS::RDS::DBInstance\" }",
                "CloudFormation is named",
            ),
            (
                "engine/x.rs",
                "fn f() { spec.system == \"service\" }",
                "A system is named",
            ),
            (
                "engine/x.rs",
                "use crate::systems::script::Script;",
                "A system is named",
            ),
            (
                "systems/script/x.rs",
                "use crate::systems::service::Service;",
                "A system is named",
            ),
            ("attic/x.rs", "fn f() {}", "not in the table"),
        ] {
            let broken = broken(file, source);
            assert!(
                broken.iter().any(|b| b.contains(sentence)),
                "{file}: {source}\nfound only {broken:?}"
            );
        }
        assert!(
            broken("os/x.rs", &"\n".repeat(401))
                .iter()
                .any(|b| b.contains("401 lines"))
        );
    }

    #[test]
    fn good_code_is_left_alone() {
        for (file, source) in [
            (
                "domain/x.rs",
                "// use crate::os;\nconst X: &str = \"crate::os async SystemTime::now\"; /* async */",
            ),
            (
                "domain/x.rs",
                "use super::y; use crate::domain::z; use std::time::Duration;",
            ),
            (
                "domain/x.rs",
                "#[cfg(test)]\nmod tests { use crate::os; use std::time::Instant; fn f() { Instant::now() } }",
            ),
            (
                "os/x.rs",
                "fn f() { std::time::SystemTime::now(); std::process::Command::new(\"x\") }",
            ),
            (
                "exec/x.rs",
                "use clap::Command; use std::process::ExitCode; async fn f() {}",
            ),
            ("store/x.rs", "sqlx::query(\"SELECT a FROM b\")"),
            (
                "engine/x.rs",
                "const A: &str = \"update the stack set up earlier\"; const B: &str = \"select a row\"; use aws_config::x;",
            ),
            ("tui/x.rs", "use ratatui::text::Line;"),
            (
                "sandbox/world.rs",
                "use super::services; fn f() { services::ALL }",
            ),
            (
                "sandbox/services/ecs/mod.rs",
                "use super::logs::Logs; use crate::sandbox::realm::Realm;",
            ),
            (
                "systems/service/x.rs",
                "const T: &str = \"service\"; const U: &str = \"a CloudFormation stack\";",
            ),
            (
                "systems/mod.rs",
                "pub mod service; fn f() { service::Service }",
            ),
            ("domain/x.rs", "const T: &str = \"the service is down\";"),
            ("main.rs", "use holdpoint::engine;"),
            ("compose.rs", "use holdpoint::engine; use holdpoint::tui;"),
        ] {
            assert_eq!(
                broken(file, source),
                Vec::<String>::new(),
                "{file}: {source}"
            );
        }
    }
}
