// Whose the objects at the target are, for a state that is made anew: by the old state, where it can be believed, by
// the remote id; else by e-mail or name. Private to this room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/plan.h"
#include "daemon/plan/planner.h"
#include "daemon/run/rebuild.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

using ObjectId = std::pair<Kind, std::string>;  // kind, remote id

std::map<ObjectId, const plan::TargetListing::Object*> ById(const plan::TargetListing& listing);
bool HasAddressOf(const plan::TargetListing::Object& object, const StoredEntity& row);

/// Keeps references to all that it is made from.
class Rebuilder {
 public:
  /// `old`: null when nothing that it says is believed.
  Rebuilder(const plan::TargetListing& listing, const state::SqliteStore* old, Instant now, RebuildResult& result)
      : old_(old), result_(result), now_(now), by_id_(ById(listing)) {}

  /// Everybody as an adopt that sends nothing, and the row that comes of it. `fresh` is what a run without state would
  /// plan.
  void Collect(const Plan& fresh);
  /// Whether the target shows that a removal, which nobody answered, had its effect. What it does not show at all was
  /// deleted, by whatever request.
  bool WasDone(Kind kind, Action action, const std::string& remote_id) const;
  Plan MakePlan(const Plan& fresh, std::string id) const;
  void Record(StateStore& store, const std::string& run) const;

 private:
  using Object = plan::TargetListing::Object;
  struct Found {
    Operation operation;
    StoredEntity row;
    bool was_outside = false;  // the scope of its rule, by the old state
  };

  void NoteUnanswered();
  void NoteOld();
  bool IsSame(const Object& object, const StoredEntity& row) const;
  const Object* KnownAs(const StoredEntity& row) const;
  bool IsSomebodyElses(const Operation& adopt) const;
  void Match(Operation operation);
  void KeepOld();
  void Keep(const StoredEntity& before, const Object& there);
  void SetGroups();
  void CountOthers(const std::set<ObjectId>& to_create);

  const state::SqliteStore* const old_;
  RebuildResult& result_;
  const Instant now_;
  const std::map<ObjectId, const Object*> by_id_;
  std::map<ObjectId, std::int64_t> old_rows_;  // of who is not gone
  std::set<std::int64_t> old_outside_;         // rows of whose record was last seen outside the scope
  std::set<std::string> old_group_names_;      // folded
  std::vector<Found> found_;
  std::set<ObjectId> taken_;
  std::set<ObjectId> keys_;        // kind, key
  std::set<ObjectId> unanswered_;  // kind, key
  std::set<ObjectId> sent_;        // kind, address that those were sent to
};

}  // namespace ucaas_sync::run
