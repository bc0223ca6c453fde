// Does what a plan says, and nothing else: operations in plan order, many at once where nothing depends on anything,
// each outcome in the journal before whatever depends on it is sent.
// Single-threaded. A failed operation is a value in the result; StateFailure ends the run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/apply/batch_size.h"
#include "daemon/apply/caller.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"
#include "daemon/model/plan.h"
#include "daemon/model/store.h"

namespace ucaas_sync::apply {

struct ExecutorOptions {
  config::Membership membership = config::Membership::kContact;
  double failures_percent = 20;  ///< More failed operations than this share stop the run (judged from the tenth).
  std::uint32_t window = 32;     ///< Operations under way at once, retries included.
  /// Operations that the durable mark runs ahead: what is done in 50 to 100 ms, but no fewer than `mark_batch` and no
  /// more than `most_marked` (or mark_batch, if that is more). A crash leaves at most these, and twice the window,
  /// unknown.
  std::uint32_t mark_batch = 64;
  std::uint32_t most_marked = 512;
  std::uint32_t create_attempts = 3;  ///< How often a create of unknown outcome is looked up and sent again.
  bool quote_target = true;           ///< False: what the target says, which may name people, stays in the journal.
  /// Whether `guards.protect` names what has these fields at the target. Then each object is read before it is touched:
  /// somebody may have changed it by hand since the last look. Empty: nothing is read.
  std::function<bool(Kind, const FieldSetView&)> protect = {};
  /// A person has read this very plan, perhaps long ago: what it changes or deletes is read first, and left as it is
  /// where the target shows something else than the plan does.
  bool is_reviewed = false;
  /// And it leaves alone what a look at the target has found otherwise (`drift: report`): that is no reason to leave a
  /// change undone.
  bool leaves_drift = false;
  /// Kinds whose rules say `existing: quarantine`: a duplicate on create is set aside, not adopted.
  std::set<Kind> never_adopt;
  /// By entity: addresses that its object may have, beside the one in the state, since a change that was to give them
  /// was never answered.
  std::map<std::int64_t, std::vector<std::string>> addresses_in_doubt = {};
};

struct ApplyResult {
  ExitCode code = ExitCode::kConverged;
  std::string message;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;  ///< Quarantined ones included.
  std::uint64_t quarantined = 0;
  bool needs_another = false;  ///< Something was found unlike what is wanted: only the next plan shows and changes it.
  /// Left as they are: guards.protect names them, as the target shows them now, or they were put on hold meanwhile.
  std::uint64_t kept = 0;
  std::uint64_t outdated = 0;  ///< Left as they are: the target shows them otherwise than the reviewed plan.
  std::uint64_t left = 0;      ///< Not done because the run was stopped; the next one plans it again.
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
  using Address = std::pair<Kind, std::string>;
  using Found = std::function<void(const std::vector<ucaas::RemoteObject>&)>;
  struct Search;
  struct Membership;
  struct FailureKind {
    std::uint64_t count = 0;
    std::string example;
    bool is_transient = false;
  };

  void RunPhase(const Plan& plan, std::size_t begin, std::size_t end);
  void SendPhase(const Plan& plan, std::size_t begin, std::size_t end);
  void Begin(WorkPtr work);
  void Dispatch(const WorkPtr& work);
  /// Why the operation no longer fits the state, at the moment of sending; empty when it does.
  std::string Moved(const Work& work) const;

  // executor_create.cc
  /// Looks first where something may be there already, then sends.
  void BeginCreate(const WorkPtr& work);
  /// Its object is gone, and its source has changed the address since: it may be back with the old one, put there by
  /// hand or made anew by a run that was cut off.
  void LookWhereGone(const WorkPtr& work);
  void SendCreate(const WorkPtr& work);
  void OnCreated(const WorkPtr& work, const ucaas::CallResult& result, std::uint32_t attempts);
  /// A create of ours may have had its effect: looks before anything is sent again.
  void AfterUnknownCreate(const WorkPtr& work);
  /// Looks where earlier runs may have sent a create, address by address from `next` on, then at the present one.
  /// `made`: what was found there so far and is nobody else's.
  void LookWhereSent(const WorkPtr& work, std::size_t next, std::vector<ucaas::RemoteObject> made);
  void OnLookedWhereSent(const WorkPtr& work, const std::vector<ucaas::RemoteObject>& found,
                         std::vector<ucaas::RemoteObject> made);
  /// `made` has what creates of ours may have made, at least one object.
  void TakeOwn(const WorkPtr& work, std::vector<ucaas::RemoteObject> made);
  /// Only a person can tell which of them is ours. It stays known that one may be.
  void FinishCrowded(const WorkPtr& work, std::string why);
  void AfterDuplicate(const WorkPtr& work, const ucaas::CallResult& duplicate);
  /// The target set it aside before, perhaps for what it has already: looks before the create is sent.
  void AfterRefusal(const WorkPtr& work);
  /// `found` has its address and is not of our making.
  void OnAddressTaken(const WorkPtr& work, const ucaas::CallResult& answer,
                      const std::vector<ucaas::RemoteObject>& found);
  /// The key of the row that has this object; null when none has.
  const std::string* OwnerInState(Kind kind, const std::string& remote_id);
  bool IsKnownAsOthers(const Operation& operation, const ucaas::RemoteObject& object);
  /// The other one whose object it is, by the state or by an earlier create that nobody answered; empty when it is
  /// nobody's.
  std::string OtherOwnerOf(const Operation& operation, const ucaas::RemoteObject& object);
  /// The other one whose create an earlier run sent to `address` and nobody answered; empty when there is none.
  std::string OtherSenderTo(const Operation& operation, const std::string& address) const;
  /// Whether this run sent somebody else's create to `address`, after a look that found nothing there.
  bool IsSentByOther(const Operation& operation, const std::string& address) const;
  void ForgetSent(const WorkPtr& work);
  /// Makes `object` the operation's own, unless it is somebody else's. `is_ours`: it exists because of a create of
  /// ours.
  void TakeOver(const WorkPtr& work, const ucaas::RemoteObject& object, bool is_ours);

