// SqliteStore's answer to a person's right to be forgotten: every value of theirs leaves the rows, the journal's texts
// and the bytes of the files; a salted digest of the key stays, so that "forgotten" can be told from "never known".
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "daemon/model/sha256.h"
#include "daemon/model/text.h"
#include "daemon/state/store_impl.h"
#include "daemon/state/upgrade.h"

namespace ucaas_sync::state {
namespace {

constexpr std::string_view kBlank = "(forgotten)";
constexpr std::size_t kShortestWord = 4;  // "12" stands in every other sentence, and names nobody

std::string DigestOf(Connection& connection, std::string_view key) {
  Query query = connection.Prepare("SELECT seed FROM meta");
  query.Next();
  return Sha256Hex(query.TextAt(0) + '\n' + std::string(key));
}

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

/// What stands for a person in sentences: e-mails, names, the key.
class Scrubber {
 public:
  void Add(const std::string& word) {
    const bool has_letter =
        std::any_of(word.begin(), word.end(), [](char c) { return IsWordByte(c) && (c < '0' || c > '9'); });
    if (word.size() >= kShortestWord || (has_letter && word.size() > 1)) words_.insert(word);
  }

  std::string Scrub(std::string text) const {
    for (const std::string& word : words_) {
      for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        const std::size_t end = at + word.size();
        const bool is_whole = (at == 0 || !IsWordByte(text[at - 1])) && (end == text.size() || !IsWordByte(text[end]));
        if (is_whole) text.replace(at, word.size(), kBlank);
        at += is_whole ? kBlank.size() : 1;
      }
    }
    return text;
  }

