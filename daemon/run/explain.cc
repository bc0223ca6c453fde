#include "daemon/run/explain.h"

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/model/text.h"
#include "daemon/run/standing.h"
#include "daemon/run/steps.h"

namespace ucaas_sync::run {
namespace {

constexpr std::size_t kOperationsShown = 5;
constexpr std::size_t kDecisionsShown = 10;

/// The keys that WHO stands for: an e-mail itself only where it is somebody's key, too.
std::vector<std::string> KeysOf(const Trace& trace, const state::SqliteStore& store) {
  std::vector<std::string> keys(trace.keys().begin(), trace.keys().end());
  if (keys.size() < 2) return keys;
  std::erase_if(keys, [&](const std::string& key) {
    const auto has_key = [&key](const auto& item) { return item.key == key; };
    const bool is_known =
        std::any_of(kAllKinds.begin(), kAllKinds.end(), [&](Kind kind) { return store.Find(kind, key).has_value(); });
    return key == trace.who() && !is_known && std::none_of(trace.records().begin(), trace.records().end(), has_key) &&
           std::none_of(trace.entities().begin(), trace.entities().end(), has_key);
  });
  return keys;
}

/// Everybody whom WHO may mean beside who has it as a key: by e-mail, by a key or an e-mail of the past.
void FindWhom(const state::SqliteStore& store, bool of_the_past, Trace& trace, Explanation& explanation) {
  const std::string& who = trace.who();
  const std::vector<std::string> holders = store.KeysWithAddress(who);
  for (const std::string& key : holders) trace.AddKey(key);
  for (const FormerKey& former : store.FormerKeys(who)) trace.AddKey(former.now);
  if (who.find('@') == std::string::npos || (!holders.empty() && !of_the_past)) return;
  for (const std::string& key : store.KeysOnceWithAddress(who)) {
    if (std::find(holders.begin(), holders.end(), key) != holders.end()) continue;
    trace.AddKey(key);
    explanation.once_had_who.push_back(key);
  }
}

/// What the state and the journal know of the keys, up to the run that is asked about.
void Recall(const state::SqliteStore& store, Explanation& explanation) {
  const std::string upto = explanation.run ? explanation.run->id : std::string();
  explanation.forgotten = store.Forgotten(explanation.who);
  for (const std::string& key : explanation.keys) {
    if (!explanation.forgotten) explanation.forgotten = store.Forgotten(key);
    for (FormerKey& former : store.FormerKeys(key)) {
      const bool is_told = std::any_of(explanation.former_keys.begin(), explanation.former_keys.end(),
                                       [&](const FormerKey& other) { return other.key == former.key; });
      if (!is_told) explanation.former_keys.push_back(std::move(former));
    }
    for (const Kind kind : kAllKinds) {
      if (auto stored = store.Find(kind, key)) explanation.stored.push_back(*std::move(stored));
    }
    for (auto& [run, operation, outcome, requests] : store.PastOperations(key, kOperationsShown, upto)) {
      explanation.operations.push_back({.run = std::move(run),
                                        .operation = std::move(operation),
                                        .outcome = std::move(outcome),
                                        .requests = std::move(requests)});
    }
    for (StoredDecision& decision : store.PastDecisions(key, kDecisionsShown, upto)) {
      explanation.decisions.push_back(std::move(decision));
    }
  }
  std::stable_sort(explanation.operations.begin(), explanation.operations.end(),
                   [](const PastOperation& a, const PastOperation& b) { return a.run.started > b.run.started; });
  std::stable_sort(explanation.decisions.begin(), explanation.decisions.end(),
                   [](const StoredDecision& a, const StoredDecision& b) { return a.at > b.at; });
  const auto is_meant = [&](const std::string& key) {
    return std::find(explanation.keys.begin(), explanation.keys.end(), key) != explanation.keys.end();
  };
  for (StoredQuarantine& item : store.Quarantined()) {
    if (is_meant(item.key)) explanation.quarantine.push_back(std::move(item));
  }
  for (StoredHold& hold : store.Holds(explanation.now)) {
    if (is_meant(hold.key)) explanation.holds.push_back(std::move(hold));
  }
}

void TakePlan(const Plan& plan, const Trace& trace, Explanation& explanation) {
  explanation.sources = plan.sources;
  explanation.held = plan.held;
  std::set<std::string> over;
  for (const EntityTrace& entity : trace.entities()) {
    if (!entity.operation) continue;
    over.insert(std::string(Name(entity.kind)) + '.' + std::string(Name(entity.operation->action)));
  }
  for (const GuardVerdict& guard : plan.guards) {
    if (guard.held || over.contains(guard.name)) explanation.guards.push_back(guard);
  }
}

RunRecord RunNamed(const state::SqliteStore& store, const std::string& name, Instant now) {
  if (auto run = RunOf(store, name, now)) return *std::move(run);
  constexpr std::size_t kNamed = 5;
  std::string newest;
  for (const RunRecord& run : store.Runs(kNamed)) newest += (newest.empty() ? "" : ", ") + run.id;
  throw Failure(ExitCode::kUsage, "--run " + Printable(name) + ": there is no such run; " +
                                      (newest.empty() ? "there has been none yet" : "the newest are " + newest) +
                                      "; `ucaas-sync runs` lists them");
}

}  // namespace

Explanation Explain(const Context& context, const std::string& who) {
  const auto store = OpenState(context, state::OpenMode::kReadOnly);
  Trace trace(who);
  Explanation explanation{.who = trace.who(), .now = context.clock.Now()};
  FindWhom(*store, /*of_the_past=*/false, trace, explanation);
  explanation.state_is_empty = store->IsEmpty();
  try {
    TakePlan(MakePlan(context, {.offline = true, .only = {}, .source_paths = {}, .trace = &trace}, *store).plan, trace,
             explanation);
  } catch (const Failure& failure) {
    if (failure.code() != ExitCode::kSource) throw;
    explanation.source_trouble = failure.what();
  }
  explanation.keys = KeysOf(trace, *store);
  Recall(*store, explanation);
  explanation.trace = std::move(trace);
  return explanation;
}

Explanation ExplainRun(const Context& context, const std::string& who, const std::string& run) {
  const auto store = OpenState(context, state::OpenMode::kReadOnly);
  Trace trace(who);
  Explanation explanation{.who = trace.who(), .now = context.clock.Now()};
  FindWhom(*store, /*of_the_past=*/true, trace, explanation);
  explanation.state_is_empty = store->IsEmpty();
  explanation.run = RunNamed(*store, run, explanation.now);
  explanation.keys = KeysOf(trace, *store);
  Recall(*store, explanation);
  return explanation;
}

}  // namespace ucaas_sync::run
