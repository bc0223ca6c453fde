#include "daemon/run/rebuild.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "daemon/apply/rows.h"
#include "daemon/model/text.h"
#include "daemon/plan/plan_json.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/reading.h"
#include "daemon/run/steps.h"
#include "daemon/run/target.h"
#include "daemon/state/replacement.h"
#include "daemon/state/run_lock.h"

namespace ucaas_sync::run {
namespace {

using ObjectId = std::pair<Kind, std::string>;  // kind, remote id
using Object = plan::TargetListing::Object;

state::BoundAccount ConfiguredAccount(const Context& context) {
  const AccountName account = AccountOf(context.program.config.target);
  return {.base_url = account.base_url, .credential_id = account.credential_id};
}

plan::TargetListing ListTarget(const Context& context) {
  const config::TargetConfig& target = context.program.config.target;
  if (!target.sandbox.empty() && !std::filesystem::exists(target.sandbox.value)) return {};
  std::vector<Warning> none;  // a list that ends early throws
  return Target(context).List(Target::Need::kWhole, none);
}

std::map<ObjectId, const Object*> ById(const plan::TargetListing& listing) {
  std::map<ObjectId, const Object*> objects;
  for (const auto& of_kind : listing.objects) {
    for (const Object& object : of_kind) objects.emplace(ObjectId(object.kind, object.remote_id), &object);
  }
  return objects;
}

bool HasAddressOf(const Object& object, const StoredEntity& row) {
  const FieldId field = NaturalKeyField(row.kind);
  return FoldCase(object.fields[field].text) == FoldCase(row.fields[field].text);
}

/// The old state, when what it says can be believed of this account; else why not.
struct OldState {
  std::unique_ptr<state::SqliteStore> store;
  std::string why_not;
  std::uint64_t version = 0;  ///< As far as it can be read, also when nothing else of it is believed.
};

OldState OpenOld(const Context& context) {
  const std::filesystem::path& dir = context.program.config.state_dir;
  OldState old;
  if (!std::filesystem::exists(state::StatePath(dir))) {
    old.why_not = "there was no state";
    return old;
  }
  try {
    auto store = state::OpenStore(dir, state::OpenMode::kReadOnly, {.program_version = UCAAS_SYNC_VERSION});
    old.version = store->Version();
    const std::vector<std::string> problems = store->Check();
    const auto account = store->Account();
    if (!problems.empty()) {
      old.why_not = "the old state is damaged: " + problems.front();
    } else if (account && *account != ConfiguredAccount(context)) {
      old.why_not =
          "the old state belongs to another account, " + account->base_url + " with " + account->credential_id;
    } else {
      old.store = std::move(store);
    }
  } catch (const StateFailure& failure) {
    old.why_not = std::string("the old state cannot be read: ") + failure.what();
  }
  return old;
}

/// What a run without state would plan.
Plan PlanFromNothing(const Context& context, const plan::TargetListing& listing) {
  Program& program = context.program;
  const Instant now = context.clock.Now();
  const auto empty = state::EmptyStore({.program_version = UCAAS_SYNC_VERSION});
  plan::Planner planner(*empty, program.policy, now, {}, SpillFor(program));
  ReadResult read = ReadSources(program, {}, *empty, planner, now, context.observer, PatienceOf(context));
  return planner
      .Finish({.sources = read.states,
               .listing = &listing,
               .warnings = {},
               .config_hash = PlanFit(program),
               .only = {},
               .new_id = [&context] { return NewPlanId(context); }})
      .plan;
}

class Rebuilder {
 public:
  Rebuilder(const Context& context, const plan::TargetListing& listing, const OldState& old, RebuildResult& result)
      : old_(old), result_(result), now_(context.clock.Now()), by_id_(ById(listing)) {}

  /// Everybody as an adopt that sends nothing, and the row that comes of it.
  void Collect(const Plan& fresh) {
    if (old_.store) NoteUnanswered();
    fresh.operations.ForEach([this](Operation operation) {
      if (unanswered_.contains({operation.kind, operation.key})) return;
      if (operation.action == Action::kCreate) ++result_.not_there[Index(operation.kind)];
      if (operation.action == Action::kAdopt) Match(std::move(operation));
    });
    if (old_.store) KeepOld();
    for (const auto& [id, object] : by_id_) {
      const std::string address = FoldCase(object->fields[NaturalKeyField(id.first)].text);
      if (!taken_.contains(id) && !sent_.contains({id.first, address})) ++result_.strangers[Index(id.first)];
    }
    std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
      return a.row.kind == Kind::kGroup && b.row.kind != Kind::kGroup;
    });
  }

  /// Whether the target shows that a removal, which nobody answered, had its effect. What it does not show at all was
  /// deleted, by whatever request.
  bool WasDone(Kind kind, Action action, const std::string& remote_id) const {
    const auto there = by_id_.find(ObjectId(kind, remote_id));
    if (there == by_id_.end()) return true;
    if (action == Action::kDelete) return false;
    const Field& status = there->second->fields[kUserStatus];
    return status.state != FieldState::kValue || status.text != kStatusActive;
  }