 private:
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::set<std::string, LongestFirst> words_;  // "Ada Lovelace <ada@…>" before "Ada Lovelace"
};

void AddFields(Kind kind, const FieldSet& fields, Scrubber& scrubber) {
  const Field& address = fields[NaturalKeyField(kind)];
  scrubber.Add(address.text);
  scrubber.Add(AsciiLower(address.text));
  if (kind == Kind::kContact) {
    scrubber.Add(fields[kContactName].text);
  } else {
    const std::string& last = fields[kUserLastName].text;
    if (!last.empty()) scrubber.Add(fields[kUserFirstName].text + ' ' + last);
  }
}

void AddChanges(Kind kind, const std::vector<FieldChange>& changes, Scrubber& scrubber) {
  FieldSet before;
  FieldSet after;
  for (const FieldChange& change : changes) {
    before[change.field] = change.before;
    after[change.field] = change.after;
  }
  AddFields(kind, before, scrubber);
  AddFields(kind, after, scrubber);
}

/// Everything that the rows and the journal call the person by.
Scrubber ScrubberFor(Connection& connection, const std::string& key, const std::vector<std::string>& former_keys) {
  Scrubber scrubber;
  scrubber.Add(key);
  for (const std::string& former : former_keys) scrubber.Add(former);
  Query rows = connection.Prepare("SELECT kind, fields FROM entity WHERE kind IN (0, 2) AND key = ?1");
  rows.Text(key);
  while (rows.Next()) {
    const Kind kind = KindFrom(rows.IntAt(0));
    AddFields(kind, DecodeFields(kind, rows.TextAt(1)), scrubber);
  }
  Query operations = connection.Prepare("SELECT kind, changes FROM operation WHERE kind IN (0, 2) AND key = ?1");
  operations.Text(key);
  while (operations.Next()) {
    const Kind kind = KindFrom(operations.IntAt(0));
    AddChanges(kind, DecodeChanges(kind, operations.TextAt(1)), scrubber);
  }
  return scrubber;
}

void ScrubFunction(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const auto* scrubber = static_cast<const Scrubber*>(sqlite3_user_data(context));
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  if (text == nullptr) {
    sqlite3_result_null(context);
    return;
  }
  const std::string scrubbed = scrubber->Scrub(text);
  sqlite3_result_text(context, scrubbed.data(), static_cast<int>(scrubbed.size()), SQLITE_TRANSIENT);
}

// Sentences that may name somebody, also in what was kept of others.
constexpr const char* kSentences[] = {
    "UPDATE quarantine SET reason = scrub(reason) WHERE reason <> scrub(reason)",
    "UPDATE outcome SET message = scrub(message) WHERE message <> scrub(message)",
    "UPDATE attempt SET message = scrub(message) WHERE message <> scrub(message)",
    "UPDATE decision SET reason = scrub(reason) WHERE reason <> scrub(reason)",
    "UPDATE operation SET reason = scrub(reason) WHERE reason <> scrub(reason)",
    "UPDATE run SET message = scrub(message), cause = scrub(cause) "
    "WHERE message <> scrub(message) OR cause <> scrub(cause)",
    "UPDATE hold SET reason = scrub(reason) WHERE reason <> scrub(reason)",
    "UPDATE due SET reason = scrub(reason) WHERE reason <> scrub(reason)",
    "UPDATE consent_guard SET examples = scrub(examples) WHERE examples <> scrub(examples)",
    "UPDATE approval SET subject = scrub(subject), reason = scrub(reason) "
    "WHERE subject <> scrub(subject) OR reason <> scrub(reason)",
};

// Rows that are the person's own. Groups are not people, whatever they are called.
constexpr const char* kOwnRows[] = {
    "DELETE FROM membership WHERE contact_id IN (SELECT id FROM entity WHERE kind = 2 AND key = ?1)",
    "DELETE FROM absence WHERE entity_id IN (SELECT id FROM entity WHERE kind IN (0, 2) AND key = ?1)",
    "DELETE FROM unknown_change WHERE entity_id IN (SELECT id FROM entity WHERE kind IN (0, 2) AND key = ?1)",
    "DELETE FROM known WHERE id IN (SELECT id FROM entity WHERE kind IN (0, 2) AND key = ?1)",
    "DELETE FROM quarantine WHERE kind <> 'group' AND key = ?1",
    "DELETE FROM hold WHERE key = ?1",
    "DELETE FROM former_key WHERE key = ?1 OR now = ?1",
    "DELETE FROM reverted WHERE kind <> 1 AND key = ?1",
    "DELETE FROM due WHERE kind <> 1 AND key = ?1",
    "DELETE FROM unknown_create WHERE kind <> 1 AND key = ?1",
    "DELETE FROM decision WHERE kind <> 'group' AND key = ?1",
    "UPDATE attempt SET message = '' WHERE operation IN (SELECT id FROM operation WHERE kind IN (0, 2) AND key = ?1)",
    "UPDATE outcome SET message = '' WHERE id IN (SELECT id FROM operation WHERE kind IN (0, 2) AND key = ?1)",
};

void Overwrite(Connection& connection) {
  connection.Guard("overwrite what was forgotten", [&] { connection.database().exec("VACUUM"); });
}

bool EmptyTheLog(Connection& connection) {
  return connection.Guard("empty its log", [&] {
    return connection.database().execAndGet("PRAGMA wal_checkpoint(TRUNCATE)").getInt() == 0;
  });
}

}  // namespace

