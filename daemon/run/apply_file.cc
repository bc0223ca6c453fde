#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/text.h"
#include "daemon/run/consent.h"
#include "daemon/run/leftovers.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/steps.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

/// Digests that the state has a row for, among those that a plan asks for. Nearly always none.
class Hits {
 public:
  void Ask(const Hash128& digest) { asked_.push_back(digest); }
  void Sort() { std::sort(asked_.begin(), asked_.end()); }
  bool IsEmpty() const { return asked_.empty(); }
  void Offer(const Hash128& digest, std::int64_t row) {
    if (std::binary_search(asked_.begin(), asked_.end(), digest)) rows_.emplace(digest, row);
  }
  std::optional<std::int64_t> RowWith(const Hash128& digest) const {
    const auto row = rows_.find(digest);
    return row == rows_.end() ? std::nullopt : std::optional(row->second);
  }

 private:
  std::vector<Hash128> asked_;
  std::map<Hash128, std::int64_t> rows_;
};

/// Who has by now what a plan is about to take: objects that it adopts, addresses that it gives to somebody.
class Holders {
 public:
  Holders(const Plan& plan, const state::SqliteStore& store) {
    plan.operations.ForEach([this](const Operation& operation) {
      if (operation.action == Action::kAdopt) objects_.Ask(DigestOf(operation.kind, operation.remote_id));
      if (const auto address = AddressTaken(operation)) addresses_[Index(operation.kind)].Ask(*address);
    });
    objects_.Sort();
    bool takes_address = false;
    for (Hits& addresses : addresses_) {
      addresses.Sort();
      takes_address = takes_address || !addresses.IsEmpty();
    }
    if (!objects_.IsEmpty()) {
      store.ForEachRemote([this](std::int64_t row, Kind kind, std::string_view remote_id) {
        objects_.Offer(DigestOf(kind, remote_id), row);
      });
    }
    if (!takes_address) return;
    store.ForEachKnown(
        [this](const KnownEntity& known) { addresses_[Index(known.kind)].Offer(known.address_hash, known.id); });
  }

  /// The row that has the object which `operation` adopts.
  std::optional<std::int64_t> OfObject(const Operation& operation) const {
    if (operation.action != Action::kAdopt) return std::nullopt;
    return objects_.RowWith(DigestOf(operation.kind, operation.remote_id));
  }
  /// The row that has the address which `operation` gives to somebody.
  std::optional<std::int64_t> OfAddress(const Operation& operation) const {
    const auto address = AddressTaken(operation);
    return address ? addresses_[Index(operation.kind)].RowWith(*address) : std::nullopt;
  }

 private:
  static Hash128 DigestOf(Kind kind, std::string_view remote_id) { return HashOf(remote_id, Index(kind) + 1); }
  static std::optional<Hash128> AddressTaken(const Operation& operation) {
    const FieldChange* change = FindChange(operation, NaturalKeyField(operation.kind));
    if (operation.action == Action::kDelete || change == nullptr || change->after.text.empty()) return std::nullopt;
    return HashOf(FoldCase(change->after.text));
  }

  Hits objects_;
  std::array<Hits, kKindCount> addresses_;
};

