// The executor's creates: what is sent, what became of one that nobody answered, and whose an object is that was there
// already.
#include <algorithm>
#include <utility>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/apply/rows.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

using ucaas::CallResult;
using ucaas::RemoteObject;
using ucaas::Verdict;

// A target that ignores the search lists everybody: beyond this many pages nothing is known.
constexpr std::uint32_t kMostSearchPages = 20;

CallResult Answer(Verdict verdict, std::string message) {
  CallResult result;
  result.verdict = verdict;
  result.message = std::move(message);
  return result;
}

std::string SeveralHaveIt(std::size_t count) {
  return "the target has " + std::to_string(count) + " objects with its address; remove all but one there";
}

}  // namespace

void Executor::SendCreate(const WorkPtr& work) {
  const Operation& operation = work->operation;
  ucaas::Call call;
  call.verb = ucaas::Verb::kCreate;
  call.kind = operation.kind;
  call.operation = work->name;
  call.answers = work->answers;
  call.fields = work->is_recreation ? FieldsToRecreate(*work->row, operation) : FieldsToCreate(operation);
  // Every mode of membership sends the groups on create: that is the one documented way.
  const auto* wanted = operation.groups ? &operation.groups->after : nullptr;
  if (wanted == nullptr && work->is_recreation && !work->row->groups.empty()) wanted = &work->row->groups;
  if (wanted != nullptr) {
    call.group_ids = GroupsToSend(work, *wanted);
  }
  ++work->create_rounds;
  // From now on it is this one that a look-up has to find.
  work->sent_address.clear();
  const std::string address = AddressAfter(work->row, operation);
  if (!OtherSenderTo(operation, address).empty()) {
    sent_creates_.insert_or_assign(Address(operation.kind, FoldCase(address)), operation.key);
  }
  caller_.Submit(std::move(call),
                 [this, work](const CallResult& result, std::uint32_t attempts) { OnCreated(work, result, attempts); });
}

void Executor::OnCreated(const WorkPtr& work, const CallResult& result, std::uint32_t attempts) {
  NoteRequests(work, result, attempts);
  switch (result.verdict) {
    case Verdict::kOk:
      FinishDone(
          work, result,
          RowAfter(work->row, work->operation, result.remote_id, Ownership::kCreated, work->groups, clock_.Now()),
          /*converged=*/true);
      return;
    case Verdict::kUnknown:
      work->was_sent = true;
      if (result.transport == TransportOutcome::kReply) ++work->answers;
      if (caller_.stopped()) return;  // no outcome: the next run looks it up
      AfterUnknownCreate(work);
      return;
    case Verdict::kDuplicate:
      // Then it made nothing; but for one that nobody answered before.
      if (!work->was_sent) ForgetSent(work);
      if (caller_.stopped()) return;
      AfterDuplicate(work, result);
      return;
    case Verdict::kInvalid:
      FinishFailed(work, result, /*quarantine=*/true, {});
      return;
    case Verdict::kMissing:  // a route or a group that is not there says nothing of this person
    case Verdict::kRetry:
    case Verdict::kRelogin:
    case Verdict::kDenied:
      FinishFailed(work, result, /*quarantine=*/false, {});
      return;
  }
}

void Executor::AfterUnknownCreate(const WorkPtr& work) {
  const std::string address = AddressAfter(work->row, work->operation);
  const auto judge = [this, work](const std::vector<RemoteObject>& found) {
    if (found.size() > 1) {
      FinishFailed(work, Answer(Verdict::kDuplicate, SeveralHaveIt(found.size())), /*quarantine=*/true, {});
    } else if (found.size() == 1 && store_.WasOthers(work->operation.kind, found.front().remote_id)) {
      OnAddressTaken(work, Answer(Verdict::kDuplicate, {}), found);
    } else if (found.size() == 1) {
      // It was not there before this create was sent: it is ours.
      TakeOver(work, found.front(), /*is_ours=*/true);
    } else if (work->create_rounds < options_.create_attempts) {
      SendCreate(work);
    } else {
      FinishFailed(
          work,
          Answer(Verdict::kRetry, "the target gave no usable answer to the create, and does not show it afterwards"),
          /*quarantine=*/false, {});
    }
  };
  // The source may have changed since that run: then the object bears the old address.
  const bool has_moved = !work->sent_address.empty() && FoldCase(work->sent_address) != FoldCase(address);
  if (!has_moved) {
    LookUp(work, address, judge);
    return;
  }
  LookUp(work, work->sent_address, [this, work, address, judge](const std::vector<RemoteObject>& found) {
    // Somebody else may have taken that address since, and then this create has made nothing.
    const bool has_gone = found.size() == 1 && (IsKnownAsOthers(work->operation, found.front()) ||
                                                IsSentByOther(work->operation, work->sent_address));
    if (found.empty() || has_gone) {
      LookUp(work, address, judge);
    } else {
      judge(found);
    }
  });
}