std::vector<std::string> SqliteStore::KeysOf(std::string_view who) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look for a person", [&] {
    std::set<std::string> keys;
    {
      Query query = connection.Prepare(
          "SELECT key FROM entity WHERE kind IN (0, 2) AND key = ?1 UNION "
          "SELECT key FROM operation WHERE kind IN (0, 2) AND key = ?1 UNION "
          "SELECT key FROM quarantine WHERE kind IN ('user', 'contact') AND key = ?1 UNION "
          "SELECT key FROM hold WHERE key = ?1 UNION SELECT now FROM former_key WHERE key = ?1");
      query.TextCopy(who);
      while (query.Next()) keys.insert(query.TextAt(0));
    }
    if (!keys.empty() || who.find('@') == std::string_view::npos) return std::vector(keys.begin(), keys.end());
    const std::string address = FoldCase(who);
    Query rows = connection.Prepare("SELECT kind, key, fields FROM entity WHERE kind IN (0, 2) AND lifecycle <> 2");
    while (rows.Next()) {
      const Kind kind = KindFrom(rows.IntAt(0));
      const FieldSet fields = DecodeFields(kind, rows.TextAt(2));
      if (FoldCase(fields[NaturalKeyField(kind)].text) == address) keys.insert(rows.TextAt(1));
    }
    if (keys.empty()) return KeysOnceWithAddress(who);
    return std::vector(keys.begin(), keys.end());
  });
}

Erasure SqliteStore::Forget(const std::string& key, Instant at) {
  Connection& connection = impl_->connection;
  Erasure erasure;
  std::vector<std::string> former_keys;
  for (FormerKey& former : FormerKeys(key)) {
    // Somebody else may have got it since.
    const bool is_taken = Find(Kind::kUser, former.key) || Find(Kind::kContact, former.key);
    if (former.now == key && !is_taken) former_keys.push_back(std::move(former.key));
  }
  const Scrubber scrubber =
      connection.Guard("look for a person", [&] { return ScrubberFor(connection, key, former_keys); });
  connection.Guard("prepare to forget", [&] {
    connection.database().exec("PRAGMA secure_delete = ON");
    connection.database().createFunction("scrub", 1, true, const_cast<Scrubber*>(&scrubber), &ScrubFunction);
  });
  impl_->Write("forget somebody", [&] {
    for (const char* sql : kOwnRows) connection.Prepare(sql).Text(key).Run();
    erasure.entities = static_cast<std::uint64_t>(
        connection.Prepare("DELETE FROM entity WHERE kind IN (0, 2) AND key = ?1").Text(key).Run());
    Query blank = connection.Prepare(
        "UPDATE operation SET key = '', remote_id = '', entity_id = 0, changes = '{}', groups_before = NULL, "
        "groups_after = NULL, reason = 'forgotten', source = '', line = 0, dn = '', fingerprint = ?2 "
        "WHERE kind IN (0, 2) AND key = ?1");
    erasure.operations = static_cast<std::uint64_t>(blank.Text(key).Hash({}).Run());
    for (const char* sql : kSentences) {
      // Not kept: it would outlive the function that it calls.
      SQLite::Statement(connection.database(), sql).exec();
    }
    former_keys.push_back(key);
    for (const std::string& known_as : former_keys) {
      const std::string digest = DigestOf(connection, known_as);
      connection.Prepare("INSERT OR REPLACE INTO forgotten (key_digest, at) VALUES (?1, ?2)")
          .Text(digest)
          .Time(at)
          .Run();
    }
    if (erasure.entities != 0) connection.Prepare("UPDATE meta SET state_version = state_version + 1").Run();
  });
  connection.Guard("forget somebody", [&] {
    sqlite3_create_function_v2(connection.database().getHandle(), "scrub", 1, SQLITE_UTF8, nullptr, nullptr, nullptr,
                               nullptr, nullptr);
  });
  Overwrite(connection);
  RemoveCopies(connection.path(), Instant::max());
  erasure.files_are_clean = EmptyTheLog(connection);
  return erasure;
}

std::optional<Instant> SqliteStore::Forgotten(std::string_view key) const {
  Connection& connection = impl_->connection;
  return connection.Guard("look up who was forgotten", [&]() -> std::optional<Instant> {
    const std::string digest = DigestOf(connection, key);
    Query query = connection.Prepare("SELECT at FROM forgotten WHERE key_digest = ?1");
    query.Text(digest);
    return query.Next() ? std::optional(query.TimeAt(0)) : std::nullopt;
  });
}

}  // namespace ucaas_sync::state
