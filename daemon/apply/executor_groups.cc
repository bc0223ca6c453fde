// The executor's memberships: keys of groups as remote ids and back, and the lists that groups are sent where
// membership is written there.
#include <algorithm>
#include <set>
#include <utility>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

std::vector<std::string> KeysOnlyInOne(const GroupsChange& change) {
  std::vector<std::string> keys;
  std::set_symmetric_difference(change.before.begin(), change.before.end(), change.after.begin(), change.after.end(),
                                std::back_inserter(keys));
  return keys;
}

/// The groups that a contact is in once those of `written` have taken its change.
std::vector<std::string> AsWritten(const GroupsChange& change, const std::set<std::string>& written) {
  std::vector<std::string> keys;
  for (const std::string& key : change.after) {
    const bool was_in = std::find(change.before.begin(), change.before.end(), key) != change.before.end();
    if (was_in || written.contains(key)) keys.push_back(key);
  }
  for (const std::string& key : change.before) {
    const bool stays = std::find(change.after.begin(), change.after.end(), key) != change.after.end();
    if (!stays && !written.contains(key)) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace

std::vector<std::string> Executor::ResolveGroups(const std::vector<std::string>& keys,
                                                 std::vector<std::string>& resolved_keys) {
  std::vector<std::string> ids;
  for (const std::string& key : keys) {
    auto known = group_ids_.find(key);
    if (known == group_ids_.end()) {
      const auto group = store_.Find(Kind::kGroup, key);
      if (!group || group->remote_id.empty()) continue;
      known = group_ids_.emplace(key, group->remote_id).first;
    }
    ids.push_back(known->second);
    resolved_keys.push_back(key);
  }
  return ids;
}

void Executor::ReadForeignGroups(const WorkPtr& work) {
  ucaas::Call call;
  call.verb = ucaas::Verb::kGet;
  call.kind = Kind::kContact;
  call.remote_id = work->operation.remote_id;
  caller_.Submit(
      std::move(call),
      [this, work](const ucaas::CallResult& result, std::uint32_t attempts) {
        NoteRequests(work, result, attempts);
        switch (result.verdict) {
          case ucaas::Verdict::kOk:
          case ucaas::Verdict::kMissing:
          case ucaas::Verdict::kInvalid:
            if (caller_.stopped()) return;
            if (ShowsGroups(work->operation.remote_id, result.objects)) {
              NoteGroups(work, result.objects);
              SendChange(work);
            } else {
              // A list may show more than a single contact does.
              SearchForeignGroups(work, AddressesOf(*work));
            }
            return;
          case ucaas::Verdict::kRetry:
          case ucaas::Verdict::kRelogin:
          case ucaas::Verdict::kDenied:
          case ucaas::Verdict::kDuplicate:
          case ucaas::Verdict::kUnknown:
            if (caller_.stopped() && result.verdict != ucaas::Verdict::kDenied) return;
            FinishFailed(work, result, /*quarantine=*/false, {});
            return;
        }
      },
      Work::TrailOf(work));
}

bool Executor::ShowsGroups(const std::string& remote_id, const std::vector<ucaas::RemoteObject>& shown) {
  return std::any_of(shown.begin(), shown.end(), [&](const ucaas::RemoteObject& object) {
    return object.remote_id == remote_id && object.has_group_ids;
  });
}

void Executor::NoteGroups(const WorkPtr& work, const std::vector<ucaas::RemoteObject>& shown) {
  work->foreign_groups.emplace();
  for (const ucaas::RemoteObject& object : shown) {
    if (object.remote_id != work->operation.remote_id) continue;
    for (const std::string& id : object.group_ids) {
      if (KeysOfGroups({id}).empty()) work->foreign_groups->push_back(id);
    }
    if (!object.has_group_ids) continue;
    work->shown_groups = object.group_ids;
    std::sort(work->shown_groups->begin(), work->shown_groups->end());
  }
}

std::vector<std::string> Executor::GroupsToSend(const WorkPtr& work, const std::vector<std::string>& keys) {
  work->groups.emplace();
  std::vector<std::string> ids = ResolveGroups(keys, *work->groups);
  work->incomplete = work->groups->size() != keys.size();
  if (work->foreign_groups) ids.insert(ids.end(), work->foreign_groups->begin(), work->foreign_groups->end());
  return ids;
}

bool Executor::IsInGroups(const Work& work, std::vector<std::string> ids) {
  if (!work.shown_groups) return false;
  std::sort(ids.begin(), ids.end());
  return ids == *work.shown_groups;
}

std::vector<std::string> Executor::KeysOfGroups(const std::vector<std::string>& remote_ids) {
  if (remote_ids.empty()) return {};
  if (!group_keys_) {
    std::vector<std::int64_t> rows;
    store_.ForEachKnown([&rows](const KnownEntity& known) {
      if (known.kind == Kind::kGroup && known.lifecycle != Lifecycle::kGone) rows.push_back(known.id);
    });
    group_keys_.emplace();
    for (const std::int64_t row : rows) {
      StoredEntity group = store_.Load(row);
      group_keys_->emplace(std::move(group.remote_id), std::move(group.key));
    }
  }
  std::vector<std::string> keys;
  for (const std::string& id : remote_ids) {
    if (const auto key = group_keys_->find(id); key != group_keys_->end()) keys.push_back(key->second);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::vector<std::string> Executor::MembersOf(const StoredEntity& group, const std::vector<std::string>& present) {
  std::set<std::int64_t> rows;
  store_.ForEachMembership([&](std::int64_t contact, std::int64_t of) {
    if (of == group.id) rows.insert(contact);
  });
  std::set<std::string> ids;
  std::set<std::string> leaving;
  for (const std::int64_t row : rows) ids.insert(store_.Load(row).remote_id);
  // The changes of this run are in the journal when the target has them, and not before.
  for (const auto& membership : memberships_) {
    const auto& after = membership->row.groups;
    if (std::binary_search(after.begin(), after.end(), group.key)) {
      ids.insert(membership->row.remote_id);
      continue;
    }
    ids.erase(membership->row.remote_id);
    const auto& before = membership->work->operation.groups->before;
    if (std::find(before.begin(), before.end(), group.key) != before.end()) leaving.insert(membership->row.remote_id);
  }
  ids.erase(std::string());
  // Whoever else is in the group is so by somebody's wish, be it one of ours: no operation that was shown ends it.
  for (const std::string& id : present) {
    if (!leaving.contains(id)) ids.insert(id);
  }
  return {ids.begin(), ids.end()};
}

void Executor::WriteMemberships() {
  Flush();
  std::map<std::string, std::vector<std::shared_ptr<Membership>>> touched;  // group key → whose change it is
  for (const auto& membership : memberships_) {
    for (const std::string& key : KeysOnlyInOne(*membership->work->operation.groups)) {
      touched[key].push_back(membership);
    }
  }
  const auto fail = [](const std::vector<std::shared_ptr<Membership>>& whose, const ucaas::CallResult& result,
                       const std::string& message) {
    for (const auto& membership : whose) {
      // Of several the one that nobody answered tells what is open.
      const ucaas::Verdict before = membership->result.verdict;
      const bool is_open = before == ucaas::Verdict::kRetry || before == ucaas::Verdict::kUnknown;
      if (membership->failed && is_open && membership->result.may_have_acted) continue;
      membership->failed = true;
      membership->result = result;
      membership->message = message;
    }
  };
  // What a group has now is read first: a whole list is sent, and it must not drop the contacts of others.
  struct Target {
    StoredEntity group;
    std::vector<std::string> present;
  };
  std::map<std::string, Target> readable;
  for (const auto& [key, whose] : touched) {
    auto group = store_.Find(Kind::kGroup, key);
    if (!group || group->remote_id.empty()) {
      ucaas::CallResult missing;
      missing.verdict = ucaas::Verdict::kMissing;
      fail(whose, missing, "group " + Printable(key) + " is not at the target yet; the next run tries again");
      continue;
    }
    ucaas::Call call;
    call.verb = ucaas::Verb::kGet;
    call.kind = Kind::kGroup;
    call.remote_id = group->remote_id;
    caller_.Submit(std::move(call), [this, &readable, &fail, group = *std::move(group), whose = whose](
                                        const ucaas::CallResult& result, std::uint32_t attempts) {
      NoteRequests(whose.front()->work, result, attempts);  // once, however many it is for
      // A target that shows no single group still takes its list; of others' contacts nothing is then known.
      const bool is_answer = result.verdict == ucaas::Verdict::kOk || result.verdict == ucaas::Verdict::kMissing ||
                             result.verdict == ucaas::Verdict::kInvalid;
      if (!is_answer) {
        if (caller_.stopped() && result.verdict != ucaas::Verdict::kDenied) return;
        fail(whose, result, "the members of group " + Printable(group.key) + " could not be read: " + result.message);
        return;
      }
      Target& target = readable[group.key];
      target.group = group;
      for (const ucaas::RemoteObject& object : result.objects) {
        if (object.remote_id != group.remote_id) continue;
        target.present.insert(target.present.end(), object.contact_ids.begin(), object.contact_ids.end());
      }
    });
  }
  caller_.Drain();
  std::set<std::string> written;
  for (const auto& [key, target] : readable) {
    const auto& whose = touched.at(key);
    ucaas::Call call;
    call.verb = ucaas::Verb::kUpdate;
    call.kind = Kind::kGroup;
    call.remote_id = target.group.remote_id;
    call.contact_ids = MembersOf(target.group, target.present);
    caller_.Submit(std::move(call), [&written, &fail, key = key, whose = whose](const ucaas::CallResult& result,
                                                                                std::uint32_t attempts) {
      NoteRequests(whose.front()->work, result, attempts);
      if (result.verdict == ucaas::Verdict::kOk) {
        written.insert(key);
      } else {
        fail(whose, result, "the members of group " + Printable(key) + " could not be written: " + result.message);
      }
    });
  }
  caller_.Drain();
  for (const auto& membership : memberships_) {
    const Operation& operation = membership->work->operation;
    const auto keys = KeysOnlyInOne(*operation.groups);
    const bool is_whole =
        std::all_of(keys.begin(), keys.end(), [&written](const std::string& key) { return written.contains(key); });
    if (!is_whole && !membership->failed) {
      // Stopped before: as the journal has it, the groups still differ.
      NoteUnanswered(*membership->work);
      continue;
    }
    OperationOutcome outcome;
    outcome.verdict = ucaas::Name(membership->result.verdict);
    outcome.result = membership->result.result;
    outcome.http_status = membership->result.http_status;
    if (is_whole) {
      outcome.done = true;
      outcome.row = membership->row;
      outcome.fingerprint = operation.fingerprint;
      CountDone(operation, outcome.verdict);
    } else {
      outcome.message = membership->message;
      // What a group has taken is so, and the next plan goes on from there.
      outcome.row = membership->row;
      outcome.row->groups = AsWritten(*operation.groups, written);
      CountFailed(operation, membership->result, membership->message, /*quarantine=*/false);
    }
    Record(membership->work, std::move(outcome));
  }
  memberships_.clear();
  Flush();
  JudgeFailures();
}

}  // namespace ucaas_sync::apply