  // executor_look.cc
  /// Whether the target is asked first how the object is now.
  bool NeedsLook(const Work& work) const;
  /// Reads the object, and goes on with Dispatch unless it is protected or not as a reviewed plan has it.
  void LookFirst(const WorkPtr& work);
  bool IsProtected(const StoredEntity& row, const ucaas::RemoteObject& object) const;
  void FinishProtected(const WorkPtr& work, StoredEntity shown);
  /// What the operation relies on and the target shows neither as the plan has it, before or after, nor as the last
  /// look found it; by name, empty when there is nothing.
  std::string ChangedSince(const Work& work, const ucaas::RemoteObject& object);
  void FinishOutdated(const WorkPtr& work, const std::string& what);
  /// A person's word on somebody is no failure of the target's, however many they name.
  void FinishHeld(const WorkPtr& work);
  /// Neither done nor failed.
  void FinishLeft(const WorkPtr& work, OperationOutcome outcome);

  // executor_search.cc
  /// Looks the address up, page by page; `then` gets the exact matches. When the look-up fails, the work ends.
  void LookUp(const WorkPtr& work, const std::string& address, Found then);
  void SearchPage(const WorkPtr& work, std::shared_ptr<Search> search);
  void OnLookUpFailed(const WorkPtr& work, const ucaas::CallResult& result);
  /// Each address that the operation's object may have by now: the new one, the former one, those in doubt.
  std::vector<std::string> AddressesOf(const Work& work) const;
  /// The target does not know the operation's object by its id. Looks for it at each address that it may have by now,
  /// too: a wrong route says "not found" of everything. `then` gets what else is at the first address where something
  /// is; an object that is shown after all ends the work.
  void ConfirmGone(const WorkPtr& work, Found then);
  void ConfirmGoneAt(const WorkPtr& work, std::vector<std::string> addresses, std::vector<ucaas::RemoteObject> others,
                     Found then);
  /// The target does not know the contact by its id, or does not say which groups it is in: a wrong route knows nobody,
  /// and some targets show a single contact in part or not at all. One that cannot be searched either still takes the
  /// change, and others' groups are not known then.
  void SearchForeignGroups(const WorkPtr& work, std::vector<std::string> addresses);

  // executor_change.cc
  void SendChange(const WorkPtr& work);
  void OnChanged(const WorkPtr& work, const ucaas::CallResult& result, std::uint32_t attempts);
  void AfterTaken(const WorkPtr& work, const ucaas::CallResult& duplicate);
  /// The object is gone at the target, and comes back with all its fields once nobody is found in its place.
  void Recreate(const WorkPtr& work);
  void CreateAnew(const WorkPtr& work);
  /// Somebody else may have put it back by hand.
  void OnPlaceTaken(const WorkPtr& work, const std::vector<ucaas::RemoteObject>& found);
  /// Membership::kRecreate: deletes the contact and creates it anew.
  void Replace(const WorkPtr& work);
  static void BeginReplacement(const WorkPtr& work);
  /// Whose an object is that a create of this operation has made.
  static Ownership OwnershipOfCreate(const Work& work);
  void SendDelete(const WorkPtr& work);
  void FinishDeleted(const WorkPtr& work, const ucaas::CallResult& result);

