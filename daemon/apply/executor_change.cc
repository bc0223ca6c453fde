// The executor's changes of what is there: adopt, update, suspend, reactivate, delete, and what is done when the object
// is not there any more.
#include <utility>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/apply/rows.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

using ucaas::CallResult;
using ucaas::RemoteObject;
using ucaas::Verb;
using ucaas::Verdict;

Ownership OwnershipOf(const Operation& operation, const std::optional<StoredEntity>& row) {
  if (operation.action == Action::kAdopt) return Ownership::kAdopted;
  return row ? row->ownership : Ownership::kCreated;
}

}  // namespace

void Executor::SendChange(const WorkPtr& work) {
  const Operation& operation = work->operation;
  ucaas::Call call = CallFor(operation, Verb::kUpdate);
  call.fields = FieldsToSend(operation);
  if (operation.groups) {
    // The whole list is sent, and with it goes whatever it lacks.
    const bool sends_list =
        options_.membership == config::Membership::kContact || options_.membership == config::Membership::kRecreate;
    if (sends_list && !work->foreign_groups) {
      ReadForeignGroups(work);
      return;
    }
    switch (options_.membership) {
      case config::Membership::kContact:
        call.group_ids = GroupsToSend(work, operation.groups->after);
        // Without the groups that could not be made there may be nothing to change. Nor is there when the contact was
        // in a group before the state knew of the group, as after a lost state.
        if ((work->incomplete && *work->groups == operation.groups->before) || IsInGroups(*work, *call.group_ids)) {
          call.group_ids.reset();
        }
        break;
      case config::Membership::kGroup:
        work->awaits_groups = true;
        break;
      case config::Membership::kRecreate:
        // Nobody is deleted for groups that they are in already.
        if (IsInGroups(*work, GroupsToSend(work, operation.groups->after))) break;
        Replace(work);
        return;
      case config::Membership::kOff:
        break;
    }
  }
  if (call.fields.empty() && !call.group_ids) {
    CallResult nothing_to_send;
    nothing_to_send.verdict = Verdict::kOk;
    OnChanged(work, nothing_to_send, 0);
    return;
  }
  caller_.Submit(
      std::move(call),
      [this, work](const CallResult& result, std::uint32_t attempts) { OnChanged(work, result, attempts); },
      Work::TrailOf(work));
}

void Executor::OnChanged(const WorkPtr& work, const CallResult& result, std::uint32_t attempts) {
  NoteRequests(work, result, attempts);
  const Operation& operation = work->operation;
  const Ownership ownership = OwnershipOf(operation, work->row);
  switch (result.verdict) {
    case Verdict::kOk: {
      StoredEntity row = RowAfter(work->row, operation, operation.remote_id, ownership, work->groups, clock_.Now());
      if (work->awaits_groups) {
        // By the groups' lists, which are not the operation's own requests.
        work->trail.may_have_acted = true;
        StoredEntity with_groups = row;
        with_groups.groups = operation.groups->after;
        memberships_.push_back(std::make_shared<Membership>(
            Membership{.work = work, .row = std::move(with_groups), .result = result, .failed = false, .message = {}}));
      }
      FinishDone(work, result, std::move(row), /*converged=*/!work->awaits_groups);
      return;
    }
    case Verdict::kMissing:
      // Nobody can be less active than gone; anything else needs the account back.
      if (operation.action == Action::kSuspend) {
        ConfirmGone(work, [this, work, result](const auto&) {
          // Whether the source still names them, and they come back suspended, is for the next plan to say.
          result_.needs_another = true;
          FinishDone(work, result, RowGone(work->row, work->operation, OwnershipOf(work->operation, work->row)),
                     /*converged=*/false);
        });
      } else {
        Recreate(work);
      }
      return;
    case Verdict::kDuplicate:
      AfterTaken(work, result);
      return;
    case Verdict::kInvalid:
    case Verdict::kRetry:
    case Verdict::kRelogin:
    case Verdict::kDenied:
    case Verdict::kUnknown:
      FinishRefused(work, result);
      return;
  }
}

void Executor::AfterTaken(const WorkPtr& work, const CallResult& duplicate) {
  if (caller_.stopped()) return;
  const std::string address = AddressAfter(work->row, work->operation);
  if (address.empty()) {
    FinishFailed(work, duplicate, /*quarantine=*/true, {});
    return;
  }
  LookUp(work, address, [this, work, duplicate](const std::vector<RemoteObject>& found) {
    const Operation& operation = work->operation;
    if (found.size() == 1 && found.front().remote_id == operation.remote_id &&
        Shows(found.front(), operation.kind, FieldsToSend(operation)) && !operation.groups) {
      // Taken by itself: an earlier attempt had its effect, and its repeat was refused for that.
      CallResult done = duplicate;
      done.verdict = Verdict::kOk;
      OnChanged(work, done, 0);
      return;
    }
    std::string message = "the target says its new address is taken";
    if (!found.empty()) {
      message += found.front().remote_id == operation.remote_id ? ", though by itself alone"
                                                                : " by another (" + found.front().remote_id + ")";
    }
    FinishFailed(work, duplicate, /*quarantine=*/true, message);
  });
}

