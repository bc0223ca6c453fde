// One operation under way; shared by the parts of the executor and nobody else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/executor.h"
#include "daemon/model/operation.h"
#include "daemon/model/store.h"

namespace ucaas_sync::apply {

/// The call of `verb` on the operation's object, with nothing to send yet.
inline ucaas::Call CallFor(const Operation& operation, ucaas::Verb verb) {
  ucaas::Call call;
  call.verb = verb;
  call.kind = operation.kind;
  call.remote_id = operation.remote_id;
  return call;
}

struct Executor::Work {
  /// Where the caller notes it, for as long as it may.
  static std::shared_ptr<Trail> TrailOf(const WorkPtr& work) { return {work, &work->trail}; }

  Operation operation;
  std::string name;  // in the journal; of a create that an earlier run may have sent, the name that it had then
  std::optional<StoredEntity> row;                 // as it was before; of an adopt as the target was listed
  std::optional<std::vector<std::string>> groups;  // keys of the groups that are really written
  /// Ids of groups that are none of ours and that the contact is in; nothing before the target was asked.
  std::optional<std::vector<std::string>> foreign_groups;
  /// Ids of all groups that the target showed the contact in, sorted; nothing when it did not say.
  std::optional<std::vector<std::string>> shown_groups;
  Trail trail;                  // of this run's writes
  bool may_be_touched = false;  // the target was asked, and shows nothing that speaks against it
  bool incomplete = false;      // some group has no remote id yet: the next plan adds it
  bool was_sent = false;        // a create of ours may have had its effect
  bool is_gone = false;         // the object was there and is no more
  bool is_recreation = false;   // with all fields, not with the changed ones alone
  bool is_replacement = false;  // of an object that we deleted for it: whose it was, it stays
  bool awaits_groups = false;   // done when its groups have got their lists
  std::uint32_t attempts = 0;
  std::vector<Attempt> requests;
  std::uint32_t create_rounds = 0;
  /// Where earlier runs may have sent its create, but for the address that it has now; oldest first.
  std::vector<std::string> sent_addresses;
  bool is_sent_here = false;        // so may one to the address that it has now
  std::string former_id;            // of the object that the plan knows to be gone
  std::string former_address;       // of the object that the plan knows to be gone: free for a new one since
  std::optional<Address> releases;  // the address that this operation sets free
};

/// A contact whose change of groups waits for the groups' own lists.
struct Executor::Membership {
  WorkPtr work;
  StoredEntity row;  // with the new groups
  ucaas::CallResult result;
  bool failed = false;
  std::string message;
};

struct Executor::Search {
  std::string address;
  std::string wanted;  // the one whose presence is asked for; empty: whoever has the address
  std::uint32_t page = 1;
  bool is_missing = false;      // by its id: that has to do where the search tells nothing
  bool may_be_refused = false;  // nothing is found then
  std::vector<ucaas::RemoteObject> found;
  Found then;
};

}  // namespace ucaas_sync::apply