  // executor_groups.cc
  /// Remote ids of the groups with these keys; keys that have none yet are left out of both lists.
  std::vector<std::string> ResolveGroups(const std::vector<std::string>& keys, std::vector<std::string>& resolved_keys);
  /// Asks the target which groups the contact is in, also those of others, then goes on with SendChange.
  void ReadForeignGroups(const WorkPtr& work);
  /// Whether the target says which groups that object is in.
  static bool ShowsGroups(const std::string& remote_id, const std::vector<ucaas::RemoteObject>& shown);
  /// Keeps the groups of the operation's contact, if it is among `shown`.
  void NoteGroups(const WorkPtr& work, const std::vector<ucaas::RemoteObject>& shown);
  /// The groups of `keys` and those of others, as remote ids.
  std::vector<std::string> GroupsToSend(const WorkPtr& work, const std::vector<std::string>& keys);
  /// Whether the target showed the contact in just the groups with these remote ids.
  static bool IsInGroups(const Work& work, std::vector<std::string> ids);
  /// Keys of the groups with these remote ids, sorted; groups that the state does not know are left out.
  std::vector<std::string> KeysOfGroups(const std::vector<std::string>& remote_ids);
  /// Membership::kGroup: sends each touched group its whole list, then records the contacts' memberships.
  void WriteMemberships();
  /// The contacts that `group` is to have: ours, and all who are `present` but whom an operation of this run takes out.
  std::vector<std::string> MembersOf(const StoredEntity& group, const std::vector<std::string>& present);

  void FinishDone(const WorkPtr& work, const ucaas::CallResult& result, StoredEntity row, bool converged);
  /// No success: values that the target refuses set the entity aside; what a stopped run left is the next one's.
  void FinishRefused(const WorkPtr& work, const ucaas::CallResult& result);
  void FinishFailed(const WorkPtr& work, const ucaas::CallResult& result, bool quarantine, const std::string& message);
  /// Whether the target did it stays unknown: no outcome, so that the next run looks again.
  void FinishUnknown(const WorkPtr& work, ucaas::CallResult look_up);
  /// For the journal: what was asked for one that ends without an outcome.
  void NoteUnanswered(const Work& work);
  void CountDone(const Operation& operation, const std::string& verdict);
  void CountFailed(const Operation& operation, const ucaas::CallResult& result, const std::string& message,
                   bool quarantine);
  /// Keeps for the journal what a call took.
  static void NoteRequests(const WorkPtr& work, const ucaas::CallResult& result, std::uint32_t attempts);
  void Record(const WorkPtr& work, OperationOutcome outcome);
  void Release(const WorkPtr& work, bool was_done);
  void FinishUnreleased(const WorkPtr& work, const std::string& holder);
  void Flush();
  /// Marks the next batch, up to operation `end` at most; what was done goes into the same commit.
  void MarkNext(std::size_t end);

  // executor_stop.cc
  void JudgeFailures();
  const FailureKind& CommonestFailure() const;
  /// Of a run that was stopped: what is under the mark and was surely not done gets an outcome that says so. Else
  /// nobody could tell it from what may have been done.
  void NoteUnsent(const Plan& plan);

  StateStore& store_;
  Caller& caller_;
  const Clock& clock_;
  Observer& observer_;
  ExecutorOptions options_;

  std::string run_;
  std::string config_hash_;  // the plan's
  std::uint64_t total_ = 0;
  std::uint64_t mark_ = 0;  // operations of the plan that may have been sent; as a rule some that were not begun yet
  BatchSize batch_;
  std::uint64_t begun_ = 0;                // operations of the plan
  std::map<std::uint64_t, WorkPtr> open_;  // begun and not finished, by seq
  std::set<std::string> held_;             // keys that people hold
  ApplyResult result_;
  std::vector<OperationOutcome> outcomes_;      // not yet in the journal
  Monotonic oldest_outcome_;                    // of those
  std::vector<UnansweredRequests> unanswered_;  // not yet in the journal
  // By kind and key, oldest first: one for each address that the key had meanwhile.
  std::map<Address, std::vector<UnknownCreate>> unknown_creates_;
  std::multimap<Address, std::string> unknown_senders_;     // of those: address → key
  std::map<Address, std::string> sent_creates_;             // of creates that this run sent to such an address
  std::set<Address> refused_;                               // keys that the target's word set aside
  std::map<Address, std::vector<WorkPtr>> releasing_;       // address under way of being released → who waits
  std::map<Address, std::string> unreleased_;               // address that was to be released → who has it still
  std::unordered_map<std::string, std::string> group_ids_;  // key → remote id
  std::optional<std::unordered_map<std::string, std::string>> group_keys_;  // remote id → key, when first needed
  std::optional<std::map<std::int64_t, DriftFinding>> findings_;            // by entity, when first needed
  std::optional<std::map<Address, std::string>> owners_;                    // remote id → key, when first needed
  std::vector<std::shared_ptr<Membership>> memberships_;  // Membership::kGroup: what the groups are still to be sent
  std::map<std::string, FailureKind> failures_;           // by what they have in common
};

}  // namespace ucaas_sync::apply
