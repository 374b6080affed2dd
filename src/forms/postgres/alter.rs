//! What `ALTER` does to the tables that are there: action by action, because the lock of a statement
//! is the strongest that one of its actions needs.

use super::sql::{Kind, Word, begins};
use super::statement::{called, references};
use super::touch::{Does, Lock, Rewrite, find, name};

/// What such a statement does.
pub(super) fn alter(words: &[Word<'_>]) -> Does {
    let Some(kind) = words.get(1).and_then(Word::name) else {
        return Does::unknown("not understood");
    };
    let on = || name(words, find(words, "on").map_or(words.len(), |at| at + 1));
    match kind.as_str() {
        "table" if begins(&words[2..], &["all"]) => Does::unknown("alters whatever is there"),
        "table" => table(words, 2),
        "foreign" => table(words, 3),
        "materialized" => Does::default().touch(name(words, 3), Lock::AccessExclusive),
        "view" => Does::default().touch(name(words, 2), Lock::AccessExclusive),
        "index" => index(words),
        "trigger" | "policy" | "rule" => Does::default().touch(on(), Lock::AccessExclusive),
        "type" if find(words, "attribute").is_some() => {
            Does::unknown("changes every table that has the type")
        }
        "domain" => Does::unknown("looks through every table that has the domain"),
        "type" | "function" | "procedure" | "routine" | "aggregate" | "schema" | "extension"
        | "sequence" | "role" | "user" | "group" | "default" | "publication" | "subscription"
        | "collation" | "operator" | "language" | "statistics" | "event" | "text"
        | "conversion" | "database" | "system" => Does::default(),
        _ => Does::unknown("not understood"),
    }
}

fn index(words: &[Word<'_>]) -> Does {
    let Some((index, end)) = name(words, 2) else {
        return Does::unknown("names no index");
    };
    let rest = &words[end..];
    let beside = begins(rest, &["rename"]) || rest.get(1).is_some_and(|word| word.is_sign("("));
    let lock = if beside {
        Lock::ShareUpdateExclusive
    } else {
        Lock::AccessExclusive
    };
    let mut does = Does::default().touch(Some((index, end)), lock);
    for touch in &mut does.touches {
        touch.index = true;
    }
    does
}

fn table(words: &[Word<'_>], at: usize) -> Does {
    let Some((table, end)) = name(words, at) else {
        return Does::unknown("names no table");
    };
    let (mut lock, mut rewrite, mut unknown) = (Lock::RowExclusive, Rewrite::No, None);
    let mut does = references(words);
    for action in actions(&words[end..]) {
        if let Some((needs, writes)) = of(action) {
            lock = lock.max(needs);
            rewrite = rewrite.max(writes);
        } else {
            lock = Lock::AccessExclusive;
            unknown = Some("not understood".to_owned());
        }
        // A partition that comes or goes is locked itself.
        if begins(&action[1..], &["partition"]) {
            does = does.touch(name(action, 2), Lock::AccessExclusive);
        }
    }
    let mut own = Does::default().touch(Some((table, end)), lock);
    for touch in &mut own.touches {
        touch.rewrite = rewrite;
    }
    own.touches.extend(does.touches);
    own.unknown = unknown;
    own
}

/// The actions of a statement: between commas outside of parentheses.
fn actions<'a, 'w>(words: &'a [Word<'w>]) -> Vec<&'a [Word<'w>]> {
    let (mut all, mut begin, mut depth) = (Vec::new(), 0, 0_usize);
    for (n, word) in words.iter().enumerate() {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                all.push(&words[begin..n]);
                begin = n + 1;
            }
            _ => {}
        }
    }
    all.push(&words[begin..]);
    all.retain(|action| !action.is_empty());
    all
}

/// Actions by their first words, with the lock of each and whether they write the table anew. The
/// first that fits counts.
const ACTIONS: [(&[&str], Lock, Rewrite); 34] = {
    use Lock::{AccessExclusive, ShareRowExclusive, ShareUpdateExclusive};
    use Rewrite::{No, Yes};
    [
        (&["validate", "constraint"], ShareUpdateExclusive, No),
        (&["attach", "partition"], ShareUpdateExclusive, No),
        (&["detach", "partition"], AccessExclusive, No),
        (&["cluster", "on"], ShareUpdateExclusive, No),
        (&["set", "without", "cluster"], ShareUpdateExclusive, No),
        (&["set", "without", "oids"], AccessExclusive, No),
        (&["set", "tablespace"], AccessExclusive, Yes),
        (&["set", "logged"], AccessExclusive, Yes),
        (&["set", "unlogged"], AccessExclusive, Yes),
        (&["set", "access", "method"], AccessExclusive, Yes),
        (&["set", "schema"], AccessExclusive, No),
        (&["enable", "trigger"], ShareRowExclusive, No),
        (&["disable", "trigger"], ShareRowExclusive, No),
        (&["enable", "always", "trigger"], ShareRowExclusive, No),
        (&["enable", "replica", "trigger"], ShareRowExclusive, No),
        (&["enable", "rule"], AccessExclusive, No),
        (&["disable", "rule"], AccessExclusive, No),
        (&["enable", "always", "rule"], AccessExclusive, No),
        (&["enable", "replica", "rule"], AccessExclusive, No),
        (&["enable", "row"], AccessExclusive, No),
        (&["disable", "row"], AccessExclusive, No),
        (&["force", "row"], AccessExclusive, No),
        (&["no", "force"], AccessExclusive, No),
        (&["no", "inherit"], AccessExclusive, No),
        (&["inherit"], AccessExclusive, No),
        (&["of"], AccessExclusive, No),
        (&["not", "of"], AccessExclusive, No),
        (&["owner", "to"], AccessExclusive, No),
        (&["replica", "identity"], AccessExclusive, No),
        (&["rename"], AccessExclusive, No),
        (&["alter", "constraint"], AccessExclusive, No),
        (&["drop"], AccessExclusive, No),
        (&["options"], AccessExclusive, No),
        (&["reset"], ShareUpdateExclusive, No),
    ]
};

