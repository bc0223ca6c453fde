// Does what a plan says, and nothing else: operations in plan order, many at once where nothing depends on anything,
// each outcome in the journal before whatever depends on it is sent.
// Single-threaded. A failed operation is a value in the result; StateFailure ends the run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/apply/caller.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"

namespace ucaas_sync::apply {

struct ExecutorOptions {
  config::Membership membership = config::Membership::kContact;
  double failures_percent = 20;       ///< More failed operations than this share stop the run (judged from the tenth).
  std::uint32_t window = 32;          ///< Operations under way at once, retries included.
  std::uint32_t mark_batch = 64;      ///< Operations that the durable mark runs ahead.
  std::uint32_t create_attempts = 3;  ///< How often a create of unknown outcome is looked up and sent again.
  /// Kinds whose rules say `existing: quarantine`: a duplicate on create is set aside, not adopted.
  std::set<Kind> never_adopt;
};

struct ApplyResult {
  ExitCode code = ExitCode::kConverged;
  std::string message;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;  ///< Quarantined ones included.
  std::uint64_t quarantined = 0;
  std::uint64_t left = 0;  ///< Not begun, because the run was stopped.
};

class Executor {
 public:
  /// All must outlive the executor.
  Executor(StateStore& store, Caller& caller, const Clock& clock, Observer& observer, ExecutorOptions options);

  /// Stores the plan under `run`, then applies it. Not for a held plan.
  ApplyResult Apply(const std::string& run, const Plan& plan);

 private:
  struct Work;
  using WorkPtr = std::shared_ptr<Work>;

  void RunPhase(const std::string& run, const Plan& plan, std::size_t begin, std::size_t end);
  void Begin(WorkPtr work);
  void Dispatch(const WorkPtr& work);

  void SendCreate(const WorkPtr& work);
  void OnCreated(const WorkPtr& work, const ucaas::CallResult& result, std::uint32_t attempts);
  /// Looks the address up; `then` gets the exact matches, or nothing when the look-up failed (the work is then
  /// finished).
  void LookUp(const WorkPtr& work, const std::string& address,
              std::function<void(const std::vector<ucaas::RemoteObject>&)> then);
  void AfterUnknownCreate(const WorkPtr& work);
  void AfterDuplicate(const WorkPtr& work, const ucaas::CallResult& duplicate);
  void SendChange(const WorkPtr& work);
  void OnChanged(const WorkPtr& work, const ucaas::CallResult& result, std::uint32_t attempts);
  void Recreate(const WorkPtr& work);
  void SendDelete(const WorkPtr& work);

  /// Remote ids of the groups with these keys; keys that have none yet are left out of both lists.
  std::vector<std::string> ResolveGroups(const std::vector<std::string>& keys, std::vector<std::string>& resolved_keys);

  static Ownership OwnershipOf(const Work& work);
  void FinishDone(const WorkPtr& work, const ucaas::CallResult& result, StoredEntity row, bool converged);
  void FinishFailed(const WorkPtr& work, const ucaas::CallResult& result, bool quarantine, const std::string& message);
  void Finish(const WorkPtr& work, OperationOutcome outcome);
  void JudgeFailures();
  void Flush();

  StateStore& store_;
  Caller& caller_;
  const Clock& clock_;
  Observer& observer_;
  ExecutorOptions options_;

  std::string run_;
  std::uint64_t total_ = 0;
  std::uint64_t mark_ = 0;
  std::size_t open_ = 0;  // begun and not finished
  ApplyResult result_;
  std::vector<OperationOutcome> outcomes_;                               // not yet in the journal
  std::map<std::pair<Kind, std::string>, std::string> unknown_creates_;  // key → address
  std::map<std::pair<Kind, std::string>, std::vector<WorkPtr>>
      releasing_;                                           // address under way of being released → who waits
  std::unordered_map<std::string, std::string> group_ids_;  // key → remote id
  std::map<std::string, std::uint64_t> failure_texts_;
};

}  // namespace ucaas_sync::apply
