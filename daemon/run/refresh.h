// The refresh: everything at the target is looked at once in `schedule.refresh` and compared with the state. It goes in
// slices, page by page, after a run's own operations; how far it came and what it found is in the state, so that the
// next run goes on from there, after a crash too. Writes to the state alone, never to the target.
// Single-threaded. Throws StateFailure; what goes wrong at the target is an event, and the refresh goes on later.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/apply/caller.h"
#include "daemon/model/clock.h"
#include "daemon/model/drift.h"
#include "daemon/model/observer.h"
#include "daemon/plan/drift.h"
#include "daemon/plan/policy.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

struct RefreshOptions {
  Duration every{24 * 3600 * 1000LL};       ///< schedule.refresh
  std::chrono::milliseconds slice{30'000};  ///< No page is asked for beyond this: the next run wants to begin.
  std::uint32_t pages_per_commit = 8;
  std::chrono::milliseconds commit_after{1'000};
};

/// When the next slice is due, by what the state says: `now` or before, or later. Nothing was ever looked at: at once.
Instant RefreshDue(const RefreshCursor& cursor, Duration every, Instant now);

/// Whether a list of `kind` is wanted: contacts name their groups by id, so groups are needed wherever contacts are.
bool IsListed(const plan::Policy& policy, Kind kind);

/// Of `seen`, what a whole look showed: the objects that are not ours. Nothing while the outcome is unknown of a
/// create, or of a change that may have made its object anew, since one of them may be what it made.
std::optional<std::vector<std::uint64_t>> OthersOf(std::vector<std::uint64_t> seen, const state::SqliteStore& store);

class Refresh {
 public:
  /// All must outlive the refresh.
  Refresh(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
          Observer& observer, const RefreshOptions& options);

  /// Goes on, or begins anew, until the slice is over, the caller is stopped or everything was looked at.
  void Continue();

 private:
  enum class Step : std::uint8_t { kMore, kPause, kGiveUp };
  struct Known {
    std::uint64_t digest = 0;
    std::int64_t id = 0;
  };

  void Begin(Instant now);
  Step ReadPage();
  Step LookUpSome();
  void Compare(std::int64_t id, const plan::TargetListing::Object& shown);
  std::int64_t KnownWith(std::uint64_t digest) const;
  bool IsOver() const;
  void Save(const std::optional<Instant>& wake_at);
  void Finish();
  void GiveUp();

  state::SqliteStore& store_;
  apply::Caller& caller_;
  const plan::Policy& policy_;
  const Clock& clock_;
  Observer& observer_;
  const RefreshOptions options_;
  const plan::DriftScope scope_;

  Monotonic begun_;
  Monotonic saved_;
  std::uint32_t unsaved_pages_ = 0;
  RefreshProgress progress_;
  std::vector<std::uint64_t> seen_;  // sorted
  std::vector<Known> known_;         // by digest
  plan::GroupKeys groups_;
  std::vector<std::int64_t> found_before_;  // sorted
  std::vector<std::int64_t> unseen_;        // by id; filled for the last step
  bool has_unseen_ = false;
  std::set<std::int64_t> unanswered_;  // then too: by a change that may have made their objects anew
  std::string why_;                    // of a pause or of giving up
};

/// `listing` against the state, for a dry run: who is not in it is looked up one by one. An incomplete one proves no
/// absence.
std::vector<DriftFinding> CompareListing(const plan::TargetListing& listing, const state::SqliteStore& store,
                                         const plan::Policy& policy, apply::Caller& caller);

}  // namespace ucaas_sync::run
