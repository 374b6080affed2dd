//! Reading an application file.

mod container;
mod route;

use self::container::container;
use self::route::{route, subscription};
use super::{Access, Application, Blobstore, Database, Runtime, Whose, Worker};
use crate::systems::message::{Message, Reading, Word};
use crate::text::document::Node;

/// The group of servers that is meant where none is written.
const GROUP: &str = "default";

/// An application; what is wrong with it is in the reading.
pub(in super::super) fn read(root: &Node, reading: &mut Reading<'_>) -> Option<Application> {
    let mut m = Message::of(root, "the application", reading)?;
    let name = m.needed("name", reading).unwrap_or_default();
    named(&name, "an application", reading);
    m.called(format!("the application {}", name.text));
    let quick = m
        .message("deployment_config", reading)
        .is_some_and(|mut m| {
            let quick = m.switch("quick_mode", reading);
            m.end(reading);
            quick
        });
    let app = Application {
        targets: names("targets", &mut m, reading),
        secrets: names("secrets", &mut m, reading),
        blobstores: each("blobstores", &mut m, reading, blobstore),
        databases: each("databases", &mut m, reading, database),
        runtimes: each("runtimes", &mut m, reading, runtime),
        quick,
        name,
    };
    m.unrendered("aws_config", "its parts are named policies now", reading);
    if app.runtimes.is_empty() && reading.found.is_empty() {
        let says = format!("{} has no runtime: nothing would run", m.what());
        reading.say(m.at, says, "add one under runtimes");
    }
    repeated(&app, reading);
    for (name, kind) in (app.blobstores.iter().map(|one| (&one.name, "blobstore")))
        .chain(app.secrets.iter().map(|name| (name, "secret")))
        .chain(app.targets.iter().map(|name| (name, "target")))
    {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
        let lower = kind != "blobstore"
            || !name
                .text
                .contains(|c: char| c.is_ascii_uppercase() || "_/:".contains(c));
        if !name.text.chars().all(plain) || !lower {
            let says = format!("{:?} cannot be the name of a {kind}", name.text);
            reading.say(name.at, says, "use letters in lower case, digits and '-'");
        }
    }
    let mut known = [
        ("target", app.targets.iter().collect()),
        ("blobstore", words(&app.blobstores, |one| &one.name)),
        ("database", words(&app.databases, |one| &one.name)),
        ("secret", app.secrets.iter().collect()),
        ("runtime", words(&app.runtimes, |one| &one.name)),
    ];
    for (kind, names) in &mut known {
        twice(kind, names, reading);
    }
    m.end(reading);
    Some(app)
}

fn words<T>(all: &[T], name: impl Fn(&T) -> &Word) -> Vec<&Word> {
    all.iter().map(name).collect()
}

/// Says of names of one kind those that come twice: what is made of them would be one thing.
fn twice(kind: &str, names: &mut Vec<&Word>, reading: &mut Reading<'_>) {
    names.sort_by_key(|word| (&word.text, word.at));
    for pair in names.windows(2) {
        if let [first, second] = pair
            && first.text == second.text
            && !first.text.is_empty()
        {
            let says = format!("there are two {kind}s of the name {:?}", second.text);
            reading.say(second.at, says, "give one of them another name");
        }
    }
}

/// Says of two routes that take the same requests that one of them would get none.
fn repeated(app: &Application, reading: &mut Reading<'_>) {
    let mut seen: Vec<(&str, Vec<&str>)> = Vec::new();
    for route in app.runtimes.iter().flat_map(|runtime| &runtime.routes) {
        let hosts: Vec<&str> = route.subdomains.iter().map(Word::as_str).collect();
        let takes = (route.prefix.as_str(), hosts);
        if seen.contains(&takes) {
            let says = format!("two routes take what begins with {:?}", route.prefix);
            reading.say(route.at, says, "tell them apart by prefix or subdomains");
        }
        seen.push(takes);
    }
}

/// Says where a name is none: it becomes part of the names of what is made.
fn named(name: &Word, whose: &str, reading: &mut Reading<'_>) {
    let text = name.as_str();
    let fits = text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !text.is_empty() && !fits {
        let says = format!("{text:?} cannot be the name of {whose}");
        let hint = "use a letter, then at least one more letter or digit, all in lower case";
        reading.say(name.at, says, hint);
    }
}

/// A list of messages, each read by its own function.
fn each<'n, T>(
    key: &'static str,
    m: &mut Message<'n>,
    reading: &mut Reading<'_>,
    read: impl Fn(Message<'n>, &mut Reading<'_>) -> Option<T>,
) -> Vec<T> {
    let messages = m.messages(key, reading);
    messages
        .into_iter()
        .filter_map(|one| read(one, reading))
        .collect()
}