void Executor::Recreate(const WorkPtr& work) {
  if (caller_.stopped()) return;
  if (!work->row) work->row.emplace();
  work->awaits_groups = false;  // the create carries them
  ConfirmGone(work, [this, work](const std::vector<RemoteObject>& found) {
    found.empty() ? CreateAnew(work) : OnPlaceTaken(work, found);
  });
}

void Executor::CreateAnew(const WorkPtr& work) {
  if (caller_.stopped()) return;
  work->is_gone = true;
  work->is_recreation = true;
  work->row->remote_id.clear();
  if (const auto field = MissingField(work->operation.kind, FieldsToRecreate(*work->row, work->operation)); field) {
    CallResult missing;
    missing.verdict = Verdict::kMissing;
    FinishFailed(work, missing, /*quarantine=*/false,
                 "is gone at the target, and " + std::string(*field) +
                     " is not known to create it anew; the next run plans a create");
    return;
  }
  SendCreate(work);
}

void Executor::OnPlaceTaken(const WorkPtr& work, const std::vector<RemoteObject>& found) {
  const Operation& operation = work->operation;
  work->is_gone = true;
  work->is_recreation = true;
  work->row->remote_id.clear();
  CallResult taken;
  taken.verdict = Verdict::kDuplicate;
  if (found.size() > 1) {
    FinishFailed(work, taken, /*quarantine=*/true,
                 "its object is gone at the target, and " + std::to_string(found.size()) + " others have its address");
    return;
  }
  // One that shows just what we would send may be our own, from a run that was cut off here.
  const bool is_ours = work->row->ownership == Ownership::kCreated && operation.action != Action::kAdopt &&
                       !store_.WasOthers(operation.kind, found.front().remote_id) &&
                       Shows(found.front(), operation.kind, FieldsToRecreate(*work->row, operation));
  if (options_.never_adopt.contains(operation.kind) && !(is_ours && work->is_replacement)) {
    FinishFailed(work, taken, /*quarantine=*/true,
                 "its object is gone at the target, another (" + found.front().remote_id +
                     ") has its address, and the rule says existing: quarantine");
  } else {
    TakeOver(work, found.front(), is_ours);
  }
}

void Executor::Replace(const WorkPtr& work) {
  const Operation& operation = work->operation;
  const auto field =
      MissingField(operation.kind, work->row ? FieldsToRecreate(*work->row, operation) : FieldsToCreate(operation));
  if (field) {
    // Better in the wrong groups than gone.
    CallResult refused;
    refused.verdict = Verdict::kInvalid;
    FinishFailed(work, refused, /*quarantine=*/false,
                 "its groups change, which target.membership: recreate does by creating it anew, but " +
                     std::string(*field) + " is not known; nothing was deleted");
    return;
  }
  caller_.Submit(
      CallFor(operation, Verb::kDelete),
      [this, work](const CallResult& result, std::uint32_t attempts) {
        NoteRequests(work, result, attempts);
        switch (result.verdict) {
          case Verdict::kOk:
            if (caller_.stopped()) return;  // the next run does the same again: gone already, then created
            BeginReplacement(work);
            SendCreate(work);
            return;
          case Verdict::kMissing:
            if (caller_.stopped()) return;
            ConfirmGone(work, [this, work](const std::vector<RemoteObject>& found) {
              BeginReplacement(work);
              if (!found.empty()) {
                OnPlaceTaken(work, found);
                return;
              }
              // A run that was cut off between the two may have created it.
              work->was_sent = true;
              work->is_sent_here = true;
              AfterUnknownCreate(work);
            });
            return;
          case Verdict::kInvalid:
          case Verdict::kRetry:
          case Verdict::kRelogin:
          case Verdict::kDenied:
          case Verdict::kDuplicate:
          case Verdict::kUnknown:
            FinishRefused(work, result);
            return;
        }
      },
      Work::TrailOf(work));
}

void Executor::BeginReplacement(const WorkPtr& work) {
  work->is_gone = true;
  work->is_recreation = true;
  work->is_replacement = true;
  work->row->remote_id.clear();
}

void Executor::SendDelete(const WorkPtr& work) {
  caller_.Submit(
      CallFor(work->operation, Verb::kDelete),
      [this, work](const CallResult& result, std::uint32_t attempts) {
        NoteRequests(work, result, attempts);
        switch (result.verdict) {
          case Verdict::kOk:
            FinishDeleted(work, result);
            return;
          case Verdict::kMissing:
            ConfirmGone(work, [this, work, result](const std::vector<RemoteObject>& found) {
              // Another one has its address: a create of ours that nobody answered may have made it.
              result_.needs_another = result_.needs_another || !found.empty();
              FinishDeleted(work, result);
            });
            return;
          case Verdict::kInvalid:
          case Verdict::kRetry:
          case Verdict::kRelogin:
          case Verdict::kDenied:
          case Verdict::kDuplicate:
          case Verdict::kUnknown:
            FinishRefused(work, result);
            return;
        }
      },
      Work::TrailOf(work));
}

void Executor::FinishDeleted(const WorkPtr& work, const CallResult& result) {
  FinishDone(work, result, RowGone(work->row, work->operation, OwnershipOf(work->operation, work->row)),
             /*converged=*/true);
}

}  // namespace ucaas_sync::apply
