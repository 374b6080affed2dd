//! What is done on a Postgres server, on a real one: by a user who is no superuser, as at RDS.

use holdpoint::domain::masks::Secret;
use holdpoint::domain::time::Time;
use holdpoint::forms::postgres::migrations::Carried;
use holdpoint::forms::postgres::{Auth, Database, Mark, Name, Server};
use holdpoint::postgres::{Admin, Called, Login, Session, Wanted};

/// When users of these tests are made.
const NOW: Time = Time(1_795_800_000_000);

/// The server of the tests.
pub(crate) fn server() -> Server {
    let at = std::env::var("HOLDPOINT_POSTGRES")
        .unwrap_or_else(|_| panic!("HOLDPOINT_POSTGRES names no server; run .ci/run peers"));
    let (host, port) = at.rsplit_once(':').unwrap();
    Server {
        host: host.to_owned(),
        port: port.parse().unwrap(),
        auth: Auth::Secret("/rds/main".to_owned()),
        ca: None,
    }
}

fn login(user: &str, password: &str) -> Login {
    Login {
        user: user.to_owned(),
        password: Secret::new(password.to_owned()),
    }
}

/// Who makes a database of this name, as a test that has it alone.
fn admin(name: &str) -> Admin {
    let database = Database {
        server: server(),
        name: Name::try_from(format!("test_{name}_{}", std::process::id())).unwrap(),
    };
    let master = login("master", "master-of-tests");
    Admin::known(&database, master, String::new(), Called::of("tests"))
}

async fn ended(admin: &Admin) {
    let home = admin.home().await.unwrap();
    admin.destroy(&home, None).await.unwrap();
}

/// Waits until the server has seen that a user is connected no more.
async fn gone(admin: &Admin, user: &str) {
    while admin
        .facts()
        .await
        .unwrap()
        .sessions
        .keys()
        .any(|who| who.starts_with(user))
    {
        tokio::task::yield_now().await;
    }
}

/// What is remembered is believed of the database that it was remembered of, and of no other.
#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn a_database_that_was_made_anew_remembers_nothing() {
    let admin = admin("mark");
    let home = admin.alone().await.unwrap();
    admin.upsert(&home, &Wanted::default()).await.unwrap();
    assert_eq!(admin.mark(&home).await.unwrap(), None);
    let mark = Mark {
        of: "dev/shop of the store s1".to_owned(),
        migrated: "v1 'quoted'".to_owned(),
    };
    admin.remember(&home, mark.clone()).await.unwrap();
    assert_eq!(admin.facts().await.unwrap().mark, Some(mark));
    let name = admin.name().as_str();
    home.run(&format!("DROP DATABASE {name}")).await.unwrap();
    admin.upsert(&home, &Wanted::default()).await.unwrap();
    assert_eq!(admin.mark(&home).await.unwrap(), None);
    ended(&admin).await;
}

/// A session of a user of the database.
async fn inside(admin: &Admin, user: &Login) -> Session {
    let name = admin.name().as_str();
    Session::open(&server(), user, name, &Called::of("app"))
        .await
        .unwrap()
}

#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn a_database_is_made_once_and_taken_away_once() {
    let admin = admin("made");
    let wanted = Wanted {
        extensions: vec!["pgcrypto".to_owned()],
        iam: false,
    };
    let home = admin.alone().await.unwrap();
    let first = admin.upsert(&home, &wanted).await.unwrap();
    assert!(first.made);
    let again = admin.upsert(&home, &wanted).await.unwrap();
    assert_eq!((again.made, again.did.len()), (false, 0), "{again:?}");
    let name = admin.new_user(NOW);
    let user = admin.user(&home, &name).await.unwrap();
    assert!(admin.is_user(&home, &name).await.unwrap());
    // Who has it can use it, and what is made belongs to the role once it was cleaned up.
    let session = inside(&admin, &user.login()).await;
    session
        .run("CREATE TABLE orders (id serial PRIMARY KEY, paid bool); CREATE VIEW paid AS SELECT * FROM orders WHERE paid; \
              CREATE TYPE state AS ENUM ('new'); CREATE SCHEMA more; CREATE SEQUENCE more.numbers; \
              CREATE FUNCTION one(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; INSERT INTO orders (paid) SELECT true FROM generate_series(1, 100); ANALYZE orders")
        .await
        .unwrap();
    let owned = admin.own().await.unwrap();
    assert_eq!(owned.given.len(), 6, "{owned:?}");
    assert_eq!(owned.others.len(), 0, "{owned:?}");
    assert_eq!(admin.own().await.unwrap().given.len(), 0);
    let facts = admin.facts().await.unwrap();
    assert_eq!(facts.owner, admin.name().as_str());
    assert_eq!(facts.extensions, ["pgcrypto"]);
    assert_eq!(facts.tables[0].name, "public.orders");
    assert_eq!(facts.tables[0].rows, Some(100));
    assert_eq!(facts.users, std::slice::from_ref(&name));
    assert_eq!(facts.sessions.values().sum::<u32>(), 1, "{facts:?}");
    assert_eq!(facts.applied, None);
    // Another one than was shown is not taken away.
    let oid = facts.oid.unwrap();
    let refused = admin.destroy(&home, Some(oid + 1)).await.unwrap_err();
    assert!(refused.failure().summary.contains("made anew"));
    let gone = admin.destroy(&home, Some(oid)).await.unwrap();
    assert_eq!(
        gone.did,
        [
            "ended 1 session".to_owned(),
            format!("dropped the database {}", admin.name()),
            format!("dropped the user {name}"),
            format!("dropped the role {}", admin.name()),
        ]
    );
    assert_eq!(admin.destroy(&home, Some(oid)).await.unwrap().did.len(), 0);
    assert_eq!(admin.facts().await.unwrap().oid, None);
}