void Executor::AfterDuplicate(const WorkPtr& work, const CallResult& duplicate) {
  if (work->was_sent) {
    AfterUnknownCreate(work);
    return;
  }
  LookUp(work, AddressAfter(work->row, work->operation),
         [this, work, duplicate](const std::vector<RemoteObject>& found) {
           if (found.empty()) {
             FinishFailed(work, duplicate, /*quarantine=*/true,
                          "the target says its address is taken, but does not show by whom");
           } else {
             OnAddressTaken(work, duplicate, found);
           }
         });
}

const std::string* Executor::OwnerInState(Kind kind, const std::string& remote_id) {
  if (!owners_) {
    Flush();
    std::vector<std::int64_t> rows;
    store_.ForEachKnown([&rows](const KnownEntity& known) {
      if (known.lifecycle != Lifecycle::kGone) rows.push_back(known.id);
    });
    owners_.emplace();
    for (const std::int64_t id : rows) {
      const StoredEntity row = store_.Load(id);
      owners_->emplace(Address(row.kind, row.remote_id), row.key);
    }
  }
  const auto owner = owners_->find({kind, remote_id});
  return owner == owners_->end() ? nullptr : &owner->second;
}

bool Executor::IsKnownAsOthers(const Operation& operation, const RemoteObject& object) {
  const std::string* owner = OwnerInState(operation.kind, object.remote_id);
  return owner != nullptr && *owner != operation.key;
}

void Executor::ForgetSent(const WorkPtr& work) {
  if (sent_creates_.empty()) return;
  sent_creates_.erase({work->operation.kind, FoldCase(AddressAfter(work->row, work->operation))});
}

bool Executor::IsSentByOther(const Operation& operation, const std::string& address) const {
  const auto sent = sent_creates_.find({operation.kind, FoldCase(address)});
  return sent != sent_creates_.end() && sent->second != operation.key;
}

std::string Executor::OtherOwnerOf(const Operation& operation, const RemoteObject& object) {
  const std::string* owner = OwnerInState(operation.kind, object.remote_id);
  if (owner != nullptr) return *owner == operation.key ? std::string() : *owner;
  // Addresses may have gone from one to the other since the creates were sent.
  const std::string& address = object.fields[NaturalKeyField(operation.kind)].text;
  // This run sent it once nothing had that address: what bears it now is that one's, answered or not.
  const auto sent = sent_creates_.find({operation.kind, FoldCase(address)});
  if (sent != sent_creates_.end()) return sent->second == operation.key ? std::string() : sent->second;
  // Creates of both are unknown there: what shows all that this one sends is this one's.
  const auto own = unknown_creates_.find({operation.kind, operation.key});
  const bool was_own_sent = own != unknown_creates_.end() && FoldCase(own->second.address) == FoldCase(address);
  if (was_own_sent && Shows(object, operation.kind, FieldsToCreate(operation))) return {};
  return OtherSenderTo(operation, address);
}

std::string Executor::OtherSenderTo(const Operation& operation, const std::string& address) const {
  if (unknown_senders_.empty()) return {};
  const auto [begin, end] = unknown_senders_.equal_range({operation.kind, FoldCase(address)});
  const auto other = std::find_if(begin, end, [&](const auto& sender) { return sender.second != operation.key; });
  return other == end ? std::string() : other->second;
}

void Executor::AfterRefusal(const WorkPtr& work) {
  LookUp(work, AddressAfter(work->row, work->operation), [this, work](const std::vector<RemoteObject>& found) {
    if (found.empty()) {
      SendCreate(work);
    } else {
      OnAddressTaken(work, Answer(Verdict::kDuplicate, {}), found);
    }
  });
}

