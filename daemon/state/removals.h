// Who was removed in the last days, for the sums of 24 h and 7 d that the guards judge: what was done, and what was
// sent and nobody answered, until it is known that the target did not do it. Inside the state room only; within a
// commit. Single-threaded; throws what Connection::Guard translates.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "daemon/model/clock.h"
#include "daemon/model/kind.h"
#include "daemon/state/connection.h"
#include "daemon/state/unknowns.h"

namespace ucaas_sync::state {

struct CountedRemoval {
  Instant at;
  Kind kind = Kind::kUser;
  Action action = Action::kSuspend;
  bool approved = false;
  bool is_unanswered = false;
  std::int64_t entity = 0;         ///< Of one that nobody answered; 0: was forgotten since.
  std::string remote_id = {};      ///< Of one that nobody answered: the object that it was about.
  std::string now_remote_id = {};  ///< Of one that nobody answered: the object that the entity has now.
};

/// From `since` on, oldest first. With those that a run may have sent which has no end yet: nobody has begun one since
/// to note them.
std::vector<CountedRemoval> CountedRemovals(Connection& connection, Instant since);

constexpr bool IsRemoval(Action action) {
  return action == Action::kSuspend || action == Action::kDelete;
}

void NoteRemoval(Connection& connection, std::int64_t operation, Kind kind, Action action, Instant at);
/// What `run` may have sent and has no outcome for.
void NoteUnansweredRemovals(Connection& connection, const OpenRun& run);

/// Entities with a removal that nobody answered.
std::set<std::int64_t> EntitiesOfUnansweredRemovals(Connection& connection);

/// What is there was not deleted by a request that nobody answered; and whoever is seen to be active was not suspended
/// by one. Whether any counts no longer.
bool ForgetUndoneRemovals(Connection& connection, std::int64_t entity, bool is_seen_active);

/// Who is gone or suspended by now may be so by the very request that nobody answered. When it was repeated since, of
/// the same object, the repeat counts for both: as the first did, unless the answer tells that it was the repeat that
/// did it. That of a delete does; a suspend is answered alike whether they were let in until then or not. Whether any
/// counts no longer.
bool CountRemovalOnce(Connection& connection, std::int64_t entity);

/// These are let in again, so they were seen suspended: of the suspends that nobody answered one was done and counts
/// from now on, whatever a later look shows and beside the next suspend.
void CountSuspendsOf(Connection& connection, const std::set<std::int64_t>& entities);

}  // namespace ucaas_sync::state
