// The tables of the state, version by version. Once released a version never changes.
#include <array>

#include "daemon/state/schema.h"

namespace ucaas_sync::state {
namespace {

// Instants are milliseconds since 1970 in UTC, digests 16 bytes. Comments stay in the file for whoever looks at it.
// `known` is the narrow twin of `entity`: what a plan reads of everybody, in one scan that touches no text.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  written_by TEXT NOT NULL, -- the program version that wrote last; here in every version of the tables
  state_version INTEGER NOT NULL DEFAULT 0,
  base_url TEXT,
  credential_id TEXT,
  seed INTEGER NOT NULL,
  due_at INTEGER
) STRICT;

CREATE TABLE source (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE entity (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,      -- 0 user, 1 group, 2 contact
  lifecycle INTEGER NOT NULL, -- 0 active, 1 suspended, 2 gone
  ownership INTEGER NOT NULL, -- 0 created by us, 1 adopted
  source INTEGER NOT NULL REFERENCES source (id),
  key TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  fields TEXT NOT NULL,       -- as last accepted by the target
  suspended_at INTEGER,
  version INTEGER NOT NULL,   -- state_version when the row last changed
  UNIQUE (kind, key)
) STRICT;

CREATE TABLE known (
  id INTEGER PRIMARY KEY REFERENCES entity (id),
  flags INTEGER NOT NULL,     -- kind + 4 * lifecycle + 16 * ownership + 32 * source
  key_hash BLOB NOT NULL,
  address_hash BLOB NOT NULL,
  fingerprint BLOB NOT NULL
) STRICT;

CREATE TABLE membership (
  contact_id INTEGER NOT NULL REFERENCES entity (id),
  group_id INTEGER NOT NULL REFERENCES entity (id),
  PRIMARY KEY (contact_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_group ON membership (group_id);

CREATE TABLE absence (
  entity_id INTEGER PRIMARY KEY REFERENCES entity (id),
  since INTEGER NOT NULL,
  reads INTEGER NOT NULL
) STRICT;

-- Where the target does not show what `entity` says, until something is done about it.
CREATE TABLE drift (
  entity_id INTEGER PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
  missing INTEGER NOT NULL,   -- 1: its object is gone
  shown TEXT NOT NULL,        -- {"field":"value"}, those that differ
  groups TEXT                 -- keys of a contact's groups there; null when they are as known
) STRICT;
-- Fields that were put back, and how often in turn the target had changed them again.
CREATE TABLE repair (
  entity_id INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
  field INTEGER NOT NULL,
  wanted TEXT NOT NULL,
  shown TEXT NOT NULL,
  rounds INTEGER NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (entity_id, field)
) STRICT, WITHOUT ROWID;
-- How far the comparison of the whole target has come, and what it was shown on the way.
CREATE TABLE refresh (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  finished_at INTEGER,
  not_before INTEGER,
  started_at INTEGER,
  step INTEGER NOT NULL,
  position INTEGER NOT NULL
) STRICT;
CREATE TABLE refresh_seen (number INTEGER PRIMARY KEY, digests BLOB NOT NULL) STRICT;
-- What the last whole look showed and is not ours: a create of unknown outcome is not taken for what made it.
CREATE TABLE refresh_others (id INTEGER PRIMARY KEY CHECK (id = 1), digests BLOB NOT NULL) STRICT;

-- What lasts and was said: the log says it again when it changes.
CREATE TABLE warning_said (text TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
  by_target INTEGER NOT NULL, -- 1: the target called it invalid; 0: the last plan set it aside
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  source TEXT NOT NULL,
  line INTEGER NOT NULL,
  dn TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  PRIMARY KEY (by_target, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (key TEXT PRIMARY KEY, reason TEXT NOT NULL, until INTEGER, since INTEGER NOT NULL)
STRICT, WITHOUT ROWID;

-- What guards held, for a person to agree to. Of operations only their digests, 16 bytes each, sorted.
CREATE TABLE consent_guard (
  consent INTEGER NOT NULL,
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  most INTEGER NOT NULL,      -- the guard's limit
  actual INTEGER NOT NULL,
  everything INTEGER NOT NULL,
  covers TEXT NOT NULL,
  examples TEXT NOT NULL,     -- one a line
  operations BLOB NOT NULL,
  PRIMARY KEY (consent, number)
) STRICT;
CREATE TABLE held_run (run TEXT PRIMARY KEY, consent INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE held_now (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  run TEXT NOT NULL,          -- the last one
  consent INTEGER NOT NULL,
  since INTEGER NOT NULL
) STRICT;
CREATE TABLE approval (
  id INTEGER PRIMARY KEY,
  subject TEXT NOT NULL,
  who TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  until INTEGER NOT NULL,
  consent INTEGER NOT NULL    -- 0: it ended, and what it covered is not kept
) STRICT;
CREATE TABLE approved_removal (
  run INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,
  PRIMARY KEY (run, kind, action)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES source (id),
  records INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  repeated INTEGER NOT NULL,  -- records that repeat the key of another one
  hash TEXT NOT NULL,
  read_at INTEGER NOT NULL
) STRICT;
CREATE INDEX snapshot_source ON snapshot (source);
CREATE TABLE snapshot_file (
  snapshot INTEGER NOT NULL REFERENCES snapshot (id),
  number INTEGER NOT NULL,
  path TEXT NOT NULL,
  device INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshot_fill (
  snapshot INTEGER NOT NULL REFERENCES snapshot (id),
  number INTEGER NOT NULL,
  attribute TEXT NOT NULL,
  records INTEGER NOT NULL,
  PRIMARY KEY (snapshot, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  cause TEXT NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,
  outcome TEXT,               -- the exit code's word; null while it runs or when it was cut off
  message TEXT NOT NULL DEFAULT '',
  failed INTEGER NOT NULL DEFAULT 0,
  plan_hash TEXT NOT NULL DEFAULT '',
  planned INTEGER NOT NULL DEFAULT 0, -- operations stored
  mark INTEGER NOT NULL DEFAULT 0     -- operations up to this one may have been sent
) STRICT;
CREATE INDEX run_open ON run (id) WHERE ended IS NULL;
CREATE INDEX run_planned ON run (id) WHERE planned > 0;
CREATE INDEX run_finished ON run (id) WHERE outcome IN ('converged', 'partial');
CREATE TABLE run_summary (
  run INTEGER NOT NULL REFERENCES run (id),
  kind INTEGER NOT NULL,
  creates INTEGER NOT NULL,
  adopts INTEGER NOT NULL,
  updates INTEGER NOT NULL,
  suspends INTEGER NOT NULL,
  reactivates INTEGER NOT NULL,
  deletes INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  PRIMARY KEY (run, kind)
) STRICT, WITHOUT ROWID;

-- The id of an operation and of its outcome is run * 2^32 + seq: appended in order, found without an index.
CREATE TABLE operation (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,    -- 0 create, 1 adopt, 2 update, 3 suspend, 4 reactivate, 5 delete
  key TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  entity_id INTEGER NOT NULL,
  changes TEXT NOT NULL,      -- {"field":[before,after]}
  groups_before TEXT,
  groups_after TEXT,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  line INTEGER NOT NULL,
  dn TEXT NOT NULL,
  fingerprint BLOB NOT NULL
) STRICT;
CREATE TABLE outcome (
  id INTEGER PRIMARY KEY REFERENCES operation (id),
  done INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  result TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  message TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  at INTEGER NOT NULL,
  request_id TEXT NOT NULL,   -- of the last reply, as the target names it
  latency INTEGER NOT NULL    -- of the last reply, in microseconds
) STRICT;
-- Every request of an operation that took more than one, or was not answered; else its outcome tells it all.
CREATE TABLE attempt (
  operation INTEGER NOT NULL REFERENCES operation (id),
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  call TEXT NOT NULL,
  verdict TEXT NOT NULL,
  request_id TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  result TEXT NOT NULL,
  message TEXT NOT NULL,
  latency INTEGER NOT NULL,
  PRIMARY KEY (operation, number)
) STRICT, WITHOUT ROWID;

-- What was decided of somebody and is told by no operation; a row only where it differs from the one before.
CREATE TABLE decision (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  word TEXT NOT NULL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  line INTEGER NOT NULL,
  entity_id INTEGER NOT NULL, -- of a standstill; 0 for a quarantine
  stands INTEGER NOT NULL     -- 1: the standstill goes on
) STRICT;
CREATE INDEX decision_key ON decision (key);
CREATE INDEX decision_run ON decision (run);
CREATE INDEX decision_stands ON decision (entity_id) WHERE stands = 1;

-- What plans ask of the journal, kept small so that its length costs nothing.
CREATE TABLE unknown_create (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  address TEXT NOT NULL,
  operation INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
-- Changes that were sent, or may have been, and whose outcome nobody knows: the target is asked how these are.
CREATE TABLE unknown_change (entity_id INTEGER PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE) STRICT;
CREATE TABLE removal (
  operation INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,
  approved INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX removal_at ON removal (at);

CREATE TABLE due (
  number INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  action INTEGER NOT NULL,
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE TABLE used_plan (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- What a revert touched stays as it is until its source says something else (mark).
CREATE TABLE reverted (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  mark BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Keys that people had before a person gave them another one; the journal's rows bear the new one.
CREATE TABLE former_key (key TEXT PRIMARY KEY, now TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Whom somebody asked to forget. An operation of theirs stays in the journal without its key.
CREATE TABLE forgotten (key_digest TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// What the target asked for by Retry-After and what outlasts a run: until then no run sends it anything.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE target_pause (id INTEGER PRIMARY KEY CHECK (id = 1), until INTEGER NOT NULL) STRICT;
)sql";

// Counts that pages and `status` ask for: kept as the rows change, since counting a million takes a good part of a
// second.
constexpr const char* kVersion3 = R"sql(
CREATE TABLE entity_count (
  kind INTEGER NOT NULL,
  lifecycle INTEGER NOT NULL,
  entities INTEGER NOT NULL,
  PRIMARY KEY (kind, lifecycle)
) STRICT, WITHOUT ROWID;
INSERT INTO entity_count (kind, lifecycle, entities)
  VALUES (0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 0, 0), (1, 1, 0), (1, 2, 0), (2, 0, 0), (2, 1, 0), (2, 2, 0);
INSERT OR REPLACE INTO entity_count (kind, lifecycle, entities)
  SELECT kind, lifecycle, count(*) FROM entity GROUP BY kind, lifecycle;
CREATE TRIGGER entity_counted AFTER INSERT ON entity BEGIN
  UPDATE entity_count SET entities = entities + 1 WHERE kind = new.kind AND lifecycle = new.lifecycle;
END;
CREATE TRIGGER entity_recounted AFTER UPDATE OF lifecycle ON entity WHEN old.lifecycle <> new.lifecycle BEGIN
  UPDATE entity_count SET entities = entities - 1 WHERE kind = old.kind AND lifecycle = old.lifecycle;
  UPDATE entity_count SET entities = entities + 1 WHERE kind = new.kind AND lifecycle = new.lifecycle;
END;
CREATE TRIGGER entity_discounted AFTER DELETE ON entity BEGIN
  UPDATE entity_count SET entities = entities - 1 WHERE kind = old.kind AND lifecycle = old.lifecycle;
END;

ALTER TABLE run ADD COLUMN done INTEGER NOT NULL DEFAULT 0; -- operations that are done
UPDATE run SET done =
  (SELECT count(*) FROM outcome WHERE id BETWEEN run.id << 32 AND (run.id << 32) + 4294967295 AND outcome.done = 1);
)sql";

// Creates of one entity may have been sent to several addresses, and any of them may have had its effect: each is kept.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE unknown_create RENAME TO unknown_create_of_one_address;
CREATE TABLE unknown_create (
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  address TEXT NOT NULL,
  operation INTEGER NOT NULL, -- the first that may have been sent there
  PRIMARY KEY (kind, key, address)
) STRICT, WITHOUT ROWID;
INSERT INTO unknown_create (kind, key, address, operation)
  SELECT kind, key, address, operation FROM unknown_create_of_one_address;
DROP TABLE unknown_create_of_one_address;
)sql";

// What a run left to the next one cannot be told from what it did: what guards.protect spares is neither.
constexpr const char* kVersion5 = R"sql(
ALTER TABLE run ADD COLUMN undone INTEGER NOT NULL DEFAULT 0; -- operations that it left to the next run
UPDATE run SET undone = max(0, planned - done - failed)
  WHERE outcome = 'partial' AND (failed > 0 OR substr(cause, 1, 5) = 'apply');
)sql";

constexpr std::array<Migration, 5> kMigrations{
    {{.version = 1, .sql = kVersion1, .tables = "4f300974876117fe9841ac8f5aca62e3f942a44f74218305c7a93da5c783b1a5"},
     {.version = 2, .sql = kVersion2, .tables = "060c6f9dfecfe1733697f95b498f879635727a6baa358500e10f25b8a55fbd40"},
     {.version = 3, .sql = kVersion3, .tables = "84914e4f77bb0b439113c4af8cf3d193bf9cbcf0655e42345a4472472f017104"},
     {.version = 4, .sql = kVersion4, .tables = "688eb36dd2aefb86b67b517f1d97690b81500be2446a261bfde69a6a28a15dc9"},
     {.version = 5, .sql = kVersion5, .tables = "9ad9c2c8ef16e9deac0841f8bd9e913bd55642979c73f64ce1787b42c28fcd26"}}};

}  // namespace

std::span<const Migration> Migrations() {
  return kMigrations;
}

}  // namespace ucaas_sync::state
