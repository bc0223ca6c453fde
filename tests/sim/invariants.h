// What must hold after every run, whatever happened before it. The auditor keeps its own books (who was missing since
// when, who was removed when, who was mailed) from exports and from what the target shows, not from the plan's notes.
// Violations are sentences; pure but for those books. Single-threaded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/limits.h"
#include "tests/sim/objects.h"
#include "tests/sim/reading.h"
#include "tests/sim/report.h"

namespace ucaas_sync::sim {

/// The first name of whomever somebody makes at the target by hand.
inline constexpr const char* kHandMadeName = "Hand";

class Auditor {
 public:
  explicit Auditor(const Settings& settings) : settings_(settings) {}

  /// An object that somebody made at the target by hand.
  void NoteHandMade(Kind kind, const std::string& remote_id) { hand_made_.emplace(kind, remote_id); }
  /// Somebody changed an object at the target by hand.
  void NoteTouched(Kind kind, const std::string& remote_id) { touched_.emplace(kind, remote_id); }
  void NoteDeletedByHand(Kind kind, const Object& object);
  /// Somebody's hold was ended by a person, a revert's too.
  void NoteReleased(const std::string& key);
  /// Call right after `key` was erased: what is still known of them.
  Violations NoteForgotten(const Scene& scene, const std::string& key);
  std::size_t hand_made() const { return hand_made_.size(); }
  /// The state is lost: whatever the target has is from now on somebody else's.
  void NoteLostState(const testing::FakeTarget& target);
  /// Somebody agreed to what the guards held of that run.
  void NoteApproval(const RunReport& report, Instant at) { guards_.NoteApproval(report, at); }
  /// Call right before a run.
  void Before(const Scene& scene);
  /// Call during it, when the state has learned before the plan what earlier runs have made.
  void NoteLearned(const Scene& scene);
  /// Call right after it: what is wrong.
  Violations After(const Scene& scene, const Export& day, const RunReport& report);

  /// After good days without a change: the target is what the export says, and nothing is left to do.
  Violations AtRest(const Scene& scene, const Export& day) const;

 private:
  using Id = std::pair<Kind, std::string>;
  /// What the exports said of a key, day by day.
  struct Trail {
    std::optional<Instant> missing_since;
    int complete_reads_without = 0;
    bool left_before = false;  ///< The last word before it went missing.
    /// Before this run it was missing, or a broken row that bore its key was another's.
    bool owns_no_broken_row = false;
  };

  /// The groups that are known, and who was there until this run.
  std::set<Id> ThereLately() const;
  void Follow(const Reading& reading, const RunReport& report);
  /// Whether the next broken row with `key` is somebody else's.
  static bool OwnsNone(const std::string& key, Word word, bool owned_none, const Reading& reading,
                       const RunReport& report);
  static void Step(Trail& trail, Word word, bool is_hidden, const RunReport& report);
  void CompareAccounts(const Scene& scene, const RunReport& report);
  void JudgeRemoval(Kind kind, Action action, const Object& object, const RunReport& report);
  void JudgeChange(const Scene& scene, Kind kind, const Object& before, const Object& after, const RunReport& report);
  void JudgeNewObject(const Scene& scene, Kind kind, const Object& object, const RunReport& report);
  void NoteCutOff(const RunReport& report);
  void ForgetWhatIsTakenForOurs();
  void JudgeFailures(const Scene& scene, const RunReport& report);
  void JudgeState();
  void JudgeReverted(const Export& day, const RunReport& report);
  void NoteReverted(const Export& day, const RunReport& report);
  /// All that a day's exports say of an entity.
  std::string SaidOf(const Export& day, Kind kind, const std::string& key) const;
  bool MayGo(Word word, const Trail& trail, const RunReport& report) const;
  void Blame(const std::string& what) { violations_.push_back(what); }
  void Blame(Violations wrong);

  Settings settings_;
  Reading reading_;
  Violations violations_;
  GuardBook guards_;
  std::map<std::string, Trail> people_;
  std::map<std::string, Trail> groups_;
  std::map<std::string, Instant> suspended_;  // key → since when, as the target showed it
  std::map<std::string, int> mails_;          // key → welcome mails
  std::map<std::string, int> deletions_;      // key → how often the account was deleted
  std::set<Id> hand_made_;
  std::set<Id> hand_named_;  // ours, or taken for ours, and shown with the name that somebody gave by hand
  std::set<Id> touched_;
  std::set<Id> cut_off_creates_;        // by key
  std::map<Id, std::string> reverted_;  // by key: what was said of it at the revert
  std::size_t last_good_records_ = 0;

  // As it was before the run.
  Objects account_;
  std::map<Id, std::string> owners_;  // remote id → key
  std::vector<StoredEntity> there_;   // rows whose object is there
  std::vector<StoredEntity> lost_;    // those whose object is not, or shows another address
  std::set<std::string> held_;
  GuardBook::Before background_;

  // As it is after it.
  std::vector<StoredEntity> rows_;
};

}  // namespace ucaas_sync::sim