  Plan MakePlan(const Plan& fresh, std::string id) const {
    Plan plan;
    plan.id = std::move(id);
    plan.created_at = now_;
    plan.config_hash = fresh.config_hash;
    plan.sources = fresh.sources;
    for (const Found& found : found_) {
      plan.operations.Add(found.operation);
      ++plan.summary_of(found.row.kind).actions[Index(Action::kAdopt)];
    }
    plan.hash = plan::HashOfPlan(plan);
    return plan;
  }

  void Record(StateStore& store, const std::string& run) const {
    constexpr std::size_t kBatch = 1000;
    std::vector<OperationOutcome> outcomes;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      OperationOutcome outcome;
      outcome.seq = i + 1;
      outcome.done = true;
      outcome.verdict = "ok";
      outcome.message = "found again; nothing was sent";
      outcome.at = now_;
      outcome.row = found_[i].row;
      outcome.fingerprint = found_[i].operation.fingerprint;
      outcomes.push_back(std::move(outcome));
      if (outcomes.size() < kBatch && i + 1 < found_.size()) continue;
      store.RecordOutcomes(run, outcomes);
      outcomes.clear();
    }
  }

 private:
  struct Found {
    Operation operation;
    StoredEntity row;
  };

  /// The next run can tell what creates made that nobody answered; found by its address, it would pass for adopted.
  void NoteUnanswered() {
    for (const UnknownCreate& create : old_.store->UnknownCreates()) {
      const auto row = old_.store->Find(create.kind, create.key);
      if (row && row->lifecycle != Lifecycle::kGone) continue;
      if (unanswered_.emplace(create.kind, create.key).second) ++result_.unanswered[Index(create.kind)];
      sent_.emplace(create.kind, FoldCase(create.address));
    }
  }

  void Match(Operation operation) {
    // The next run shows what differs before it writes it.
    const bool differs = !operation.changes.empty() || operation.groups;
    operation.changes.clear();
    operation.groups.reset();
    if (differs) operation.fingerprint = {};
    StoredEntity row = apply::RowAsListed(operation, now_);
    if (old_.store) {
      const auto before = old_.store->Find(operation.kind, operation.key);
      if (before && before->remote_id == operation.remote_id) {
        row.ownership = before->ownership;
        if (row.lifecycle == Lifecycle::kSuspended && before->suspended_at) row.suspended_at = before->suspended_at;
      }
    }
    if (operation.kind == Kind::kGroup) groups_.emplace(operation.remote_id, operation.key);
    operation.reason = "found again by " + std::string(operation.kind == Kind::kGroup ? "name" : "e-mail");
    taken_.emplace(operation.kind, operation.remote_id);
    keys_.emplace(operation.kind, operation.key);
    ++result_.matched[Index(operation.kind)];
    found_.push_back({.operation = std::move(operation), .row = std::move(row)});
  }

  /// Who is not in the sources has perhaps just left: without a row nobody would ever suspend or delete them.
  void KeepOld() {
    std::vector<std::int64_t> rows;
    old_.store->ForEachKnown([&rows](const KnownEntity& known) {
      if (known.lifecycle != Lifecycle::kGone) rows.push_back(known.id);
    });
    std::vector<StoredEntity> kept;
    for (const std::int64_t id : rows) {
      StoredEntity row = old_.store->Load(id);
      const ObjectId object(row.kind, row.remote_id);
      const auto there = by_id_.find(object);
      const bool fits = there != by_id_.end() && HasAddressOf(*there->second, row);
      if (!fits || taken_.contains(object) || keys_.contains(ObjectId(row.kind, row.key))) continue;
      if (row.kind == Kind::kGroup) groups_.emplace(row.remote_id, row.key);
      taken_.insert(object);
      kept.push_back(std::move(row));
    }
    for (StoredEntity& before : kept) Keep(before, *by_id_.at(ObjectId(before.kind, before.remote_id)));
  }

  void Keep(const StoredEntity& before, const Object& there) {
    Operation operation;
    operation.kind = before.kind;
    operation.action = Action::kAdopt;
    operation.key = before.key;
    operation.remote_id = before.remote_id;
    operation.reason = "known before, and still at the target";
    operation.source = {.name = before.source, .line = 0, .dn = {}};
    ExistingObject existing;
    for (FieldId field = 0; field < FieldsOf(before.kind).size(); ++field) {
      existing.fields.emplace_back(field, there.fields[field]);
    }
    for (const std::string& id : there.group_ids) {
      if (const auto group = groups_.find(id); group != groups_.end()) existing.groups.push_back(group->second);
    }
    std::sort(existing.groups.begin(), existing.groups.end());
    operation.existing = std::move(existing);
    StoredEntity row = apply::RowAsListed(operation, now_);
    row.ownership = before.ownership;
    if (row.lifecycle == Lifecycle::kSuspended && before.suspended_at) row.suspended_at = before.suspended_at;
    ++result_.kept[Index(before.kind)];
    found_.push_back({.operation = std::move(operation), .row = std::move(row)});
  }

  const OldState& old_;
  RebuildResult& result_;
  const Instant now_;
  const std::map<ObjectId, const Object*> by_id_;
  std::vector<Found> found_;
  std::set<ObjectId> taken_;
  std::set<ObjectId> keys_;                    // kind, key
  std::set<ObjectId> unanswered_;              // kind, key
  std::set<ObjectId> sent_;                    // kind, address that those were sent to
  std::map<std::string, std::string> groups_;  // remote id → key
};