fn of(action: &[Word<'_>]) -> Option<(Lock, Rewrite)> {
    let ends = |keyword| action.last().is_some_and(|word| word.is(keyword));
    if begins(action, &["detach", "partition"]) && (ends("concurrently") || ends("finalize")) {
        return Some((Lock::ShareUpdateExclusive, Rewrite::No));
    }
    let known = ACTIONS.iter().find(|(words, ..)| begins(action, words));
    if let Some((_, lock, rewrite)) = known {
        return Some((*lock, *rewrite));
    }
    let first = action.first()?;
    if first.is("set") && action.get(1)?.is_sign("(") {
        return Some((Lock::ShareUpdateExclusive, Rewrite::No));
    }
    if first.is("add") {
        return Some(add(&action[1..]));
    }
    if first.is("alter") {
        let at = 1 + usize::from(action.get(1)?.is("column"));
        action.get(at)?.name()?;
        return column(&action[at + 1..]);
    }
    None
}

/// A constraint or a column that is added.
fn add(words: &[Word<'_>]) -> (Lock, Rewrite) {
    let begin = if begins(words, &["constraint"]) { 2 } else { 0 };
    let kind = words.get(begin..).unwrap_or_default();
    if begins(kind, &["foreign", "key"]) {
        return (Lock::ShareRowExclusive, Rewrite::No);
    }
    let constraints = ["check", "unique", "exclude", "primary"];
    let is_constraint = constraints.iter().any(|word| begins(kind, &[word]));
    let rewrite = if is_constraint {
        Rewrite::No
    } else {
        with_value(words)
    };
    (Lock::AccessExclusive, rewrite)
}

/// Functions whose value is the same for all rows of a statement: it is kept once.
const STEADY: [&str; 12] = [
    "now",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtime",
    "localtimestamp",
    "transaction_timestamp",
    "statement_timestamp",
    "to_timestamp",
    "to_date",
    "jsonb_build_object",
    "current_setting",
];
/// Those of which every row gets another value.
const VOLATILE: [&str; 10] = [
    "random",
    "gen_random_uuid",
    "clock_timestamp",
    "timeofday",
    "nextval",
    "uuid_generate_v4",
    "uuid_generate_v1",
    "gen_random_bytes",
    "txid_current",
    "uuidv7",
];
/// Types that bring such a value with them.
const SERIAL: [&str; 6] = [
    "serial",
    "bigserial",
    "smallserial",
    "serial4",
    "serial8",
    "serial2",
];

/// Whether a new column is written into every row: its value is one for all of them, or not.
fn with_value(words: &[Word<'_>]) -> Rewrite {
    let has = |keyword: &str| words.iter().any(|word| word.is(keyword));
    if SERIAL.iter().any(|kind| has(kind)) || has("generated") {
        return Rewrite::Yes;
    }
    let Some(at) = find(words, "default") else {
        return Rewrite::No;
    };
    let mut value = &words[at + 1..];
    for next in [
        "not",
        "constraint",
        "references",
        "check",
        "unique",
        "primary",
        "collate",
    ] {
        value = find(value, next).map_or(value, |end| &value[..end]);
    }
    if VOLATILE
        .iter()
        .any(|name| value.iter().any(|word| word.is(name)))
    {
        return Rewrite::Yes;
    }
    // A type with its length, behind `::` or AS, is written as a call is.
    let types = [
        "varchar",
        "numeric",
        "decimal",
        "char",
        "bit",
        "timestamp",
        "timestamptz",
        "time",
    ];
    let unknown = value.windows(2).enumerate().any(|(n, pair)| {
        let known = STEADY.iter().chain(&types).any(|known| pair[0].is(known));
        let name = matches!(pair[0].kind, Kind::Plain | Kind::Quoted);
        let cast = n > 0 && value[n - 1].is_sign(":");
        name && pair[1].is_sign("(") && !known && !cast
    });
    if unknown && called(value).is_some() {
        Rewrite::Perhaps
    } else {
        Rewrite::No
    }
}

/// What is changed of a column.
fn column(words: &[Word<'_>]) -> Option<(Lock, Rewrite)> {
    let starts = |keywords: &[&str]| begins(words, keywords);
    let retyped = match () {
        () if starts(&["type"]) => Some(&words[1..]),
        () if starts(&["set", "data", "type"]) => Some(&words[3..]),
        () => None,
    };
    if let Some(to) = retyped {
        // A text that may be longer than before is the same text.
        let texts = [
            "text",
            "varchar",
            "character",
            "varbit",
            "numeric",
            "decimal",
        ];
        let same = texts.iter().any(|kind| begins(to, &[kind])) && find(to, "using").is_none();
        let rewrite = if same { Rewrite::Perhaps } else { Rewrite::Yes };
        return Some((Lock::AccessExclusive, rewrite));
    }
    let options = |at: usize| words.get(at).is_some_and(|word| word.is_sign("("));
    if starts(&["set", "statistics"])
        || (starts(&["set"]) && options(1))
        || (starts(&["reset"]) && options(1))
    {
        return Some((Lock::ShareUpdateExclusive, Rewrite::No));
    }
    let changes = ["set", "drop", "add", "restart"];
    changes
        .iter()
        .any(|word| starts(&[word]))
        .then_some((Lock::AccessExclusive, Rewrite::No))
}
