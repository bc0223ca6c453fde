// The plan of one run: entities stream in, are compared with the state, and Finish answers with the ordered operations
// and the guards' verdicts. Pure: no files but those that the caller brings, no clock, no randomness; the same input
// gives the same bytes. The state view must outlive the planner. Single-threaded. An unchanged person costs one slot of
// a table (88 bytes, what only the known have included) and no allocation. Throws what the state view throws
// (StateFailure), and Failure when a spill file cannot be read or the changes take more room than can be numbered.
#pragma once

#include <array>
#include <functional>
#include <iosfwd>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/entity.h"
#include "daemon/model/plan.h"
#include "daemon/model/source.h"
#include "daemon/model/store.h"
#include "daemon/model/trace.h"
#include "daemon/plan/policy.h"

namespace ucaas_sync::plan {

/// How the read of one configured source went; by index of the configuration.
struct SourceState {
  const Snapshot* snapshot = nullptr;  ///< Nothing when the source was not read: its entities freeze.
  bool required = true;
  bool healthy = true;  ///< False: what came of it is not to be trusted; its entities freeze.
  std::string name;
  /// Mapped attribute (lower case) → records with a value, for `fill_drop`.
  std::vector<std::pair<std::string, std::uint64_t>> filled = {};
  bool hides_groups = false;  ///< A record may name a group that cannot be known: no group is proved to be gone.
};

/// What the target holds, for adopting instead of creating. All objects, ours and foreign ones.
struct TargetListing {
  struct Object {
    Kind kind = Kind::kUser;
    std::string remote_id;
    FieldSet fields;
    std::vector<std::string> group_ids;  ///< Contacts: remote ids of its groups.
    bool has_group_ids = true;           ///< False: the target did not say.
  };
  std::array<std::vector<Object>, kKindCount> objects;  ///< by Index(Kind)
  bool complete = true;                                 ///< Every list ended at an empty page.
};

class Planner : public EntitySink {
 public:
  /// Loads the narrow table of all known entities. `drift` is what the target was found to show otherwise. What does
  /// not fit in memory goes to files that `make_spill_file` makes; the plan keeps one for its operations.
  Planner(const StateView& state, const Policy& policy, Instant now, const std::vector<DriftFinding>& drift = {},
          const MakeSpillFile& make_spill_file = {});
  ~Planner() override;
  Planner(const Planner&) = delete;
  Planner& operator=(const Planner&) = delete;

  /// Writes down what is decided about those whom `trace` wants. Call before the first entity; it must outlive Finish.
  void SetTrace(Trace* trace);

  void OnEntity(const EntityView& entity) override;
  void OnReject(const RejectView& reject) override;

  struct Inputs {
    std::vector<SourceState> sources;        ///< By index of the configuration.
    const TargetListing* listing = nullptr;  ///< Nothing: nobody asked the target.
    std::vector<Warning> warnings;           ///< Put before the plan's own.
    std::string config_hash;
    std::string only;                     ///< --only WHO: a key or an e-mail; everybody else stays as if unchanged.
    std::set<Kind> unlisted{};            ///< Kinds of which nobody is created: who is there already is not known.
    std::function<std::string()> new_id;  ///< The plan's id; not part of its hash.
    /// Where the plan is written while it is hashed, asked for once it is made; see SealPlan. Empty: nowhere.
    std::function<std::ostream&()> file{};
  };
  struct Result {
    Plan plan;
    PlanNotes notes;
  };
  /// Call once, after the last entity. When `only` names nobody, the plan is empty and a warning says so.
  Result Finish(const Inputs& inputs);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::plan