#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn a_user_that_follows_another_may_change_what_that_one_made() {
    let admin = admin("follows");
    let home = admin.alone().await.unwrap();
    admin.upsert(&home, &Wanted::default()).await.unwrap();
    let user = |at: i64| admin.new_user(Time(NOW.0 + at * 1000));
    let mut keys = Vec::new();
    for at in 0..3 {
        keys.push(admin.user(&home, &user(at)).await.unwrap());
    }
    let first = inside(&admin, &keys[0].login()).await;
    first.run("CREATE TABLE orders (id int)").await.unwrap();
    let second = inside(&admin, &keys[1].login()).await;
    let refused = second.run("ALTER TABLE orders ADD paid bool").await;
    assert!(refused.unwrap_err().failure().summary.contains("42501"));
    admin.own().await.unwrap();
    second
        .run("ALTER TABLE orders ADD paid bool")
        .await
        .unwrap();
    // Those that nobody has any more go, with what they own given to the role; who is connected stays.
    first.run("CREATE TABLE left_over (id int)").await.unwrap();
    drop(first);
    gone(&admin, &user(0)).await;
    let said = admin.without(&home, &user(2)).await.unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("took away"), "{said:?}");
    assert!(said[1].contains("somebody is connected"), "{said:?}");
    second.run("DROP TABLE left_over").await.unwrap();
    drop(second);
    assert!(admin.lets_in(&home, &keys[2]).await.unwrap());
    // A name that is there gets another password, and the old one is worth nothing.
    let anew = admin.user(&home, &user(2)).await.unwrap();
    assert_ne!(anew.password, keys[2].password);
    let name = admin.name().as_str();
    let old = Session::open(&server(), &keys[2].login(), name, &Called::of("app")).await;
    let old = old.err().unwrap().failure();
    assert!(old.summary.contains("28P01"), "{old:?}");
    assert!(!admin.lets_in(&home, &keys[2]).await.unwrap());
    assert!(admin.lets_in(&home, &anew).await.unwrap());
    admin.own().await.unwrap();
    ended(&admin).await;
}

/// Two of us never work at one database at the same time, and who waits knows for whom.
#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn a_lock_that_somebody_holds_is_named_with_who_holds_it() {
    let admin = admin("locked");
    let first = admin.alone().await.unwrap();
    let second = admin.alone().await.err().unwrap();
    assert!(second.is_lock());
    let failure = second.failure();
    assert!(
        failure.summary.contains("holdpoint tests (process "),
        "{failure:?}"
    );
    drop(first);
    admin.alone().await.unwrap();
}

/// What stands in the way of a change of owner is waited for, not for ever, and nothing is changed.
#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn what_cannot_be_given_now_leaves_everything_as_it_was() {
    let admin = admin("held");
    let home = admin.alone().await.unwrap();
    admin.upsert(&home, &Wanted::default()).await.unwrap();
    let user = admin.user(&home, &admin.new_user(NOW)).await.unwrap();
    let app = inside(&admin, &user.login()).await;
    app.run("CREATE TABLE a (id int); CREATE TABLE b (id int)")
        .await
        .unwrap();
    app.run("BEGIN; SELECT * FROM b").await.unwrap();
    let why = admin.own().await.unwrap_err();
    assert!(why.is_lock());
    let failure = why.failure();
    assert!(
        failure.summary.contains("table public.b cannot be given")
            && failure.summary.contains("idle in transaction"),
        "{failure:?}"
    );
    app.run("COMMIT").await.unwrap();
    assert_eq!(admin.own().await.unwrap().given.len(), 2);
    drop(app);
    ended(&admin).await;
}

#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn by_tokens_the_role_itself_is_the_user() {
    let admin = admin("iam");
    let home = admin.alone().await.unwrap();
    let wanted = Wanted {
        extensions: Vec::new(),
        iam: true,
    };
    let done = admin.upsert(&home, &wanted).await.unwrap();
    let name = admin.name();
    assert_eq!(
        done.did,
        [
            format!("made the role {name}"),
            format!("granted rds_iam to {name}"),
            format!("made the database {name}"),
        ]
    );
    assert!(admin.is_user(&home, name.as_str()).await.unwrap());
    assert_eq!(admin.upsert(&home, &wanted).await.unwrap().did.len(), 0);
    ended(&admin).await;
}

