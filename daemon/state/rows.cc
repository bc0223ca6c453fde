#include "daemon/state/rows.h"

#include <algorithm>
#include <iterator>

#include "daemon/model/text.h"
#include "daemon/state/row_text.h"

namespace ucaas_sync::state {
namespace {

// A number that a column may hold only up to `last`.
template <typename Number>
Number Checked(std::int64_t number, Number last) {
  if (number < 0 || number > static_cast<std::int64_t>(last)) {
    throw MalformedRow("the number " + std::to_string(number) + " stands for nothing");
  }
  return static_cast<Number>(number);
}

std::array<KindSummary, kKindCount> ReadSummary(Connection& connection, std::int64_t run) {
  std::array<KindSummary, kKindCount> summary{};
  Query query = connection.Prepare(
      "SELECT kind, creates, adopts, updates, suspends, reactivates, deletes, unchanged FROM run_summary "
      "WHERE run = ?1");
  query.Int(run);
  while (query.Next()) {
    KindSummary& counts = summary[Index(KindFrom(query.IntAt(0)))];
    int column = 1;
    for (std::uint64_t& count : counts.actions) count = query.As<std::uint64_t>(column++);
    counts.unchanged = query.As<std::uint64_t>(column);
  }
  return summary;
}

}  // namespace

Kind KindFrom(std::int64_t number) {
  return Checked(number, Kind::kContact);
}

Action ActionFrom(std::int64_t number) {
  return Checked(number, Action::kDelete);
}

void SourceTable::Reload(Connection& connection) {
  std::vector<std::string> names;
  Query query = connection.Prepare("SELECT id, name FROM source ORDER BY id");
  while (query.Next()) {
    if (query.As<std::size_t>(0) != names.size()) throw MalformedRow("a source's number is missing");
    names.push_back(query.TextAt(1));
  }
  names_ = std::move(names);
}

std::uint16_t SourceTable::NumberOf(Connection& connection, const std::string& name) {
  auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) {
    Reload(connection);
    found = std::find(names_.begin(), names_.end(), name);
  }
  const auto number = static_cast<std::uint16_t>(std::distance(names_.begin(), found));
  if (found == names_.end()) {
    connection.Prepare("INSERT INTO source (id, name) VALUES (?1, ?2)").Int(number).Text(name).Run();
    names_.push_back(name);
  }
  return number;
}

const std::string& SourceTable::NameOf(Connection& connection, std::int64_t number) {
  if (number >= 0 && static_cast<std::size_t>(number) >= names_.size()) Reload(connection);
  if (number < 0 || static_cast<std::size_t>(number) >= names_.size()) {
    throw MalformedRow("source " + std::to_string(number) + " has no name");
  }
  return names_[static_cast<std::size_t>(number)];
}

namespace {

// Above the source's number, so that a state that never saw anybody outside a scope has it nowhere.
constexpr std::int64_t kOutside = std::int64_t{1} << 40;
constexpr int kSourceShift = 5;

}  // namespace

void NoteSource(Connection& connection, std::int64_t id, std::uint16_t source) {
  connection.Prepare("UPDATE entity SET source = ?2 WHERE id = ?1").Int(id).Int(source).Run();
  connection.Prepare("UPDATE known SET flags = (flags & ~?2) | ?3 WHERE id = ?1")
      .Int(id)
      .Int(std::int64_t{UINT16_MAX} << kSourceShift)
      .Int(std::int64_t{source} << kSourceShift)
      .Run();
}

void NoteScope(Connection& connection, std::int64_t id, bool is_outside) {
  connection.Prepare("UPDATE known SET flags = (flags & ~?2) | ?3 WHERE id = ?1")
      .Int(id)
      .Int(kOutside)
      .Int(is_outside ? kOutside : 0)
      .Run();
}

std::int64_t PackFlags(Kind kind, Lifecycle lifecycle, Ownership ownership, std::uint16_t source) {
  return static_cast<std::int64_t>(kind) | static_cast<std::int64_t>(lifecycle) << 2 |
         static_cast<std::int64_t>(ownership) << 4 | static_cast<std::int64_t>(source) << kSourceShift;
}