void Executor::OnAddressTaken(const WorkPtr& work, const CallResult& answer, const std::vector<RemoteObject>& found) {
  if (found.size() > 1) {
    FinishFailed(work, answer, /*quarantine=*/true, SeveralHaveIt(found.size()));
  } else if (options_.never_adopt.contains(work->operation.kind)) {
    FinishFailed(
        work, answer, /*quarantine=*/true,
        "its address is taken at the target (" + found.front().remote_id + "), and the rule says existing: quarantine");
  } else {
    TakeOver(work, found.front(), /*is_ours=*/false);
  }
}

void Executor::TakeOver(const WorkPtr& work, const RemoteObject& object, bool is_ours) {
  const Operation& operation = work->operation;
  if (const std::string owner = OtherOwnerOf(operation, object); !owner.empty()) {
    result_.needs_another = true;
    FinishFailed(work, Answer(Verdict::kDuplicate, {}), /*quarantine=*/false,
                 "its address is still that of " + Printable(owner) + " at the target; the next run tries again");
    return;
  }
  const FieldValues sent = work->is_recreation ? FieldsToRecreate(*work->row, operation) : FieldsToCreate(operation);
  const auto* wanted = operation.groups ? &operation.groups->after : nullptr;
  if (wanted == nullptr && work->is_recreation && !work->row->groups.empty()) wanted = &work->row->groups;
  std::vector<std::string> groups = KeysOfGroups(object.group_ids);
  const bool same = Shows(object, operation.kind, sent) && (wanted == nullptr || groups == *wanted);
  CallResult result = Answer(Verdict::kOk, {});
  result.remote_id = object.remote_id;
  if (is_ours) {
    result.message = "an earlier create of ours had its effect";
  } else {
    result.message = "was there already: adopted unchanged";
    observer_.OnEvent({.id = EventId::kExistingAdopted,
                       .text = std::string(Name(operation.kind)),
                       .key = operation.key,
                       .rest = std::string(" is at the target already: adopted unchanged") +
                               (same ? "" : "; the next plan shows what differs")});
  }
  const Ownership ownership = is_ours ? Ownership::kCreated : Ownership::kAdopted;
  if (same) {
    if (wanted != nullptr) work->groups = std::move(groups);
    FinishDone(work, result, RowAfter(work->row, operation, object.remote_id, ownership, work->groups, clock_.Now()),
               true);
  } else {
    result_.needs_another = true;
    FinishDone(work, result, RowAsFound(operation, object, ownership, std::move(groups), clock_.Now()), false);
  }
}

void Executor::LookUp(const WorkPtr& work, const std::string& address, Found then) {
  auto search = std::make_shared<Search>();
  search->address = address;
  search->then = std::move(then);
  SearchPage(work, std::move(search));
}

void Executor::SearchPage(const WorkPtr& work, std::shared_ptr<Search> search) {
  ucaas::Call call;
  call.verb = ucaas::Verb::kFind;
  call.kind = work->operation.kind;
  call.address = search->address;
  call.page = search->page;
  caller_.Submit(std::move(call), [this, work, search](const CallResult& result, std::uint32_t attempts) {
    NoteRequests(work, result, attempts);
    if (result.verdict != Verdict::kOk && result.verdict != Verdict::kMissing) {
      OnLookUpFailed(work, result);
      return;
    }
    for (const RemoteObject& object : result.objects) {
      const bool is_known = std::any_of(search->found.begin(), search->found.end(),
                                        [&](const RemoteObject& known) { return known.remote_id == object.remote_id; });
      if (!is_known) search->found.push_back(object);
    }
    const bool is_end = !result.may_have_more || search->found.size() > 1;
    if (!is_end && search->page < kMostSearchPages) {
      ++search->page;
      SearchPage(work, search);
    } else if (is_end || !search->found.empty()) {
      search->then(search->found);
    } else {
      OnLookUpFailed(work, Answer(Verdict::kRetry,
                                  "asked for one address, the target shows page after page of others: whether it "
                                  "has this one cannot be told"));
    }
  });
}

void Executor::OnLookUpFailed(const WorkPtr& work, const CallResult& result) {
  if (caller_.stopped() && result.verdict != Verdict::kDenied) return;
  if (work->was_sent) {
    FinishUnknown(work, result);
  } else {
    FinishFailed(work, result, /*quarantine=*/false, {});
  }
}

}  // namespace ucaas_sync::apply
