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

CallResult Answer(Verdict verdict, std::string message) {
  CallResult result;
  result.verdict = verdict;
  result.message = std::move(message);
  return result;
}

std::string SeveralHaveIt(std::size_t count) {
  return "the target has " + std::to_string(count) + " objects with its address; remove all but one there";
}

void AddNew(std::vector<RemoteObject>& objects, const RemoteObject& object) {
  const bool is_known = std::any_of(objects.begin(), objects.end(),
                                    [&](const RemoteObject& known) { return known.remote_id == object.remote_id; });
  if (!is_known) objects.push_back(object);
}

}  // namespace

void Executor::BeginCreate(const WorkPtr& work) {
  const Operation& operation = work->operation;
  const std::string address = AddressAfter(work->row, operation);
  const bool had_other_address = !work->former_address.empty() && FoldCase(work->former_address) != FoldCase(address);
  if (const auto sent = unknown_creates_.find({operation.kind, operation.key}); sent != unknown_creates_.end()) {
    // A run that was cut off may have created it: look before anything is sent.
    work->was_sent = true;
    for (const UnknownCreate& create : sent->second) {
      if (!create.address.empty() && FoldCase(create.address) != FoldCase(address)) {
        work->sent_addresses.push_back(create.address);
        continue;
      }
      if (!work->is_sent_here && !create.operation.empty()) work->name = create.operation;
      work->is_sent_here = true;
    }
    if (had_other_address && work->row->ownership == Ownership::kCreated) {
      work->sent_addresses.push_back(work->former_address);
    }
    AfterUnknownCreate(work);
  } else if (had_other_address) {
    LookWhereGone(work);
  } else if (refused_.contains({operation.kind, operation.key}) || !OtherSenderTo(operation, address).empty()) {
    // Who was refused, or takes the address of a create that nobody answered, may find an object there.
    AfterRefusal(work);
  } else {
    SendCreate(work);
  }
}

void Executor::LookWhereGone(const WorkPtr& work) {
  // A look that fails leaves no outcome: the row must go on saying which address it had.
  work->was_sent = true;
  LookUp(work, work->former_address, [this, work](const std::vector<RemoteObject>& found) {
    work->was_sent = false;
    const bool is_others = found.size() == 1 && (IsKnownAsOthers(work->operation, found.front()) ||
                                                 IsSentByOther(work->operation, work->former_address));
    if (found.empty() || is_others) {
      work->former_address.clear();
      BeginCreate(work);
    } else {
      OnAddressTaken(work, Answer(Verdict::kDuplicate, {}), found);
    }
  });
}

void Executor::SendCreate(const WorkPtr& work) {
  const Operation& operation = work->operation;
  ucaas::Call call;
  call.verb = ucaas::Verb::kCreate;
  call.kind = operation.kind;
  call.operation = work->name;
  call.fields = work->is_recreation ? FieldsToRecreate(*work->row, operation) : FieldsToCreate(operation);
  // Every mode of membership sends the groups on create: that is the one documented way.
  const auto* wanted = operation.groups ? &operation.groups->after : nullptr;
  if (wanted == nullptr && work->is_recreation && !work->row->groups.empty()) wanted = &work->row->groups;
  if (wanted != nullptr) {
    call.group_ids = GroupsToSend(work, *wanted);
  }
  ++work->create_rounds;
  // From now on it is this one that a look-up has to find.
  work->sent_addresses.clear();
  work->is_sent_here = true;
  const std::string address = AddressAfter(work->row, operation);
  if (!OtherSenderTo(operation, address).empty()) {
    sent_creates_.insert_or_assign(Address(operation.kind, FoldCase(address)), operation.key);
  }
  caller_.Submit(
      std::move(call),
      [this, work](const CallResult& result, std::uint32_t attempts) { OnCreated(work, result, attempts); },
      Work::TrailOf(work));
}

Ownership Executor::OwnershipOfCreate(const Work& work) {
  return work.is_replacement ? work.row->ownership : Ownership::kCreated;
}