void UnpackFlags(std::int64_t flags, KnownEntity& known) {
  known.kind = KindFrom(flags & 3);
  known.lifecycle = Checked((flags >> 2) & 3, Lifecycle::kGone);
  known.ownership = Checked((flags >> 4) & 1, Ownership::kAdopted);
  known.source = Checked((flags & ~kOutside) >> kSourceShift, std::uint16_t{UINT16_MAX});
  known.was_outside = (flags & kOutside) != 0;
}

Hash128 AddressHash(Kind kind, Lifecycle lifecycle, const FieldSet& fields) {
  const Field& address = fields[NaturalKeyField(kind)];
  if (lifecycle == Lifecycle::kGone || address.state != FieldState::kValue || address.text.empty()) return {};
  return HashOf(FoldCase(address.text));
}

StoredEntity ReadEntity(const Query& row, Connection& connection, SourceTable& sources) {
  StoredEntity entity;
  entity.id = row.IntAt(0);
  entity.kind = KindFrom(row.IntAt(1));
  entity.lifecycle = Checked(row.IntAt(2), Lifecycle::kGone);
  entity.ownership = Checked(row.IntAt(3), Ownership::kAdopted);
  entity.source = sources.NameOf(connection, row.IntAt(4));
  entity.key = row.TextAt(5);
  entity.remote_id = row.TextAt(6);
  entity.fields = DecodeFields(entity.kind, row.TextAt(7));
  entity.suspended_at = row.MaybeTimeAt(8);
  entity.version = row.As<std::uint64_t>(9);
  return entity;
}

std::int64_t EntityWriter::FindId(const StoredEntity& row) {
  Query query = connection_.Prepare("SELECT id, lifecycle, remote_id FROM entity WHERE kind = ?1 AND key = ?2");
  query.Int(Index(row.kind)).Text(row.key);
  if (!query.Next()) throw MalformedRow("no entity has the key " + row.key);
  const bool is_there = Checked(query.IntAt(1), Lifecycle::kGone) != Lifecycle::kGone;
  // Nobody would ever suspend or delete an account that no row knows any more.
  if (is_there && row.lifecycle != Lifecycle::kGone && query.TextAt(2) != row.remote_id) {
    throw StateFailure(ExitCode::kError, std::string(Name(row.kind)) + ' ' + Printable(row.key) +
                                             " has got another account in the state meanwhile, " +
                                             Printable(query.TextAt(2)) + " and not " + Printable(row.remote_id) +
                                             "; neither is forgotten; run again, and the target is asked first");
  }
  return query.IntAt(0);
}

