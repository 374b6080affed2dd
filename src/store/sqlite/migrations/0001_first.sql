-- An applied migration is never edited: a change is a new file.
-- Times are milliseconds, ids and JSON are text, so that the same statements can serve another database.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. `hash` chains each event to the one before it in its stream.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    stream  TEXT    NOT NULL,
    version INTEGER NOT NULL,
    tag     TEXT    NOT NULL,
    form    INTEGER NOT NULL,
    payload TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    person  TEXT    NOT NULL,
    cause   TEXT,
    hash    TEXT    NOT NULL,
    UNIQUE (stream, version)
) STRICT;

-- Which deployments a stack had: follows from the log, written with it.
CREATE TABLE deployments (
    id    TEXT    PRIMARY KEY,
    stack TEXT    NOT NULL,
    no    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deployments_of_stack ON deployments (stack, no);
CREATE INDEX deployments_by_no ON deployments (no);

-- Asks in the order in which they came. The text of an answered ask is dropped: its events tell what became of it.
CREATE TABLE inbox (
    place    INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    ask      TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    answered INTEGER NOT NULL,
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX inbox_waiting ON inbox (place) WHERE answered = 0;

CREATE TABLE previews (
    ask     TEXT    PRIMARY KEY,
    subject TEXT    NOT NULL,
    made_at INTEGER NOT NULL,
    preview TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX previews_of_subject ON previews (subject, made_at);

-- What was last seen; `mark` rises with every write, so that a reader can ask for what is new to it.
CREATE TABLE sightings (
    subject  TEXT    NOT NULL,
    source   TEXT    NOT NULL,
    sighting TEXT    NOT NULL,
    mark     INTEGER NOT NULL,
    PRIMARY KEY (subject, source)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sightings_by_mark ON sightings (mark);

-- What is on a screen, and until when.
CREATE TABLE interest (
    console TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (console, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

-- Folds as of `meta.snapshot_seq`; a null fold is to be folded from zero. Follows from the log; may be emptied at any time.
CREATE TABLE snapshots (
    stream  TEXT    PRIMARY KEY,
    kind    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    no      INTEGER NOT NULL,
    over    INTEGER NOT NULL,
    fold    TEXT
) STRICT;
CREATE INDEX snapshots_by_kind ON snapshots (kind, over, no);