#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn what_a_server_lacks_is_said_with_what_to_do() {
    let admin = admin("lacks");
    let home = admin.alone().await.unwrap();
    let wanted = Wanted {
        extensions: vec!["no-such-thing".to_owned()],
        iam: false,
    };
    let why = admin.upsert(&home, &wanted).await.unwrap_err().failure();
    assert!(why.summary.contains("no-such-thing"), "{why:?}");
    assert!(why.hint.contains("pg_available_extensions"), "{why:?}");
    ended(&admin).await;
    // A server that is not there, and one that does not let in, may come back.
    let nobody = Server {
        port: 9,
        ..server()
    };
    let to = |server, password| async move {
        let who = login("master", password);
        let called = Called::of("tests");
        let session = Session::open(&server, &who, "postgres", &called).await;
        session.err().unwrap().failure()
    };
    for (why, says) in [
        (to(nobody, "x").await, "127.0.0.1:9 does not answer"),
        (to(server(), "wrong").await, "28P01"),
    ] {
        assert!(why.summary.contains(says), "{why:?}");
        assert_eq!(why.retry, holdpoint::domain::failure::Retry::Contact);
        assert!(!why.hint.is_empty());
    }
}

/// [TRAP] Files are carried out by one at a time, and a file has one record, whoever else tries.
#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn two_never_carry_out_files_at_once() {
    let admin = admin("carrier");
    let home = admin.alone().await.unwrap();
    admin.upsert(&home, &Wanted::default()).await.unwrap();
    let user = admin.user(&home, &admin.new_user(NOW)).await.unwrap();
    let login = user.login();
    let first = admin.carrier(&login).await.unwrap();
    assert_eq!(first.records().await.unwrap(), []);
    let mut file = Carried {
        version: "1".to_owned(),
        file: "1_a.sql".to_owned(),
        digest: "d".to_owned(),
        by: "dev/shop #1".to_owned(),
        began: String::new(),
        done: true,
        statements: 2,
        trouble: String::new(),
    };
    first.run("BEGIN").await.unwrap();
    first.run("CREATE TABLE orders (id int)").await.unwrap();
    first.begin(&file).await.unwrap();
    // Another of the same name is told that it waits for itself; whoever else, for whom.
    let own = admin.carrier(&login).await.err().unwrap();
    assert!(own.is_lock() && own.is_own());
    let other = Admin::known(
        &Database {
            server: server(),
            name: admin.name().clone(),
        },
        self::login("master", "master-of-tests"),
        String::new(),
        Called::of("others"),
    );
    let why = other.carrier(&login).await.err().unwrap();
    assert!(why.is_lock() && !why.is_own());
    let why = why.failure();
    assert!(
        why.summary
            .contains("is worked at by holdpoint tests (process "),
        "{why:?}"
    );
    // What is cut before its end leaves nothing.
    drop(first);
    let second = other.carrier(&login).await.unwrap();
    assert_eq!(second.records().await.unwrap(), []);
    second.begin(&file).await.unwrap();
    let twice = second.begin(&file).await.unwrap_err().failure();
    assert!(twice.summary.contains("23505"), "{twice:?}");
    // What is done is not written anew.
    file.done = false;
    file.trouble = "x".to_owned();
    second.reach(&file).await.unwrap();
    let records = second.records().await.unwrap();
    assert!(
        records[0].done && records[0].trouble.is_empty(),
        "{records:?}"
    );
    assert_eq!(other.facts().await.unwrap().carried, records);
    drop((second, home));
    ended(&admin).await;
}

#[tokio::test]
#[ignore = "needs postgres; .ci/run starts it"]
async fn a_table_is_told_with_its_partitions_and_with_who_holds_it() {
    let admin = admin("tables");
    let home = admin.alone().await.unwrap();
    admin.upsert(&home, &Wanted::default()).await.unwrap();
    let user = admin.user(&home, &admin.new_user(NOW)).await.unwrap();
    let app = inside(&admin, &user.login()).await;
    app.run(
        "CREATE TABLE orders (id int) PARTITION BY RANGE (id); \
         CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (1000); \
         CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM (1000) TO (9000); \
         INSERT INTO orders SELECT generate_series(1, 8000); CREATE INDEX orders_id ON orders (id); ANALYZE orders",
    )
    .await
    .unwrap();
    app.run("BEGIN; LOCK TABLE ONLY orders IN SHARE MODE")
        .await
        .unwrap();
    let facts = admin.facts().await.unwrap();
    let of = |name: &str| facts.tables.iter().find(|one| one.name == name).unwrap();
    let (whole, parts) = (
        of("public.orders"),
        [of("public.orders_1"), of("public.orders_2")],
    );
    assert_eq!(whole.rows, Some(8000));
    assert_eq!(whole.bytes, parts[0].bytes + parts[1].bytes);
    assert_eq!((whole.held, parts[0].held), (1, 0));
    assert_eq!(whole.indexes, ["public.orders_id"]);
    drop((app, home));
    ended(&admin).await;
}