WrittenRow EntityWriter::Write(const StoredEntity& row, const Hash128& fingerprint) {
  const std::uint16_t source = sources_.NumberOf(connection_, row.source);
  const bool gone = row.lifecycle == Lifecycle::kGone;
  const std::string& remote_id = gone ? none_ : row.remote_id;
  EncodeFields(row.kind, row.fields, fields_);
  const auto bind_entity = [&](Query& query, std::int64_t id) {
    query.Int(id).Int(Index(row.kind)).Int(static_cast<int>(row.lifecycle)).Int(static_cast<int>(row.ownership));
    query.Int(source).Text(row.key).Text(remote_id).Text(fields_).Time(row.suspended_at).Int(version_);
  };
  const auto bind_known = [&](Query& query, std::int64_t id) {
    query.Int(id).Int(PackFlags(row.kind, row.lifecycle, row.ownership, source)).Hash(HashOf(row.key));
    query.Hash(AddressHash(row.kind, row.lifecycle, row.fields)).Hash(fingerprint);
  };
  // Where a record was last seen is no matter of what is done to its object.
  const std::int64_t kept_flags = gone ? 0 : kOutside;

  // A row without an id is nearly always new: it is not looked for first.
  if (row.id == 0) {
    Query insert = connection_.Prepare(
        "INSERT INTO entity (id, kind, lifecycle, ownership, source, key, remote_id, fields, suspended_at, version) "
        "VALUES (nullif(?1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (kind, key) DO NOTHING");
    bind_entity(insert, 0);
    if (insert.Run() != 0) {
      const std::int64_t id = connection_.database().getLastInsertRowid();
      Query known = connection_.Prepare(
          "INSERT INTO known (id, flags, key_hash, address_hash, fingerprint) VALUES (?1, ?2, ?3, ?4, ?5)");
      bind_known(known, id);
      known.Run();
      return {.id = id, .changed = true};
    }
  }

  const std::int64_t id = row.id != 0 ? row.id : FindId(row);
  bool changed = false;
  {
    Query update = connection_.Prepare(
        "UPDATE entity SET kind = ?2, lifecycle = ?3, ownership = ?4, source = ?5, key = ?6, remote_id = ?7, "
        "fields = ?8, suspended_at = ?9, version = ?10 WHERE id = ?1 AND (kind, lifecycle, ownership, source, key, "
        "remote_id, fields, suspended_at) IS NOT (?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    bind_entity(update, id);
    changed = update.Run() != 0;
  }
  Query known = connection_.Prepare(
      "UPDATE known SET flags = ?2 | (flags & ?6), key_hash = ?3, address_hash = ?4, fingerprint = ?5 WHERE id = ?1");
  bind_known(known, id);
  if (known.Int(kept_flags).Run() == 0) throw MalformedRow("entity " + std::to_string(id) + " is not there");
  if (gone) Forget(id);
  return {.id = id, .changed = changed};
}

void EntityWriter::Forget(std::int64_t id) {
  connection_.Prepare("DELETE FROM membership WHERE contact_id = ?1").Int(id).Run();
  connection_.Prepare("DELETE FROM membership WHERE group_id = ?1").Int(id).Run();
  connection_.Prepare("DELETE FROM absence WHERE entity_id = ?1").Int(id).Run();
  connection_.Prepare("DELETE FROM repair WHERE entity_id = ?1").Int(id).Run();
  connection_.Prepare("DELETE FROM drift WHERE entity_id = ?1").Int(id).Run();
}

bool EntityWriter::WriteMemberships(std::int64_t contact, const std::vector<std::string>& groups) {
  std::vector<std::int64_t> wanted;
  wanted.reserve(groups.size());
  for (const std::string& key : groups) {
    Query query = connection_.Prepare("SELECT id FROM entity WHERE kind = 1 AND key = ?1 AND lifecycle <> 2");
    query.Text(key);
    if (query.Next()) wanted.push_back(query.IntAt(0));
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());

  std::vector<std::int64_t> present;
  {
    Query query = connection_.Prepare("SELECT group_id FROM membership WHERE contact_id = ?1 ORDER BY group_id");
    query.Int(contact);
    while (query.Next()) present.push_back(query.IntAt(0));
  }
  if (wanted == present) return false;

  std::vector<std::int64_t> difference;
  std::set_difference(present.begin(), present.end(), wanted.begin(), wanted.end(), std::back_inserter(difference));
  for (const std::int64_t group : difference) {
    connection_.Prepare("DELETE FROM membership WHERE contact_id = ?1 AND group_id = ?2").Int(contact).Int(group).Run();
  }
  difference.clear();
  std::set_difference(wanted.begin(), wanted.end(), present.begin(), present.end(), std::back_inserter(difference));
  for (const std::int64_t group : difference) {
    connection_.Prepare("INSERT INTO membership (contact_id, group_id) VALUES (?1, ?2)").Int(contact).Int(group).Run();
  }
  connection_.Prepare("UPDATE entity SET version = ?2 WHERE id = ?1").Int(contact).Int(version_).Run();
  return true;
}

void WriteSnapshot(Connection& connection, SourceTable& sources, const SnapshotHistory& snapshot) {
  const std::uint16_t source = sources.NumberOf(connection, snapshot.source);
  connection
      .Prepare(
          "INSERT INTO snapshot (source, records, rejected, repeated, hash, read_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
      .Int(source)
      .Int(snapshot.records)
      .Int(snapshot.rejected)
      .Int(snapshot.repeated)
      .Text(snapshot.hash)
      .Time(snapshot.read_at)
      .Run();
  const std::int64_t id = connection.database().getLastInsertRowid();
  std::int64_t number = 0;
  for (const FileIdentity& file : snapshot.files) {
    Query insert = connection.Prepare(
        "INSERT INTO snapshot_file (snapshot, number, path, device, inode, size, mtime_ns, ctime_ns) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    insert.Int(id).Int(++number).Text(file.path).Int(file.device).Int(file.inode).Int(file.size);
    insert.Int(file.mtime_ns).Int(file.ctime_ns).Run();
  }
  number = 0;
  for (const auto& [attribute, records] : snapshot.filled) {
    connection.Prepare("INSERT INTO snapshot_fill (snapshot, number, attribute, records) VALUES (?1, ?2, ?3, ?4)")
        .Int(id)
        .Int(++number)
        .Text(attribute)
        .Int(records)
        .Run();
  }
}

Operation ReadOperation(const Query& row) {
  Operation operation;
  operation.seq = row.As<std::uint64_t>(0) & 0xffffffff;
  operation.kind = KindFrom(row.IntAt(1));
  operation.action = ActionFrom(row.IntAt(2));
  operation.key = row.TextAt(3);
  operation.remote_id = row.TextAt(4);
  operation.entity_id = row.IntAt(5);
  operation.changes = DecodeChanges(operation.kind, row.TextAt(6));
  if (!row.IsNullAt(7)) operation.groups = {DecodeKeys(row.TextAt(7)), DecodeKeys(row.TextAt(8))};
  operation.reason = row.TextAt(9);
  operation.source = {.name = row.TextAt(10), .line = row.As<std::uint64_t>(11), .dn = row.TextAt(12)};
  operation.fingerprint = row.HashAt(13);
  return operation;
}

Operation StoredOperation(Connection& connection, std::int64_t id) {
  Query query = connection.Prepare(
      "SELECT id, kind, action, key, remote_id, entity_id, changes, groups_before, groups_after, reason, source, line, "
      "dn, fingerprint FROM operation WHERE id = ?1");
  query.Int(id);
  if (!query.Next()) throw MalformedRow("operation " + std::to_string(id) + " is not stored");
  return ReadOperation(query);
}

RunRecord ReadRun(Connection& connection, const Query& row) {
  RunRecord run;
  run.id = row.TextAt(1);
  run.trigger = row.TextAt(2);
  run.started = row.TimeAt(3);
  run.ended = row.MaybeTimeAt(4);
  if (!row.IsNullAt(5)) {
    run.outcome = ExitCodeWithWord(row.TextAt(5));
    if (!run.outcome) throw MalformedRow("a run's outcome is the unknown word " + row.TextAt(5));
  }
  run.message = row.TextAt(6);
  run.failed = row.As<std::uint64_t>(7);
  run.plan_hash = row.TextAt(8);
  run.summary = ReadSummary(connection, row.IntAt(0));
  run.done = row.As<std::uint64_t>(9);
  run.left = row.As<std::uint64_t>(10);
  return run;
}

std::optional<OperationOutcome> ReadOutcome(const Query& row, std::uint64_t seq) {
  constexpr int kFirst = 14;
  if (row.IsNullAt(kFirst)) return std::nullopt;
  OperationOutcome outcome;
  outcome.seq = seq;
  outcome.done = row.IntAt(kFirst) != 0;
  outcome.verdict = row.TextAt(kFirst + 1);
  outcome.result = row.TextAt(kFirst + 2);
  outcome.http_status = row.As<int>(kFirst + 3);
  outcome.message = row.TextAt(kFirst + 4);
  outcome.attempts = row.As<std::uint32_t>(kFirst + 5);
  outcome.at = row.TimeAt(kFirst + 6);
  outcome.request_id = row.TextAt(kFirst + 7);
  outcome.latency = std::chrono::microseconds(row.IntAt(kFirst + 8));
  return outcome;
}

void OperationWriter::Write(const Operation& operation) {
  EncodeChanges(operation.kind, operation.changes, changes_);
  Query insert = connection_.Prepare(kInsertOperation);
  insert.Int(OperationId(run_, operation.seq)).Int(Index(operation.kind)).Int(Index(operation.action));
  insert.Text(operation.key).Text(operation.remote_id).Int(operation.entity_id).Text(changes_);
  if (operation.groups) {
    EncodeKeys(operation.groups->before, before_);
    EncodeKeys(operation.groups->after, after_);
    insert.Text(before_).Text(after_);
  } else {
    insert.Null().Null();
  }
  insert.Text(operation.reason).Text(operation.source.name).Int(operation.source.line).Text(operation.source.dn);
  insert.Hash(operation.fingerprint).Run();
}

}  // namespace ucaas_sync::state
