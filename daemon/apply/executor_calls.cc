// The executor's second half: what is sent for each kind of operation, and what its answer means.
#include <utility>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/apply/rows.h"

namespace ucaas_sync::apply {
namespace {

using ucaas::CallResult;
using ucaas::RemoteObject;
using ucaas::Verb;
using ucaas::Verdict;

ucaas::Call CallFor(const Operation& operation, Verb verb) {
  ucaas::Call call;
  call.verb = verb;
  call.kind = operation.kind;
  call.remote_id = operation.remote_id;
  return call;
}

}  // namespace

Ownership Executor::OwnershipOf(const Work& work) {
  if (work.operation.action == Action::kAdopt) return Ownership::kAdopted;
  return work.row ? work.row->ownership : Ownership::kCreated;
}

void Executor::SendCreate(const WorkPtr& work) {
  ucaas::Call call = CallFor(work->operation, Verb::kCreate);
  call.fields = work->is_recreation ? FieldsToRecreate(*work->row, work->operation) : FieldsToSend(work->operation);
  const auto* wanted = work->operation.groups ? &work->operation.groups->after : nullptr;
  if (wanted == nullptr && work->is_recreation) wanted = &work->row->groups;
  if (wanted != nullptr && options_.membership != config::Membership::kOff) {
    work->groups.emplace();
    call.group_ids = ResolveGroups(*wanted, *work->groups);
    work->groups_incomplete = work->groups->size() != wanted->size();
  }
  ++work->create_rounds;
  caller_.Submit(std::move(call),
                 [this, work](const CallResult& result, std::uint32_t attempts) { OnCreated(work, result, attempts); });
}

void Executor::OnCreated(const WorkPtr& work, const CallResult& result, std::uint32_t attempts) {
  work->attempts += attempts;
  switch (result.verdict) {
    case Verdict::kOk:
      FinishDone(
          work, result,
          RowAfter(work->row, work->operation, result.remote_id, Ownership::kCreated, work->groups, clock_.Now()),
          /*converged=*/true);
      return;
    case Verdict::kUnknown:
      work->was_sent = true;
      if (caller_.stopped()) return;  // no outcome: the next run looks it up
      AfterUnknownCreate(work);
      return;
    case Verdict::kDuplicate:
      AfterDuplicate(work, result);
      return;
    case Verdict::kInvalid:
    case Verdict::kMissing:
      FinishFailed(work, result, /*quarantine=*/true, {});
      return;
    case Verdict::kRetry:
    case Verdict::kRelogin:
    case Verdict::kDenied:
      FinishFailed(work, result, /*quarantine=*/false, {});
      return;
  }
}

void Executor::LookUp(const WorkPtr& work, const std::string& address,
                      std::function<void(const std::vector<RemoteObject>&)> then) {
  ucaas::Call call = CallFor(work->operation, Verb::kFind);
  call.address = address;
  caller_.Submit(
      std::move(call), [this, work, then = std::move(then)](const CallResult& result, std::uint32_t attempts) {
        work->attempts += attempts;
        if (result.verdict == Verdict::kOk || result.verdict == Verdict::kMissing) {
          then(result.objects);
        } else if (work->was_sent) {
          // Whether the create took effect is still not known: no outcome, so that the next run looks again.
          observer_.OnEvent({.severity = Severity::kWarning,
                             .name = "outcome_unknown",
                             .text = "create " + std::string(Name(work->operation.kind)) + ' ' + work->operation.key +
                                     ": it is not known whether the target did it; the next run looks"});
          --open_;
          ++result_.failed;
        } else {
          FinishFailed(work, result, /*quarantine=*/false, {});
        }
      });
}

void Executor::AfterUnknownCreate(const WorkPtr& work) {
  LookUp(work, AddressAfter(work->row, work->operation), [this, work](const std::vector<RemoteObject>& found) {
    if (found.empty()) {
      if (work->create_rounds < options_.create_attempts) {
        SendCreate(work);
      } else {
        FinishFailed(work, {}, /*quarantine=*/false,
                     "the target gave no usable answer to the create, and does not have it");
      }
      return;
    }
    if (found.size() > 1) {
      FinishFailed(work, {}, /*quarantine=*/true,
                   "the target has " + std::to_string(found.size()) + " objects with its address");
      return;
    }
    // It was not there before this create was sent: it is ours.
    CallResult result;
    result.verdict = Verdict::kOk;
    result.remote_id = found.front().remote_id;
    const bool same = Differences(work->operation, found.front()).empty() && !work->operation.groups;
    FinishDone(
        work, result,
        same ? RowAfter(work->row, work->operation, result.remote_id, Ownership::kCreated, work->groups, clock_.Now())
             : RowAsFound(work->operation, found.front(), Ownership::kCreated),
        same);
  });
}

void Executor::AfterDuplicate(const WorkPtr& work, const CallResult& duplicate) {
  if (work->was_sent) {
    AfterUnknownCreate(work);
    return;
  }
  LookUp(
      work, AddressAfter(work->row, work->operation), [this, work, duplicate](const std::vector<RemoteObject>& found) {
        const Operation& operation = work->operation;
        if (found.size() != 1) {
          FinishFailed(work, duplicate, /*quarantine=*/true,
                       found.empty() ? "the target says its address is taken, but does not show by whom"
                                     : "the target has " + std::to_string(found.size()) + " objects with its address");
          return;
        }
        if (options_.never_adopt.contains(operation.kind)) {
          FinishFailed(work, duplicate, /*quarantine=*/true,
                       "its address is taken at the target, and the rule says existing: quarantine");
          return;
        }
        observer_.OnEvent({.severity = Severity::kWarning,
                           .name = "existing_adopted",
                           .text = std::string(Name(operation.kind)) + ' ' + operation.key +
                                   " is at the target already: adopted unchanged; the next plan shows what differs"});
        CallResult result = duplicate;
        result.message = "was there already: adopted unchanged";
        FinishDone(work, result, RowAsFound(operation, found.front(), Ownership::kAdopted), /*converged=*/false);
      });
}

void Executor::SendChange(const WorkPtr& work) {
  const Operation& operation = work->operation;
  ucaas::Call call = CallFor(operation, Verb::kUpdate);
  call.fields = FieldsToSend(operation);
  if (operation.groups && options_.membership != config::Membership::kOff) {
    work->groups.emplace();
    call.group_ids = ResolveGroups(operation.groups->after, *work->groups);
    work->groups_incomplete = work->groups->size() != operation.groups->after.size();
  }
  if (call.fields.empty() && !call.group_ids) {
    CallResult nothing_to_send;
    nothing_to_send.verdict = Verdict::kOk;
    OnChanged(work, nothing_to_send, 0);
    return;
  }
  caller_.Submit(std::move(call),
                 [this, work](const CallResult& result, std::uint32_t attempts) { OnChanged(work, result, attempts); });
}

void Executor::OnChanged(const WorkPtr& work, const CallResult& result, std::uint32_t attempts) {
  work->attempts += attempts;
  const Operation& operation = work->operation;
  const auto finish = [&] {
    FinishDone(work, result,
               RowAfter(work->row, operation, operation.remote_id, OwnershipOf(*work), work->groups, clock_.Now()),
               /*converged=*/true);
  };
  switch (result.verdict) {
    case Verdict::kOk:
      finish();
      return;
    case Verdict::kMissing:
      // Nobody can be less active than gone; anything else needs the account back.
      if (operation.action == Action::kSuspend) {
        StoredEntity row = RowAfter(work->row, operation, operation.remote_id, OwnershipOf(*work), {}, clock_.Now());
        row.lifecycle = Lifecycle::kGone;
        row.remote_id.clear();
        row.suspended_at.reset();
        FinishDone(work, result, std::move(row), /*converged=*/false);
      } else {
        Recreate(work);
      }
      return;
    case Verdict::kInvalid:
    case Verdict::kDuplicate:
      FinishFailed(work, result, /*quarantine=*/true, {});
      return;
    case Verdict::kRetry:
    case Verdict::kRelogin:
    case Verdict::kDenied:
    case Verdict::kUnknown:
      FinishFailed(work, result, /*quarantine=*/false, {});
      return;
  }
}

void Executor::Recreate(const WorkPtr& work) {
  const std::string before = AddressBefore(work->row, work->operation);
  const std::string after = AddressAfter(work->row, work->operation);
  const auto found_something = [this, work](const std::vector<RemoteObject>& found) {
    if (found.empty()) return false;
    FinishFailed(work, {}, /*quarantine=*/true,
                 "its object is gone at the target, and another one (" + found.front().remote_id + ") has its address");
    return true;
  };
  LookUp(work, after, [this, work, before, after, found_something](const std::vector<RemoteObject>& found) {
    if (found_something(found)) return;
    const auto create = [this, work] {
      if (!work->row) work->row.emplace();
      work->row->remote_id.clear();
      work->is_recreation = true;
      SendCreate(work);
    };
    if (before.empty() || before == after) {
      create();
      return;
    }
    LookUp(work, before, [create, found_something](const std::vector<RemoteObject>& old) {
      if (!found_something(old)) create();
    });
  });
}

void Executor::SendDelete(const WorkPtr& work) {
  caller_.Submit(
      CallFor(work->operation, Verb::kDelete), [this, work](const CallResult& result, std::uint32_t attempts) {
        work->attempts += attempts;
        switch (result.verdict) {
          case Verdict::kOk:
          case Verdict::kMissing:
            FinishDone(work, result, RowAfter(work->row, work->operation, {}, OwnershipOf(*work), {}, clock_.Now()),
                       /*converged=*/true);
            return;
          case Verdict::kInvalid:
            FinishFailed(work, result, /*quarantine=*/true, {});
            return;
          case Verdict::kRetry:
          case Verdict::kRelogin:
          case Verdict::kDenied:
          case Verdict::kDuplicate:
          case Verdict::kUnknown:
            FinishFailed(work, result, /*quarantine=*/false, {});
            return;
        }
      });
}

}  // namespace ucaas_sync::apply
