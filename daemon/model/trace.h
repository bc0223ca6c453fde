// What a run decided about one person, written down where each decision is made: mapping tells of records, the plan of
// entities. A run without a trace costs one null test a record.
// Owns copies of everything it was told. Single-threaded; never throws for what it is told. Secrets never come here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/drift.h"
#include "daemon/model/entity.h"
#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"

namespace ucaas_sync {

/// One filter's verdict over one record, and the smallest part of it that decided.
struct FilterTrace {
  enum class Verdict : std::uint8_t { kNo, kYes, kUndefined };
  struct Value {
    std::string attribute{};
    std::vector<std::string> values{};  ///< Empty: the record has none.
    friend bool operator==(const Value&, const Value&) = default;
  };
  std::string name{};  ///< "filter", "left", "scope", or "filter of source hr"
  std::string text{};  ///< As in the configuration.
  Verdict verdict = Verdict::kYes;
  std::string clause{};  ///< Part of `text`; all of it when no smaller part decides.
  bool clause_holds = true;
  std::vector<Value> values{};  ///< Of the clause's attributes.
};

/// A partner source that a rule joins.
struct JoinTrace {
  enum class Found : std::uint8_t { kFound, kMissing, kMaybeRejected, kNoKey, kSeveral, kUnusable };
  std::string source{};
  std::string attribute{};  ///< Of the leading record; holds the partner's key.
  std::string key{};
  Found found = Found::kFound;
  std::uint64_t line = 0;  ///< Of the partner's record.
};

struct FieldTrace {
  std::string name{};
  std::string written{};  ///< The template, as in the configuration.
  FieldState state = FieldState::kUnmapped;
  std::string value{};  ///< Empty for secrets, as everywhere.
  bool secret = false;
};

/// One record under one rule.
struct RecordTrace {
  Kind kind = Kind::kUser;
  std::uint16_t rule = 0;  ///< Index among all rules.
  std::string key{};       ///< Empty when none could be found.
  std::string address{};   ///< The e-mail (groups: the name) that it comes out with.
  SourceRef source;
  /// Nothing: a filter keeps it out, which makes its person absent. Else what goes on to the plan.
  std::optional<Standing> standing{};
  std::string prefer{};  ///< "leads 2 records with this key: lines 4 and 9"; empty when it is the only one.
  std::vector<JoinTrace> joins{};
  std::vector<FilterTrace> filters{};  ///< In the order in which they were judged, up to the one that decided.
  std::vector<FieldTrace> fields{};
  std::vector<std::string> groups{};
  std::string reason{};  ///< Of its quarantine.
};

/// A record that nobody can use, and that has the key or the e-mail among its values.
struct RejectTrace {
  std::string source{};
  std::uint64_t line = 0;
  std::string reason{};
};

/// One field of the target's object as the state knows it beside what the record wants.
struct ComparisonTrace {
  enum class Verdict : std::uint8_t { kEqual, kDifferent, kNotCompared };
  FieldId field = 0;
  Field stored;                  ///< As the target last accepted it.
  std::optional<Field> found{};  ///< What the last look found there instead, changed by somebody else.
  Field desired;
  Verdict verdict = Verdict::kEqual;
  std::string why{};  ///< Why it is not compared.
};

/// What the plan decided of one entity.
struct EntityTrace {
  struct Note {
    std::string step{};  ///< "held", "quarantine", "frozen", "absence", "left", "protected", "scope"
    std::string text{};
    friend bool operator==(const Note&, const Note&) = default;
  };
  Kind kind = Kind::kUser;
  std::string key{};
  std::optional<StoredEntity> stored{};  ///< The match with the state.
  std::optional<DriftFinding> drift{};   ///< How the target differs from it since the last look.
  std::vector<ComparisonTrace> comparison{};
  std::vector<Note> notes{};  ///< What stood in the way, or what waits, in the order of the decisions.
  std::optional<PlanNotes::Absence> absence{};
  std::optional<Instant> acts_at{};  ///< When a waiting removal would be due.
  std::optional<Operation> operation{};
};

class Trace {
 public:
  /// A key or an e-mail.
  explicit Trace(std::string_view who);

  const std::string& who() const { return who_; }
  const std::set<std::string>& keys() const { return keys_; }
  /// The state knows the e-mail under this key.
  void AddKey(const std::string& key) { keys_.insert(key); }
  /// Whether an entity of this key, or with this e-mail, is meant. An e-mail that fits adds its key, so that the same
  /// person's other records are found by it.
  bool Wants(std::string_view key, std::string_view address);
  /// Whether some value is the key or the e-mail itself.
  bool IsNamed(std::string_view value) const;

  void OnRecord(RecordTrace record);
  void OnReject(const RejectView& reject, const std::string& source);
  /// The entity's part, begun when it is first asked for.
  EntityTrace& Of(Kind kind, std::string_view key);
  /// Nothing for an entity that nobody asked about.
  EntityTrace* Find(Kind kind, std::string_view key);

  const std::vector<RecordTrace>& records() const { return records_; }
  std::size_t records_left_out() const { return records_left_out_; }
  const std::vector<RejectTrace>& rejects() const { return rejects_; }
  const std::deque<EntityTrace>& entities() const { return entities_; }
  /// Keys that differ from WHO in case alone: what was perhaps meant.
  const std::set<std::string>& near() const { return near_; }

 private:
  std::string who_;
  std::string folded_;
  std::set<std::string> keys_;
  std::set<std::string> near_;
  std::vector<RecordTrace> records_;
  std::size_t records_left_out_ = 0;
  std::vector<RejectTrace> rejects_;
  std::deque<EntityTrace> entities_;  // a reference stays valid
};

}  // namespace ucaas_sync