void Executor::OnCreated(const WorkPtr& work, const CallResult& result, std::uint32_t attempts) {
  NoteRequests(work, result, attempts);
  switch (result.verdict) {
    case Verdict::kOk:
      FinishDone(
          work, result,
          RowAfter(work->row, work->operation, result.remote_id, OwnershipOfCreate(*work), work->groups, clock_.Now()),
          /*converged=*/true);
      return;
    case Verdict::kUnknown:
      work->was_sent = true;
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
  LookWhereSent(work, 0, {});
}

void Executor::LookWhereSent(const WorkPtr& work, std::size_t next, std::vector<RemoteObject> made) {
  if (next < work->sent_addresses.size()) {
    // The source has changed since that run: its object bears the old address.
    LookUp(work, work->sent_addresses[next], [this, work, next, made](const std::vector<RemoteObject>& found) mutable {
      if (found.size() > 1) {
        FinishCrowded(work, SeveralHaveIt(found.size()));
        return;
      }
      // Somebody else may have had that address before, or have taken it since, and then this create has made nothing.
      const bool is_others = found.empty() || IsKnownAsOthers(work->operation, found.front()) ||
                             IsSentByOther(work->operation, work->sent_addresses[next]) ||
                             (work->sent_addresses[next] != work->former_address &&
                              store_.WasOthers(work->operation.kind, found.front().remote_id));
      if (!is_others) AddNew(made, found.front());
      LookWhereSent(work, next + 1, std::move(made));
    });
  } else if (!made.empty() && !work->is_sent_here) {
    TakeOwn(work, std::move(made));
  } else {
    LookUp(work, AddressAfter(work->row, work->operation),
           [this, work, made](const std::vector<RemoteObject>& found) { OnLookedWhereSent(work, found, made); });
  }
}

void Executor::OnLookedWhereSent(const WorkPtr& work, const std::vector<RemoteObject>& found,
                                 std::vector<RemoteObject> made) {
  if (found.size() > 1) {
    FinishCrowded(work, SeveralHaveIt(found.size()));
    return;
  }
  // It was not there before a create was sent here: it is ours.
  const bool is_ours =
      found.size() == 1 && work->is_sent_here && !store_.WasOthers(work->operation.kind, found.front().remote_id);
  if (is_ours) AddNew(made, found.front());
  if (!made.empty()) {
    TakeOwn(work, std::move(made));
  } else if (!found.empty()) {
    OnAddressTaken(work, Answer(Verdict::kDuplicate, {}), found);
  } else if (work->create_rounds < options_.create_attempts) {
    SendCreate(work);
  } else {
    FinishFailed(
        work,
        Answer(Verdict::kRetry, "the target gave no usable answer to the create, and does not show it afterwards"),
        /*quarantine=*/false, {});
  }
}

void Executor::TakeOwn(const WorkPtr& work, std::vector<RemoteObject> made) {
  // What may be another's as well is that one's, where something else is ours.
  const auto others = std::stable_partition(made.begin(), made.end(), [&](const RemoteObject& object) {
    return OtherOwnerOf(work->operation, object).empty();
  });
  made.erase(others == made.begin() ? others + 1 : others, made.end());
  if (made.size() == 1) {
    TakeOver(work, made.front(), /*is_ours=*/true);
    return;
  }
  std::string ids;
  for (const RemoteObject& object : made) ids += (ids.empty() ? "" : ", ") + object.remote_id;
  FinishCrowded(work, "creates that nobody answered have made " + std::to_string(made.size()) +
                          " objects for it, each with an address that it was given in turn: " + ids +
                          "; remove all but one there");
}

void Executor::FinishCrowded(const WorkPtr& work, std::string why) {
  FinishFailed(work, Answer(Verdict::kUnknown, std::move(why)), /*quarantine=*/true, {});
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
  const bool was_own_sent = own != unknown_creates_.end() &&
                            std::any_of(own->second.begin(), own->second.end(), [&](const UnknownCreate& create) {
                              return FoldCase(create.address) == FoldCase(address);
                            });
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
  } else if (options_.never_adopt.contains(work->operation.kind) && found.front().remote_id != work->former_id) {
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
  // A create that names no status is to let somebody in, whatever else the object shows.
  const bool is_shut_out = !is_ours && operation.kind == Kind::kUser && IsShutOut(object, sent);
  const bool same = !is_shut_out && Shows(object, operation.kind, sent) && (wanted == nullptr || groups == *wanted);
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
  // Its own object, which the plan took for gone, is whose it was.
  const bool is_own = work->row && object.remote_id == work->former_id;
  const Ownership ownership = is_own ? work->row->ownership : is_ours ? OwnershipOfCreate(*work) : Ownership::kAdopted;
  if (same) {
    if (wanted != nullptr) work->groups = std::move(groups);
    FinishDone(work, result, RowAfter(work->row, operation, object.remote_id, ownership, work->groups, clock_.Now()),
               true);
  } else {
    result_.needs_another = true;
    FinishDone(work, result, RowAsFound(operation, object, ownership, std::move(groups), clock_.Now()), false);
  }
}

}  // namespace ucaas_sync::apply