// The plan was made from a state that may have moved since: each touched entity must be as it was then, and what it
// takes must be nobody else's.
void CheckPreconditions(Plan& plan, const state::SqliteStore& store, const std::filesystem::path& file, Instant now) {
  const auto stale = [&file](const std::string& why) { return StalePlan(file, why); };
  if (plan.state_version > store.Version()) {
    throw stale("was made from a state newer than this one, which is an older copy or was made anew since");
  }
  const Holders holders(plan, store);
  std::set<std::pair<Kind, std::string>> held;
  for (const StoredHold& hold : store.Holds(now)) {
    for (const Kind kind : kAllKinds) {
      if (!hold.kind || hold.kind == kind) held.emplace(kind, hold.key);
    }
  }
  OperationList checked = plan.operations.EmptyAlike();
  plan.operations.ForEach([&](Operation operation) {
    const std::string who = std::string(Name(operation.kind)) + ' ' + Printable(operation.key);
    if (held.contains({operation.kind, operation.key})) throw stale(who + " was put on hold since the plan was made");
    const auto row = store.Find(operation.kind, operation.key);
    const bool exists = row && row->lifecycle != Lifecycle::kGone;
    const bool makes = operation.action == Action::kCreate || operation.action == Action::kAdopt;
    // One that was known then is made anew because the target was found to have lost it.
    if (makes && exists && row->version > plan.state_version) {
      throw stale(who + " has been created or adopted since the plan was made");
    }
    if (!makes) {
      if (!exists) throw stale(who + " is not in the state any more");
      if (row->remote_id != operation.remote_id || row->version > plan.state_version) {
        throw stale(who + " has changed since the plan was made");
      }
    }
    if (const auto owner = holders.OfObject(operation)) {
      throw stale(who + " is to adopt what is by now the object of " + Printable(store.Load(*owner).key));
    }
    if (const auto holder = holders.OfAddress(operation); holder && (!row || row->id != *holder)) {
      // One that had it then gives it up in this very plan.
      const StoredEntity other = store.Load(*holder);
      if (other.version > plan.state_version) {
        throw stale(who + " is to get an address that " + Printable(other.key) + " has got since the plan was made");
      }
    }
    operation.entity_id = row ? row->id : 0;
    checked.Add(operation);
  });
  plan.operations = std::move(checked);
}

/// Whether it removes somebody whose create or change nobody answered.
bool RemovesInDoubt(const Plan& plan, const state::SqliteStore& store) {
  std::set<std::pair<Kind, std::string>> doubtful;
  for (const Operation& create : store.LeftoverCreates()) doubtful.emplace(create.kind, create.key);
  for (const Operation& change : store.UnansweredUpdates()) doubtful.emplace(change.kind, change.key);
  bool removes = false;
  if (doubtful.empty()) return removes;
  plan.operations.ForEach([&](const Operation& operation) {
    const bool is_removal = operation.action == Action::kSuspend || operation.action == Action::kDelete;
    removes = removes || (is_removal && doubtful.contains({operation.kind, operation.key}));
  });
  return removes;
}

/// Whoever approved the file and came too late must not wonder why it is held again.
std::string EndedWord(const state::SqliteStore& store, const Context& context, const std::filesystem::path& file) {
  for (const Approval& approval : store.EndedApprovals(context.clock.Now())) {
    if (approval.subject == ApprovedFile(file)) {
      return "; the approval by " + approval.who + " ended at " + FormatInstant(approval.until);
    }
  }
  return {};
}

}  // namespace

SyncResult ApplyFile(const Context& given, const std::filesystem::path& file) {
  Plan plan = LoadPlan(given.program, file);
  const auto lock = state::RunLock::Acquire(given.program.config.state_dir, given.clock.Now());
  const auto store = OpenState(given, state::OpenMode::kReadWrite);
  ContextOfRun run_context(given, *store);
  const Context& context = run_context.context;
  const std::string used_as = UsedAs(plan);
  return Journalled(context, *store, "apply", [&](SyncResult& result) {
    if (store->PlanWasUsed(used_as)) throw StalePlan(file, "was applied before, and a plan is applied once");
    // What a request that nobody answered has made for a leaver is another object than the plan knows.
    if (RemovesInDoubt(plan, *store)) SettleBeforePlan(context, *store);
    CheckPreconditions(plan, *store, file, context.clock.Now());
    JudgeAgain(context, *store, plan);
    if (plan.held) {
      throw Failure(ExitCode::kHeld, file.string() + ": this plan is " + HeldMessage(plan) +
                                         EndedWord(*store, context, file) +
                                         "; nothing was written; if every change in it is meant, run: ucaas-sync "
                                         "approve " +
                                         ShellWord(file.string()) + ", then apply it");
    }
    result.plan = std::move(plan);
    store->MarkPlanUsed(used_as, context.clock.Now());
    result.applied = Apply(context, *store, result.run, result.plan, PlanOrigin::kReviewed);
    NoteDone(context, *store, result.plan, result.applied);
    Conclude(result);
  });
}

}  // namespace ucaas_sync::run