/// A list of messages that are names.
fn names(key: &'static str, m: &mut Message<'_>, reading: &mut Reading<'_>) -> Vec<Word> {
    each(key, m, reading, |mut m, reading| {
        let name = m.needed("name", reading);
        m.end(reading);
        name
    })
}

fn blobstore(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Blobstore> {
    let name = m.needed("name", reading)?;
    m.called(format!("the blobstore {}", name.text));
    let tells = m.switch("emit_events", reading);
    m.unrendered("grants", "o5 knows no principals any more", reading);
    let sftp = "no SFTP server is made; make one beside, for the bucket";
    m.unrendered("sftp_settings", sftp, reading);
    let whose = match m.message("ref", reading) {
        None => Some(Whose::Own { tells }),
        Some(mut m) => {
            let (read, write) = (
                m.switch("read_permission", reading),
                m.switch("write_permission", reading),
            );
            let access = match (read, write) {
                (true, true) => Access::Both,
                (false, true) => Access::Write,
                (_, false) => Access::Read,
            };
            m.exactly_one(&["application", "bucket_name"], true, reading);
            let application = m.text("application", reading);
            let bucket = m.text("bucket_name", reading);
            m.end(reading);
            application
                .map(|word| Whose::Application(word.text, access))
                .or_else(|| bucket.map(|word| Whose::Bucket(word.text, access)))
        }
    };
    m.end(reading);
    Some(Blobstore {
        name,
        whose: whose?,
    })
}

fn database(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Database> {
    let name = m.needed("name", reading)?;
    m.called(format!("the database {}", name.text));
    m.exactly_one(&["postgres"], true, reading);
    let mut own = m.message("postgres", reading);
    m.end(reading);
    let m = own.as_mut()?;
    m.called(format!("the database {}", name.text));
    let suffix = m.text("db_name_suffix", reading);
    let why = format!(
        "the database is called by db_name_suffix, else {}",
        name.text
    );
    m.unrendered("db_name", &why, reading);
    let group = m.text("server_group", reading).unwrap_or(Word {
        text: GROUP.to_owned(),
        at: m.at,
    });
    let extensions = m.texts("db_extensions", reading);
    let migrate = m
        .message("migrate_container", reading)
        .and_then(|m| container(m, Some("migrate"), reading));
    let outbox = m.switch("run_outbox", reading);
    let delayable = m.switch("outbox_delayable", reading);
    let suffix = suffix.unwrap_or_else(|| name.clone());
    let database = Database {
        name,
        suffix,
        group,
        extensions,
        migrate,
        outbox,
        delayable,
    };
    safe(&database, reading);
    if let Some(m) = own {
        m.end(reading);
    }
    Some(database)
}

/// Says where what becomes a name on a server is none.
fn safe(database: &Database, reading: &mut Reading<'_>) {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let suffix = &database.suffix;
    if !plain(&suffix.text) {
        let says = format!("{:?} cannot be part of a database's name", suffix.text);
        reading.say(suffix.at, says, "use letters, digits and '_'");
    }
    for extension in &database.extensions {
        if !plain(&extension.text.replace('-', "_")) {
            let says = format!("{:?} cannot be the name of an extension", extension.text);
            reading.say(extension.at, says, "use letters, digits, '_' and '-'");
        }
    }
}

fn runtime(mut m: Message<'_>, reading: &mut Reading<'_>) -> Option<Runtime> {
    let name = m.needed("name", reading)?;
    named(&name, "a runtime", reading);
    m.called(format!("the runtime {}", name.text));
    let containers = each("containers", &mut m, reading, |m, reading| {
        container(m, None, reading)
    });
    let mut named: Vec<&Word> = containers.iter().map(|one| &one.name).collect();
    twice("container", &mut named, reading);
    if containers.is_empty() {
        let says = format!("{} has no container", m.what());
        reading.say(m.at, says, "add one under containers");
    }
    let worker = m.message("worker_config", reading).map(|mut m| {
        let worker = Worker {
            replay: m.number("replay_chance", 0..=100, reading).unwrap_or(0),
            dead: m.number("deadletter_chance", 0..=100, reading).unwrap_or(0),
            no_dead_letters: m.switch("no_deadletters", reading),
        };
        m.end(reading);
        worker
    });
    let policies = m.texts("named_env_policies", reading);
    m.unrendered(
        "grant_meta_deploy_permissions",
        "o5 grants what a deployer needs by named policies now (named_env_policies)",
        reading,
    );
    let runtime = Runtime {
        direct: m.switch("direct_ingress", reading),
        routes: each("routes", &mut m, reading, |m, reading| {
            Some(route(m, reading))
        }),
        subscriptions: each("subscriptions", &mut m, reading, subscription),
        worker: worker.unwrap_or_default(),
        containers,
        policies,
        name,
    };
    m.end(reading);
    Some(runtime)
}
