// What must hold after every run, whatever happened before it. The auditor keeps its own books (who was missing since
// when, who was removed when, who was mailed) from exports and from what the target shows, not from the plan's notes.
// Violations are sentences; pure but for those books. Single-threaded.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/machine.h"
#include "tests/sim/reading.h"

namespace ucaas_sync::sim {

using Violations = std::vector<std::string>;

class Auditor {
 public:
  explicit Auditor(const Settings& settings) : settings_(settings) {}

  /// An object that somebody made at the target by hand.
  void NoteHandMade(Kind kind, const std::string& remote_id) { hand_made_.emplace(kind, remote_id); }
  /// Somebody agreed to what the guards held of that run.
  void NoteApproval(const RunReport& report, Instant at);
  /// Call right before a run.
  void Before(const Machine& machine);
  /// Call right after it: what is wrong.
  Violations After(const Machine& machine, const Export& day, const RunReport& report);

  /// After good days without a change: the target is what the export says, and nothing is left to do.
  Violations AtRest(const Machine& machine, const Export& day) const;

 private:
  using Object = testing::FakeTarget::Object;
  using Id = std::pair<Kind, std::string>;
  /// What the exports said of a key, day by day.
  struct Trail {
    std::optional<Instant> missing_since;
    int complete_reads_without = 0;
    bool left_before = false;  ///< The last word before it went missing.
  };
  struct Removal {
    Kind kind = Kind::kUser;
    Action action = Action::kSuspend;
    Instant at;
    bool approved = false;
  };
  /// What was agreed to: by guard, the operations under it as texts, or a number of records.
  struct Consent {
    Instant until;
    std::map<std::string, std::set<std::string>> operations;
    std::map<std::string, std::uint64_t> counts;
  };

  void Follow(const Reading& reading, const RunReport& report);
  static void Step(Trail& trail, Word word, bool is_hidden, const RunReport& report);
  void CompareAccounts(const Machine& machine, const RunReport& report);
  void JudgeRemoval(Kind kind, Action action, const Object& object, const RunReport& report);
  void JudgeChange(const Machine& machine, Kind kind, const Object& before, const Object& after,
                   const RunReport& report);
  void JudgeNewObject(const Machine& machine, Kind kind, const Object& object, const RunReport& report);
  void JudgePlan(const RunReport& report);
  void JudgeUnknownFields(const Export& day, const RunReport& report);
  void JudgeLimits(const RunReport& report);
  void JudgeRemovalLimit(Kind kind, Action action, double percent, const RunReport& report);
  /// `guard` as its verdict names it: "user.suspend", "rewrite user.department".
  void JudgeSize(const std::string& guard, std::uint64_t count, std::uint64_t limit, const RunReport& report);
  bool IsApproved(const std::string& guard, std::uint64_t count, const RunReport& report) const;
  void ForgetWhatIsTakenForOurs(const Machine& machine, const RunReport& report);
  std::uint64_t RecordsLost(const RunReport& report) const;
  void JudgeFailures(const Machine& machine, const RunReport& report);
  bool MayGo(Word word, const Trail& trail, const RunReport& report) const;
  bool IsSetAside(const RunReport& report, Kind kind, const std::string& key) const;
  void Blame(const std::string& what) { violations_.push_back(what); }

  Settings settings_;
  Reading reading_;
  Violations violations_;
  std::map<std::string, Trail> people_;
  std::map<std::string, Trail> groups_;
  std::map<std::string, Instant> suspended_;  // key → since when, as the target showed it
  std::vector<Removal> removals_;
  std::vector<Consent> consents_;
  std::map<std::string, int> mails_;      // key → welcome mails
  std::map<std::string, int> deletions_;  // key → how often the account was deleted
  std::set<Id> hand_made_;
  std::set<Id> cut_off_creates_;  // by key
  std::size_t last_good_records_ = 0;

  // As it was before the run.
  std::map<Kind, std::vector<Object>> account_;
  std::map<Id, std::string> owners_;  // remote id → key
  std::set<std::string> held_;
  std::array<std::uint64_t, kKindCount> active_{};
  bool creates_are_limited_ = false;
};

}  // namespace ucaas_sync::sim
