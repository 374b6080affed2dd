//! What each kind of statement does to the tables that are there, by its first words.

use super::alter;
use super::sql::{Kind, Statement, Word, begins};
use super::touch::{Does, Lock, find, name};

fn has(words: &[Word<'_>], keyword: &str) -> bool {
    words.iter().any(|word| word.is(keyword))
}

/// The name behind a keyword.
fn behind(words: &[Word<'_>], keyword: &str) -> Option<(String, usize)> {
    name(words, find(words, keyword)? + 1)
}

/// Things that are made, changed or dropped, and touch no table by that.
const BESIDE: [&str; 21] = [
    "function",
    "procedure",
    "routine",
    "aggregate",
    "type",
    "schema",
    "extension",
    "sequence",
    "role",
    "user",
    "group",
    "collation",
    "operator",
    "cast",
    "language",
    "text",
    "publication",
    "subscription",
    "event",
    "default",
    "conversion",
];

/// What a statement does.
pub(super) fn does(statement: &Statement<'_>) -> Does {
    let words = &statement.words[..];
    let Some(first) = words.first().and_then(Word::name) else {
        return Does::unknown("not understood");
    };
    match first.as_str() {
        "create" => create(words),
        "alter" => alter::alter(words),
        "drop" => drop(words),
        "insert" | "update" | "delete" | "merge" | "with" | "select" | "values" | "table"
        | "copy" => data(words),
        "truncate" => {
            let at = if begins(words, &["truncate", "table"]) {
                2
            } else {
                1
            };
            listed(words, at, Lock::AccessExclusive)
        }
        "lock" => locked(words),
        "comment" => comment(words),
        "vacuum" if has(words, "full") => Does::default()
            .touch(last_name(words), Lock::AccessExclusive)
            .anew(),
        "vacuum" | "analyze" => Does::default().touch(last_name(words), Lock::ShareUpdateExclusive),
        "cluster" => {
            let at = if has(&words[..words.len().min(2)], "verbose") {
                2
            } else {
                1
            };
            Does::default()
                .touch(name(words, at), Lock::AccessExclusive)
                .anew()
        }
        "reindex" => reindex(words),
        "refresh" => {
            let at = if has(words, "concurrently") { 4 } else { 3 };
            let lock = if has(words, "concurrently") {
                Lock::Exclusive
            } else {
                Lock::AccessExclusive
            };
            Does::default().touch(name(words, at), lock)
        }
        "grant" | "revoke" | "set" | "reset" | "show" | "notify" | "listen" | "unlisten"
        | "discard" | "deallocate" | "savepoint" | "release" | "rollback" | "checkpoint"
        | "begin" | "commit" | "end" | "start" | "security" => Does::default(),
        "do" | "call" | "execute" => Does::unknown(format!(
            "{}: what runs there is not read",
            first.to_uppercase()
        )),
        _ => Does::unknown("not understood"),
    }
}

/// `VACUUM (FULL) a`, `ANALYZE a (b)`: the name behind the options.
fn last_name(words: &[Word<'_>]) -> Option<(String, usize)> {
    let mut at = 1;
    if words.get(at).is_some_and(|word| word.is_sign("(")) {
        at += words.iter().skip(at).position(|word| word.is_sign(")"))? + 1;
    }
    while words.get(at).is_some_and(|word| {
        ["full", "freeze", "verbose", "analyze"]
            .iter()
            .any(|is| word.is(is))
    }) {
        at += 1;
    }
    name(words, at)
}

/// All names of a list, under one lock.
fn listed(words: &[Word<'_>], at: usize, lock: Lock) -> Does {
    let mut does = Does::default();
    let mut next = Some(at);
    while let Some(at) = next {
        let found = name(words, at);
        let end = found.as_ref().map_or(words.len(), |(_, end)| *end);
        does = does.touch(found, lock);
        next = words
            .get(end)
            .is_some_and(|word| word.is_sign(","))
            .then_some(end + 1);
    }
    if has(words, "cascade") {
        does.unknown = Some("CASCADE takes with it what nobody names".to_owned());
    }
    does
}

fn create(words: &[Word<'_>]) -> Does {
    let kinds = [
        "or",
        "replace",
        "unique",
        "temp",
        "temporary",
        "unlogged",
        "global",
        "local",
    ];
    let kinds = [
        &kinds[..],
        &["recursive", "constraint", "trusted", "procedural"],
    ]
    .concat();
    let skipped = words[1..]
        .iter()
        .take_while(|word| kinds.iter().any(|kind| word.is(kind)))
        .count();
    let at = 1 + skipped;
    let Some(kind) = words.get(at).and_then(Word::name) else {
        return Does::unknown("not understood");
    };
    match kind.as_str() {
        "table" => {
            let made = name(words, at + 1);
            let mut does = references(words);
            if find(words, "partition")
                .is_some_and(|at| words.get(at + 1).is_some_and(|word| word.is("of")))
            {
                does = does.touch(behind(words, "of"), Lock::AccessExclusive);
            }
            does.makes = made.map(|(name, _)| name);
            does
        }
        "index" if has(words, "concurrently") => {
            Does::default().touch(behind(words, "on"), Lock::ShareUpdateExclusive)
        }
        "index" => Does::default().touch(behind(words, "on"), Lock::Share),
        "trigger" => Does::default().touch(behind(words, "on"), Lock::ShareRowExclusive),
        "policy" => Does::default().touch(behind(words, "on"), Lock::AccessExclusive),
        "rule" => Does::default().touch(behind(words, "to"), Lock::AccessExclusive),
        "statistics" => Does::default().touch(behind(words, "from"), Lock::ShareUpdateExclusive),
        "view" if has(&words[..at], "replace") => {
            Does::default().touch(name(words, at + 1), Lock::AccessExclusive)
        }
        "view" => Does {
            makes: name(words, at + 1).map(|(name, _)| name),
            ..Does::default()
        },
        "materialized" => Does {
            makes: name(words, at + 2).map(|(name, _)| name),
            ..Does::default()
        },
        "domain" => Does::default(),
        other if BESIDE.contains(&other) => Does::default(),
        _ => Does::unknown("not understood"),
    }
}

/// Tables that foreign keys of a statement refer to.
pub(super) fn references(words: &[Word<'_>]) -> Does {
    let mut does = Does::default();
    for (at, word) in words.iter().enumerate() {
        if word.is("references") {
            does = does.touch(name(words, at + 1), Lock::ShareRowExclusive);
        }
    }
    does
}

fn drop(words: &[Word<'_>]) -> Does {
    let Some(kind) = words.get(1).and_then(Word::name) else {
        return Does::unknown("not understood");
    };
    let mut does = match kind.as_str() {
        "table" | "view" => return listed(words, 2, Lock::AccessExclusive),
        "materialized" => return listed(words, 3, Lock::AccessExclusive),
        "index" if has(words, "concurrently") => {
            listed(words, 3, Lock::ShareUpdateExclusive).of_index()
        }
        "index" => listed(words, 2, Lock::AccessExclusive).of_index(),
        "trigger" | "policy" | "rule" => {
            Does::default().touch(behind(words, "on"), Lock::AccessExclusive)
        }
        "statistics" | "domain" => Does::default(),
        "owned" => Does::unknown("drops whatever somebody owns"),
        other if BESIDE.contains(&other) => Does::default(),
        _ => Does::unknown("not understood"),
    };
    if has(words, "cascade") && does.unknown.is_none() {
        does.unknown = Some("CASCADE takes with it what nobody names".to_owned());
    }
    does
}

/// Rows are written: in which tables, at whatever depth. What functions do that are called by a
/// SELECT nobody knows.
fn data(words: &[Word<'_>]) -> Does {
    let mut does = Does::default();
    let at = |at: usize| words.get(at);
    let follows = |n: usize, keyword: &str| at(n + 1).is_some_and(|word| word.is(keyword));
    for (n, word) in words.iter().enumerate() {
        let found = match () {
            () if (word.is("insert") || word.is("merge")) && follows(n, "into") => n + 2,
            () if word.is("delete") && follows(n, "from") => n + 2,
            // `FOR UPDATE`, `DO UPDATE`, `ON UPDATE` and `THEN UPDATE` name no table.
            () if word.is("update")
                && !n.checked_sub(1).and_then(at).is_some_and(|before| {
                    ["for", "do", "on", "then", "key"]
                        .iter()
                        .any(|is| before.is(is))
                }) =>
            {
                n + 1
            }
            () if n == 0
                && word.is("copy")
                && has(words, "from")
                && !at(1).is_some_and(|word| word.is_sign("(")) =>
            {
                1
            }
            () => continue,
        };
        does = does.touch(name(words, found), Lock::RowExclusive);
    }
    let reads = words.first().is_some_and(|word| word.is("select"));
    if let Some(called) = called(words).filter(|_| reads && does.touches.is_empty()) {
        return Does::unknown(format!("{called}(): what a function does is not read"));
    }
    does
}

/// Functions that change nothing but what they name.
const KNOWN: [&str; 20] = [
    "setval",
    "set_config",
    "currval",
    "nextval",
    "count",
    "max",
    "min",
    "sum",
    "avg",
    "coalesce",
    "now",
    "lower",
    "upper",
    "exists",
    "in",
    "length",
    "any",
    "all",
    "nullif",
    "to_regclass",
];

/// A function that is called and not known.
pub(super) fn called(words: &[Word<'_>]) -> Option<String> {
    let calls = words.windows(2).find(|pair| {
        let is_name = matches!(pair[0].kind, Kind::Plain | Kind::Quoted);
        let keywords = [
            "as", "from", "where", "and", "or", "not", "values", "select", "on", "by", "over",
            "filter", "then", "when", "else", "using", "join",
        ];
        is_name
            && pair[1].is_sign("(")
            && !KNOWN.iter().chain(&keywords).any(|known| pair[0].is(known))
    })?;
    calls[0].name()
}

fn locked(words: &[Word<'_>]) -> Does {
    let at = if begins(words, &["lock", "table"]) {
        2
    } else {
        1
    };
    let mode: Vec<String> = find(words, "in")
        .map(|at| &words[at + 1..])
        .unwrap_or_default()
        .iter()
        .map_while(|word| word.name().filter(|name| name != "mode"))
        .collect();
    let lock = match mode.join(" ").as_str() {
        "access share" | "row share" => return Does::default(),
        "row exclusive" => Lock::RowExclusive,
        "share update exclusive" => Lock::ShareUpdateExclusive,
        "share" => Lock::Share,
        "share row exclusive" => Lock::ShareRowExclusive,
        "exclusive" => Lock::Exclusive,
        _ => Lock::AccessExclusive,
    };
    listed(words, at, lock)
}

fn comment(words: &[Word<'_>]) -> Does {
    let of = words.get(2).and_then(Word::name).unwrap_or_default();
    match of.as_str() {
        "table" => Does::default().touch(name(words, 3), Lock::ShareUpdateExclusive),
        "column" => {
            let table = name(words, 3).and_then(|(column, end)| {
                column
                    .rsplit_once('.')
                    .map(|(table, _)| (table.to_owned(), end))
            });
            Does::default().touch(table, Lock::ShareUpdateExclusive)
        }
        _ => Does::default(),
    }
}

fn reindex(words: &[Word<'_>]) -> Does {
    let of = |kind| find(words, kind);
    let beside = has(words, "concurrently");
    let skip = |at: usize| at + 1 + usize::from(beside);
    let lock = |lock| {
        if beside {
            Lock::ShareUpdateExclusive
        } else {
            lock
        }
    };
    match (of("table"), of("index")) {
        (Some(at), _) => Does::default().touch(name(words, skip(at)), lock(Lock::Share)),
        (None, Some(at)) => {
            let does = Does::default().touch(name(words, skip(at)), lock(Lock::AccessExclusive));
            does.of_index()
        }
        (None, None) => Does::unknown("names no table"),
    }
}
