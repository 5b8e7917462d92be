"""The ledger's tables, and how those of an earlier version become these. Times: see `statements`."""

from typing import Final

SCHEMA_VERSION: Final = 4
READABLE_VERSIONS: Final = frozenset({1, 2, 3, SCHEMA_VERSION})
"""Version 1 had no rows that were left out at the last moment, version 2 no records of Partner Center's, and no
correlation ids but those that came back, version 3 nobody who sends but the process that carries the run out."""

PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    # NORMAL loses committed rows at a power cut; FULL does not.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Fewer, larger checkpoints: the slowest commits are the ones that checkpoint.
    "PRAGMA wal_autocheckpoint = 10000",
)

_OUTCOMES: Final = """
CREATE TABLE outcomes (
  row           INTEGER NOT NULL,
  generation    INTEGER NOT NULL,
  outcome       TEXT NOT NULL,
  reason        TEXT,
  attempts      INTEGER NOT NULL,
  first_sent_at INTEGER,         -- NULL: never sent
  completed_at  INTEGER NOT NULL,
  PRIMARY KEY (row, generation)
) STRICT, WITHOUT ROWID;
"""
_RECONCILED: Final = """
CREATE TABLE records (           -- Partner Center's own, of accounts of this run; kept, as they are gone there in time
  row            INTEGER NOT NULL,
  correlation_id TEXT NOT NULL,  -- lower case
  status         TEXT NOT NULL,
  recorded_at    INTEGER NOT NULL,  -- 0: not said
  is_reset       INTEGER NOT NULL,
  recorded_by    TEXT NOT NULL,
  PRIMARY KEY (row, correlation_id, status, recorded_at, is_reset, recorded_by)
) STRICT, WITHOUT ROWID;
CREATE TABLE settlements (       -- the row's outcome of this generation comes from records
  row         INTEGER NOT NULL,
  generation  INTEGER NOT NULL,
  was_outcome TEXT,              -- what answers had led to; NULL: no outcome
  was_reason  TEXT,
  settled_at  INTEGER NOT NULL,
  PRIMARY KEY (row, generation)
) STRICT, WITHOUT ROWID;
CREATE TABLE certainties (       -- of all of a row's passwords, or of none: valid while no later one has been noted
  row        INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  certainty  TEXT,               -- NULL: surely not in force
  PRIMARY KEY (row, generation)
) STRICT, WITHOUT ROWID;
"""
_WRITER: Final = """
CREATE TABLE writer (            -- for every version to come, so that an older one can say which to use
  only    INTEGER PRIMARY KEY CHECK (only = 1),
  version TEXT NOT NULL          -- of the program, by which it was last opened for writing
) STRICT;
"""

SCHEMA: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE sessions (
  session     INTEGER PRIMARY KEY,
  began_at    INTEGER NOT NULL,
  ended_at    INTEGER,           -- NULL: under way, or killed
  stop_reason TEXT,
  exit_code   INTEGER,
  pid         INTEGER NOT NULL,
  host        TEXT NOT NULL,
  lease_ms    INTEGER NOT NULL DEFAULT 0  -- so long after its end, if it was killed, others may send for it still
) STRICT;
CREATE TABLE sealed (
  sealed INTEGER PRIMARY KEY,
  blob   BLOB NOT NULL           -- one age file: JSON lines of row, generation, request_id, password
) STRICT;
CREATE TABLE intents (
  row        INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  session    INTEGER NOT NULL REFERENCES sessions,
  sealed     INTEGER REFERENCES sealed,  -- NULL: nobody is to know this password
  request_id TEXT NOT NULL,
  noted_at   INTEGER NOT NULL,
  PRIMARY KEY (row, generation)
) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
  row               INTEGER NOT NULL,
  number            INTEGER NOT NULL,
  generation        INTEGER NOT NULL,
  verdict           TEXT NOT NULL,
  unclear           INTEGER NOT NULL,
  http_status       INTEGER,
  error_code        TEXT,
  error_description TEXT,
  correlation_id    TEXT NOT NULL,
  request_id        TEXT NOT NULL,
  sent_at           INTEGER NOT NULL,
  ended_at          INTEGER NOT NULL,
  sent_correlation_id TEXT,      -- NULL: as in correlation_id, or (versions 1 and 2) not known
  sender            TEXT,        -- NULL: the process that carried the run out, or it did not wait for who did
  PRIMARY KEY (row, number)
) STRICT, WITHOUT ROWID;
{_OUTCOMES}
{_RECONCILED}
{_WRITER}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

_NO_LEASES: Final = "CREATE TEMP VIEW sessions AS SELECT *, 0 AS lease_ms FROM main.sessions;"
_FROM_VERSION_2: Final = f"""
PRAGMA temp_store = MEMORY;
{_RECONCILED.replace("CREATE TABLE", "CREATE TEMP TABLE")}
CREATE TEMP VIEW attempts AS SELECT *, NULL AS sent_correlation_id, NULL AS sender FROM main.attempts;
{_NO_LEASES}
"""
AS_THIS_VERSION: Final = {
    1: _FROM_VERSION_2,
    2: _FROM_VERSION_2,
    3: f"CREATE TEMP VIEW attempts AS SELECT *, NULL AS sender FROM main.attempts; {_NO_LEASES}",
}
"""For a reader of an earlier version's ledger, in memory: what it has not.

Where tables are in memory, all that is sorted is: a version with views alone does without.
"""

_SENT_IDS: Final = "ALTER TABLE attempts ADD COLUMN sent_correlation_id TEXT;"
_SENDERS: Final = """
ALTER TABLE attempts ADD COLUMN sender TEXT;
ALTER TABLE sessions ADD COLUMN lease_ms INTEGER NOT NULL DEFAULT 0;
"""
MIGRATIONS: Final = {
    1: f"""
BEGIN IMMEDIATE;
ALTER TABLE outcomes RENAME TO outcomes_1;
{_OUTCOMES}
INSERT INTO outcomes SELECT * FROM outcomes_1;
DROP TABLE outcomes_1;
{_SENT_IDS}
{_SENDERS}
{_RECONCILED}
{_WRITER}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
""",
    2: f"""
BEGIN IMMEDIATE;
{_SENT_IDS}
{_SENDERS}
{_RECONCILED}
{_WRITER}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
""",
    3: f"""
BEGIN IMMEDIATE;
{_SENDERS}
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
""",
}
"""From each earlier version to this one, all or nothing."""