/// Of the state and its log: what tells that somebody has written there.
using FilesSeen = std::array<std::pair<std::uintmax_t, std::filesystem::file_time_type>, 2>;

FilesSeen SeeFiles(const std::filesystem::path& dir) {
  FilesSeen seen{};
  const std::string state = state::StatePath(dir).string();
  std::error_code gone;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    const std::filesystem::path path = state + (i == 0 ? "" : "-wal");
    seen[i] = {std::filesystem::file_size(path, gone), std::filesystem::last_write_time(path, gone)};
  }
  return seen;
}

/// The run that made it. Nobody knows of this state before it is whole.
std::string MakeState(const Context& context, const std::filesystem::path& dir, const OldState& old,
                      const Rebuilder& rebuilder, const Plan& plan) {
  const auto store = OpenStateIn(context, dir, state::OpenMode::kReadWrite);
  store->ContinueVersions(old.version);
  if (old.store) {
    store->TakeOver(*old.store, [&rebuilder](Kind kind, Action action, const std::string& remote_id) {
      return rebuilder.WasDone(kind, action, remote_id);
    });
  }
  std::string run = store->BeginRun({.trigger = "state rebuild", .at = context.clock.Now()});
  store->StorePlan(run, plan);
  store->AdvanceMark(run, plan.operations.size());
  rebuilder.Record(*store, run);
  KeepTargetPause(context, *store);
  store->FinishRun(run, ExitCode::kConverged, "the state was made anew; nothing was written to the target", 0,
                   plan.summary, context.clock.Now());
  return run;
}

}  // namespace

RebuildResult Rebuild(const Context& context) {
  const std::filesystem::path& dir = context.program.config.state_dir;
  const auto lock = state::RunLock::Acquire(dir, context.clock.Now());
  const plan::TargetListing listing = ListTarget(context);
  const Plan fresh = PlanFromNothing(context, listing);
  state::Replacement made(dir);
  OldState old = OpenOld(context);
  const FilesSeen seen = SeeFiles(dir);
  RebuildResult result;
  result.not_taken_over = old.why_not;
  Rebuilder rebuilder(context, listing, old, result);
  rebuilder.Collect(fresh);
  const Plan plan = rebuilder.MakePlan(fresh, NewPlanId(context));
  result.run = MakeState(context, made.dir(), old, rebuilder, plan);
  old.store.reset();
  if (SeeFiles(dir) != seen) {
    throw Failure(ExitCode::kBusy,
                  "somebody's word (a hold, an approval, a release) has come into the old state while the new one was "
                  "made; nothing was changed; run the command again");
  }
  result.moved_to = made.PutInPlace(context.clock.Now());
  return result;
}

RebindPlan PlanRebind(const Context& context) {
  const auto store = state::OpenStore(context.program.config.state_dir, state::OpenMode::kReadOnly,
                                      {.program_version = UCAAS_SYNC_VERSION});
  RebindPlan plan{.from = store->Account(), .to = ConfiguredAccount(context)};
  if (!plan.is_needed() || !plan.from) return plan;
  const plan::TargetListing listing = ListTarget(context);
  const std::map<ObjectId, const Object*> by_id = ById(listing);
  std::vector<std::int64_t> rows;
  store->ForEachKnown([&](const KnownEntity& known) {
    const bool is_listed = context.program.policy.has_rule_for(known.kind);
    if (is_listed && known.lifecycle != Lifecycle::kGone) rows.push_back(known.id);
  });
  plan.known = rows.size();
  for (const std::int64_t id : rows) {
    const StoredEntity row = store->Load(id);
    const auto there = by_id.find(ObjectId(row.kind, row.remote_id));
    if (there != by_id.end() && HasAddressOf(*there->second, row)) ++plan.found;
  }
  return plan;
}

void Rebind(const Context& context, const RebindPlan& plan) {
  const config::Config& config = context.program.config;
  const auto lock = state::RunLock::Acquire(config.state_dir, context.clock.Now());
  const auto store = state::OpenStore(config.state_dir, state::OpenMode::kReadWrite,
                                      {.program_version = UCAAS_SYNC_VERSION, .seed = RandomNumber(context)});
  if (store->Account() != plan.from) {
    throw Failure(ExitCode::kStale, "the state was bound anew meanwhile; nothing was written; run the command again");
  }
  const std::string run = store->BeginRun({.trigger = "state rebind", .at = context.clock.Now()});
  store->Rebind(plan.to);
  store->FinishRun(run, ExitCode::kConverged, "the state belongs to " + plan.to.base_url + " by now", 0, {},
                   context.clock.Now());
}

}  // namespace ucaas_sync::run
