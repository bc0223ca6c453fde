// A plan as a value: the ordered operations that take the state to the entities, with the guards' verdicts.
// daemon/plan makes it and is alone in reading and writing its JSON; apply, state and report only look at it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "daemon/model/consent.h"
#include "daemon/model/drift.h"
#include "daemon/model/hash.h"
#include "daemon/model/kind.h"
#include "daemon/model/operation.h"
#include "daemon/model/time.h"
#include "daemon/model/warning.h"

namespace ucaas_sync {

struct PlanSource {
  std::string name;
  std::string location;
  std::uint64_t records = 0;
  std::uint64_t rejected = 0;
  bool complete = true;
  std::string hash;
  friend bool operator==(const PlanSource&, const PlanSource&) = default;
};

/// An entity set aside: frozen, neither updated nor removed.
struct QuarantineItem {
  std::string kind;  ///< "user", "group", "contact", or "record" for a reject, whose key is then SOURCE:LINE.
  std::string key;
  std::string reason;  ///< "e-mail missing"
  bool is_new = true;  ///< Not in quarantine for the same reason before.
  SourceRef source;
  friend bool operator==(const QuarantineItem&, const QuarantineItem&) = default;
};

struct GuardVerdict {
  std::string name;  ///< "user.suspend", "rewrite", "source_drop"
  std::uint64_t limit = 0;
  std::uint64_t actual = 0;
  bool held = false;
  bool holds_everything = true;  ///< False: only the group removals wait.
  std::string subject;           ///< What it is about, where the name is not enough: the field, the group, the source.
  std::vector<std::string> examples;  ///< Up to 10 people or values, for the text: "E17 Ada Lovelace <ada@…>".
  std::uint64_t more = 0;             ///< Operations of this plan under the guard that no example shows.
  std::string meaning{};              ///< What the numbers say: "This plan suspends 4 users; of 15 active, …"
  std::string advice;                 ///< What to do about it.
  std::string
      approved_by{};  ///< "ada until 2026-11-24T08:00:00Z": it would hold, but a person agreed. `held` is false.
  std::string approved_why{};  ///< The reason that they gave; not part of a plan's JSON.
  friend bool operator==(const GuardVerdict&, const GuardVerdict&) = default;
};

struct KindSummary {
  std::array<std::uint64_t, kActionCount> actions{};  ///< by Index(Action)
  std::uint64_t unchanged = 0;
  std::uint64_t of(Action action) const { return actions[Index(action)]; }
  friend bool operator==(const KindSummary&, const KindSummary&) = default;
};

/// Somebody whose removal waits for its time, for `status`.
struct DueItem {
  Kind kind = Kind::kUser;
  Action action = Action::kSuspend;
  std::string key;
  Instant at;
  std::string reason;
  friend bool operator==(const DueItem&, const DueItem&) = default;
};

struct Plan {
  std::string id;      ///< Not part of the hash.
  Instant created_at;  ///< Not part of the hash.
  std::string hash;    ///< SHA-256 over everything but id, times and itself.
  std::string config_hash;
  std::uint64_t state_version = 0;
  std::vector<PlanSource> sources;
  std::array<KindSummary, kKindCount> summary;  ///< by Index(Kind)
  std::vector<GuardVerdict> guards;
  bool held = false;         ///< Nothing may be written.
  OperationList operations;  ///< What apply would do. Held group removals are left out.
  OperationList waiting;     ///< Those: not done by this plan, and there for a person to see and approve.
  std::vector<QuarantineItem> quarantine;
  std::vector<std::string> warnings;  ///< What could not be known (--offline), cycles of nested groups, …
  std::vector<DueItem> due;           ///< Not part of the JSON.

  KindSummary& summary_of(Kind kind) { return summary[Index(kind)]; }
  const KindSummary& summary_of(Kind kind) const { return summary[Index(kind)]; }
};

/// What `sync` notes beside the operations: bookkeeping that changes no entity's row. Made with the plan.
struct PlanNotes {
  struct Absence {
    /// In place of `since`: the clock begins with the next read that proves it gone. Until then the note only tells
    /// that a rejected record with its key, or with that of a manager who left, is not its own.
    static constexpr Instant kNotBegun = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);

    std::int64_t entity_id = 0;
    Instant since;            ///< Of the first complete read that lacked it.
    std::uint32_t reads = 1;  ///< Complete reads that lacked it.

    bool has_begun() const { return since != kNotBegun; }
  };
  /// Why somebody whom the state knows is neither changed nor removed; kept when it is news.
  struct Standstill {
    enum class Word : std::uint8_t {
      kAbsent,       ///< In no record of its source.
      kFilteredOut,  ///< A rule's filter keeps its record out.
      kHeld,         ///< By a person.
      kUndecided,    ///< This read says nothing: what was known before stands.
      kKept,         ///< Gone from the source, and left in the account because it was adopted.
    };
    std::int64_t entity_id = 0;
    Word word = Word::kAbsent;
    std::string reason;
    SourceRef source;
  };
  std::vector<Standstill> standstills;  ///< Everybody of whom it is so now.
  /// Known entities whose record is seen outside the scope of its rule from now on, or is no more.
  std::vector<std::pair<std::int64_t, bool>> scope_changes;
  /// Known entities whose record comes from another source from now on, by that source's name: it is the one in which
  /// they can be missed.
  std::map<std::string, std::vector<std::int64_t>> moved;
  /// What became of a revert's hold: its source says something else by now, or was read for the first time since.
  struct HoldNote {
    Kind kind = Kind::kUser;
    std::string key;
    Hash128 mark;
    bool ended = false;
  };
  /// Set aside because of what the list of the target shows. The next plan has no list and would create them: they wait
  /// like whom the target itself refused.
  struct Barred {
    std::string kind;
    std::string key;
    std::string reason;
    SourceRef source;
    Hash128 fingerprint;
  };
  std::vector<Barred> barred;
  /// Replaces what was noted before. Of a held plan: what was noted before, without those who are there again; who went
  /// missing since is noted, and no clock begins.
  std::vector<Absence> absences;
  std::vector<HoldNote> holds;
  std::vector<std::pair<std::int64_t, Hash128>>
      fingerprints;  ///< Found equal by full comparison: refresh, touch nothing else.
  /// By source: records that repeat the key of another one, for the snapshot's history.
  std::vector<std::uint64_t> repeated;
  std::vector<DriftAcceptance> accepted;
  std::vector<DriftRepair> repairs;  ///< What the operations put back; noted once they are done.
  /// First instant at which the same files would give another plan; nothing when time alone changes nothing.
  std::optional<Instant> due_at;
  std::vector<Warning> warnings;  ///< The plan's, in a form for the log.
  ConsentScope consent;           ///< What the plan's guards hold: what an approval of it would cover.
};

}  // namespace ucaas_sync
