// The pure core, ready to run on exports that lie in memory: the real mapper and the real planner, compiled from a
// small configuration that a seed varies. Owns what it compiled; single-threaded.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/mapping/mapper.h"
#include "daemon/mapping/protect.h"
#include "daemon/plan/planner.h"
#include "tests/sim/random.h"
#include "tests/sim/world.h"

namespace ucaas_sync::sim {

/// What differs between the configurations of two histories.
struct Settings {
  Duration absent_after = std::chrono::hours(24);
  config::AbsentPolicy absent_users = config::AbsentPolicy::kSuspend;
  std::optional<Duration> delete_after;
  config::EmptyPolicy empty = config::EmptyPolicy::kKeep;
  bool limits = true;         ///< The guards of the manual; else so wide that nothing is ever held.
  bool welcomes = false;      ///< Newcomers get a welcome mail.
  bool starts_count = false;  ///< Nobody is created earlier than a week before the start.

  std::string timezone = "UTC";

  static Settings Draw(Random& random);
  std::string ToString() const;
};

/// HR's people joined with the directory's titles; both sources are files in /srv.
config::Config MakeConfig(const Settings& settings);

class Program {
 public:
  explicit Program(const Settings& settings);

  struct Planned {
    Plan plan;
    PlanNotes notes;  ///< With the mapper's own due time in it.
    std::vector<SnapshotHistory> histories;
  };
  /// Nothing when a required source is unusable: the run ends with 5.
  std::optional<Planned> MakePlan(const Export& day, Instant now, const StateView& state,
                                  const plan::TargetListing* listing);

  const plan::Policy& policy() const { return policy_; }

 private:
  bool ReadHr(const Export& day, Instant now, std::vector<SnapshotHistory>& histories);
  void ReadDirectory(const Export& day, Instant now, std::vector<SnapshotHistory>& histories);
  SnapshotHistory HistoryOf(std::size_t source, mapping::SourceCheck check, Instant now) const;

  std::optional<mapping::Mapper> mapper_;
  std::shared_ptr<mapping::ProtectFilter> protect_;
  plan::Policy policy_;
  std::string timezone_;
  std::vector<Snapshot> snapshots_;
  std::vector<plan::SourceState> states_;
};

}  // namespace ucaas_sync::sim
