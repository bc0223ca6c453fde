#include "daemon/apply/executor.h"

#include <algorithm>
#include <stdexcept>

#include "connectors/ucaas/said.h"
#include "daemon/apply/executor_work.h"
#include "daemon/apply/rows.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

// Operations of one phase do not depend on each other but through addresses; between phases everything is finished and
// in the journal: access is removed first, groups exist before contacts join them, and are empty before they go.
enum Phase : int { kUsersLeave, kContactsLeave, kGroups, kUsers, kContacts, kGroupsLeave };

Phase PhaseOf(const Operation& operation) {
  const bool removes = operation.action == Action::kDelete;
  switch (operation.kind) {
    case Kind::kUser:
      return removes || operation.action == Action::kSuspend ? kUsersLeave : kUsers;
    case Kind::kContact:
      return removes ? kContactsLeave : kContacts;
    case Kind::kGroup:
      return removes ? kGroupsLeave : kGroups;
  }
  return kUsersLeave;
}

constexpr const char* kHasChanged = "has changed since the plan was made: left as it is; the next run plans it anew";

// Against a slow target a batch takes its time; what was done meanwhile is not to be forgotten.
constexpr std::chrono::milliseconds kCommitAfter{250};

std::string OneLine(const ucaas::CallResult& result) {
  std::string text = result.message;
  if (text.empty() && result.http_status != 0) text = "HTTP status " + std::to_string(result.http_status);
  if (text.empty()) text = "no answer";
  if (!result.result.empty() && result.result != "1") text += " (result " + result.result + ")";
  return Shorten(text, 300);
}

OperationOutcome OutcomeOf(const ucaas::CallResult& result) {
  OperationOutcome outcome;
  outcome.verdict = ucaas::Name(result.verdict);
  outcome.result = result.result;
  outcome.http_status = result.http_status;
  outcome.message = result.message;
  return outcome;
}

}  // namespace

Executor::Executor(StateStore& store, Caller& caller, const Clock& clock, Observer& observer, ExecutorOptions options)
    : store_(store),
      caller_(caller),
      clock_(clock),
      observer_(observer),
      options_(std::move(options)),
      batch_(options_.mark_batch, std::max(options_.mark_batch, options_.most_marked)) {}

ApplyResult Executor::Apply(const std::string& run, const Plan& plan) {
  run_ = run;
  config_hash_ = plan.config_hash;
  result_ = {};
  total_ = plan.operations.size();
  mark_ = 0;
  begun_ = 0;
  open_.clear();
  for (UnknownCreate& create : store_.UnknownCreates()) {
    const Address who(create.kind, create.key);
    unknown_senders_.emplace(Address(create.kind, FoldCase(create.address)), create.key);
    unknown_creates_[who].push_back(std::move(create));
  }
  for (const StoredQuarantine& item : store_.Quarantined()) {
    const std::optional<Kind> kind = KindNamed(item.kind);
    if (item.by_target && kind) refused_.emplace(*kind, item.key);
  }
  store_.StorePlan(run, plan);
  for (std::size_t begin = 0; begin < plan.operations.size() && !caller_.stopped();) {
    // A suspend that takes an address which another user gives up first stands among the updates: the plan's order
    // is the order, a later phase never goes back to an earlier one.
    const Phase phase = PhaseOf(plan.operations.At(begin));
    std::size_t end = begin + 1;
    while (end < plan.operations.size() && PhaseOf(plan.operations.At(end)) <= phase) ++end;
    RunPhase(plan, begin, end);
    if (!memberships_.empty() && !caller_.stopped()) WriteMemberships();
    begin = end;
  }
  if (caller_.stopped()) NoteUnsent(plan);
  Flush();
  result_.left = total_ - result_.done - result_.failed - result_.kept - result_.outdated;
  if (caller_.stopped()) {
    result_.code = caller_.stopped()->code;
    result_.message = caller_.stopped()->because;
  } else if (result_.failed > 0) {
    // Where nothing at all worked, and nothing was refused for what it says, the target is what fails.
    const bool all_transient =
        result_.done == 0 &&
        std::all_of(failures_.begin(), failures_.end(), [](const auto& kind) { return kind.second.is_transient; });
    result_.code = all_transient ? ExitCode::kUnavailable : ExitCode::kPartial;
    result_.message = WithThousands(result_.failed) + " of " + Counted(total_, "operation") +
                      " failed: " + CommonestFailure().example;
  } else if (result_.outdated > 0) {
    result_.code = ExitCode::kPartial;
    result_.message = Counted(result_.outdated, "operation") +
                      " left undone, since the target shows something else than the "
                      "plan does; the next run plans anew";
  }
  return result_;
}

void Executor::RunPhase(const Plan& plan, std::size_t begin, std::size_t end) {
  try {
    SendPhase(plan, begin, end);
  } catch (const StateFailure&) {
    throw;
  } catch (const Failure&) {
    // The rest of the plan cannot be read. What is under way still gets its answer, and that is recorded.
    caller_.Drain();
    Flush();
    throw;
  }
  // Stopped: what was begun and not sent ends without an outcome; what is in flight still gets its answer.
  if (caller_.stopped()) caller_.Drain();
  Flush();
}

void Executor::SendPhase(const Plan& plan, std::size_t begin, std::size_t end) {
  std::size_t next = begin;
  while (!caller_.stopped() && (next < end || !open_.empty())) {
    while (next < end && open_.size() < options_.window && !caller_.stopped()) {
      if (next >= mark_) MarkNext(end);
      auto work = std::make_shared<Work>();
      work->operation = plan.operations.At(next++);
      begun_ = next;
      Begin(std::move(work));
    }
    if (!open_.empty() && caller_.idle()) throw std::logic_error("operations wait for one that is not under way");
    // The next mark is made while requests are under way: when it is needed, nothing waits for the disk.
    if (!open_.empty() && next < end && mark_ < end && mark_ - next < options_.window) {
      caller_.Send();
      if (!caller_.stopped()) MarkNext(end);
    }
    if (!open_.empty()) caller_.Turn();
    // As a rule what was done is committed with the next batch's mark: one sync of the disk for both.
    if (!outcomes_.empty() && clock_.Ticks() - oldest_outcome_ >= kCommitAfter) Flush();
  }
}

void Executor::MarkNext(std::size_t end) {
  mark_ += batch_.Begin(clock_.Ticks(), end - mark_);
  // A person may have been put on hold while the run is under way.
  held_.clear();
  // A revert's own holds wait for what its source says next; they are no reason against the revert itself.
  for (StoredHold& hold : store_.Holds(clock_.Now())) {
    if (!hold.kind) held_.insert(std::move(hold.key));
  }
  if (outcomes_.empty()) {
    store_.AdvanceMark(run_, mark_);
  } else {
    store_.RecordAndAdvance(run_, outcomes_, mark_);
    outcomes_.clear();
  }
}

void Executor::Begin(WorkPtr work) {
  open_.emplace(work->operation.seq, work);
  const Operation& operation = work->operation;
  work->name = run_ + '/' + std::to_string(operation.seq);
  if (operation.existing) {
    work->row = RowAsListed(operation, clock_.Now());
  } else if (operation.entity_id != 0) {
    work->row = store_.Load(operation.entity_id);
    if (operation.action == Action::kCreate && work->row->lifecycle != Lifecycle::kGone) {
      // The plan knows that its object is gone at the target: nothing of the old one is true of the new.
      work->is_gone = true;
      work->former_id = work->row->remote_id;
      work->former_address = work->row->fields[NaturalKeyField(operation.kind)].text;
      work->row = RowGone(work->row, operation, work->row->ownership);
    }
  }
  if (held_.contains(operation.key)) {
    FinishHeld(work);
    return;
  }
  if (const std::string moved = Moved(*work); !moved.empty()) {
    ucaas::CallResult refused;
    refused.verdict = ucaas::Verdict::kInvalid;
    FinishFailed(work, refused, /*quarantine=*/false, moved);
    return;
  }
  if (const FieldChange* address = FindChange(operation, NaturalKeyField(operation.kind)); address != nullptr) {
    const Address wanted(operation.kind, FoldCase(address->after.text));
    const Address released(operation.kind, FoldCase(address->before.text));
    if (!released.second.empty() && released != wanted) {
      work->releases = released;
      releasing_[released];
    }
    if (operation.action != Action::kDelete && released != wanted) {
      if (const auto holder = releasing_.find(wanted); holder != releasing_.end()) {
        holder->second.push_back(std::move(work));
        return;
      }
      if (const auto holder = unreleased_.find(wanted); holder != unreleased_.end()) {
        FinishUnreleased(work, holder->second);
        return;
      }
    }
  }
  Dispatch(work);
}

std::string Executor::Moved(const Work& work) const {
  const Operation& operation = work.operation;
  // When the run began, nobody had what it adopts. Since then a create may have turned out to be of that very object;
  // only then it is known who has what.
  if (owners_ && operation.action == Action::kAdopt) {
    const auto owner = owners_->find({operation.kind, operation.remote_id});
    if (owner != owners_->end() && owner->second != operation.key) {
      return "what it is to adopt is " + Printable(owner->second) + "'s by now: left as it is";
    }
  }
  // Whom the plan knew nothing of, the state may know by now; their row is another account's.
  if (operation.entity_id == 0) {
    const std::optional<StoredEntity> row = store_.Find(operation.kind, operation.key);
    if (row && row->lifecycle != Lifecycle::kGone && row->remote_id != operation.remote_id) return kHasChanged;
  }
  // An adopt's row is made of the listing; a newcomer has none.
  if (operation.existing || !work.row) return {};
  const bool is_there = work.row->lifecycle != Lifecycle::kGone;
  const bool makes = operation.action == Action::kCreate || operation.action == Action::kAdopt;
  const bool is_same = work.row->key == operation.key && work.row->kind == operation.kind &&
                       (makes ? !is_there : is_there && work.row->remote_id == operation.remote_id);
  return is_same ? std::string() : kHasChanged;
}

void Executor::Dispatch(const WorkPtr& work) {
  if (NeedsLook(*work)) {
    LookFirst(work);
    return;
  }
  switch (work->operation.action) {
    case Action::kCreate:
      BeginCreate(work);
      return;
    case Action::kAdopt:
    case Action::kUpdate:
    case Action::kSuspend:
    case Action::kReactivate:
      SendChange(work);
      return;
    case Action::kDelete:
      SendDelete(work);
      return;
  }
}

void Executor::FinishDone(const WorkPtr& work, const ucaas::CallResult& result, StoredEntity row, bool converged) {
  const Operation& operation = work->operation;
  if (work->is_gone && operation.kind == Kind::kGroup) {
    // The new group is empty. Forgetting the old one's members lets the next plan find each of them missing.
    OperationOutcome gone = OutcomeOf(result);
    gone.row = RowGone(work->row, operation, row.ownership);
    Record(work, std::move(gone));
    // A plan that creates the group puts its members back itself.
    if (operation.action != Action::kCreate) {
      observer_.OnEvent({.id = EventId::kGroupRecreated,
                         .text = "group " + Printable(operation.key) +
                                 " was gone at the target and is there anew; the next run puts its members back"});
    }
  }
  OperationOutcome outcome = OutcomeOf(result);
  outcome.done = true;
  outcome.groups_follow = work->awaits_groups;
  if (work->awaits_groups) outcome.message = "its groups' lists follow";
  if (owners_ && row.lifecycle != Lifecycle::kGone) owners_->insert_or_assign({row.kind, row.remote_id}, row.key);
  outcome.row = std::move(row);
  // Without a fingerprint the next plan compares in full, and finds what is still missing.
  if (converged && !work->incomplete) outcome.fingerprint = operation.fingerprint;
  if (!work->awaits_groups) CountDone(operation, outcome.verdict);
  open_.erase(operation.seq);
  Record(work, std::move(outcome));
  Release(work, /*was_done=*/true);
  JudgeFailures();
}

void Executor::FinishRefused(const WorkPtr& work, const ucaas::CallResult& result) {
  const bool is_invalid = result.verdict == ucaas::Verdict::kInvalid;
  if (!is_invalid && caller_.stopped() && result.verdict != ucaas::Verdict::kDenied) return;
  FinishFailed(work, result, /*quarantine=*/is_invalid, {});
}

void Executor::FinishFailed(const WorkPtr& work, const ucaas::CallResult& result, bool quarantine,
                            const std::string& message) {
  const Operation& operation = work->operation;
  // What was made anew, and never answered, may come late: the next run looks for it, and the row must say for whom.
  const bool may_be_there_anew = work->is_gone && work->was_sent && work->trail.may_have_acted;
  if (may_be_there_anew && operation.action != Action::kCreate && operation.entity_id != 0) {
    FinishUnknown(work, result);
    return;
  }
  OperationOutcome outcome = OutcomeOf(result);
  outcome.message = message.empty() ? OneLine(result) : message;
  outcome.quarantine = quarantine;
  outcome.fingerprint = quarantine ? RefusalMark(operation.fingerprint, config_hash_) : operation.fingerprint;
  if (work->is_gone) {
    outcome.row = RowGone(work->row, operation, work->row ? work->row->ownership : Ownership::kCreated);
    if (!quarantine) outcome.fingerprint = {};
  }
  CountFailed(operation, result, message, quarantine);
  open_.erase(operation.seq);
  Record(work, std::move(outcome));
  Release(work, /*was_done=*/false);
  JudgeFailures();
}

void Executor::FinishUnknown(const WorkPtr& work, ucaas::CallResult look_up) {
  NoteUnanswered(*work);
  if (look_up.verdict != ucaas::Verdict::kRetry) look_up.verdict = ucaas::Verdict::kUnknown;
  CountFailed(work->operation, look_up,
              "it is not known whether the target did it; the next run looks first (" + OneLine(look_up) + ")", false);
  open_.erase(work->operation.seq);
  Release(work, /*was_done=*/false);
  JudgeFailures();
}

void Executor::CountDone(const Operation& operation, const std::string& verdict) {
  ++result_.done;
  observer_.OnOutcome(operation, verdict, true);
  observer_.OnProgress("apply", result_.done + result_.failed, total_);
}

void Executor::CountFailed(const Operation& operation, const ucaas::CallResult& result, const std::string& message,
                           bool quarantine) {
  ++result_.failed;
  if (quarantine) ++result_.quarantined;
  // Messages name people; what failures have in common is what the target's codes say.
  FailureKind& kind = failures_[std::string(ucaas::Name(result.verdict)) + ' ' + std::to_string(result.http_status) +
                                ' ' + result.result + ' ' + std::to_string(static_cast<int>(result.transport))];
  if (kind.count++ == 0) {
    kind.example =
        options_.quote_target ? ucaas::ToldOf(result, message) : ucaas::WithoutQuotations(ucaas::ToldOf(result));
  }
  kind.is_transient = result.verdict == ucaas::Verdict::kRetry;
  observer_.OnEvent({.id = quarantine ? EventId::kOperationQuarantined : EventId::kOperationFailed,
                     .text = std::string(Name(operation.action)) + ' ' + std::string(Name(operation.kind)),
                     .key = operation.key,
                     .rest = options_.quote_target ? std::string() : ": " + ucaas::CodeOf(result),
                     .quoted = !options_.quote_target ? std::string()
                               : message.empty()      ? OneLine(result)
                                                      : message});
  observer_.OnOutcome(operation, ucaas::Name(result.verdict), false);
  observer_.OnProgress("apply", result_.done + result_.failed, total_);
}

void Executor::NoteRequests(const WorkPtr& work, const ucaas::CallResult& result, std::uint32_t attempts) {
  work->attempts += attempts;
  work->requests.insert(work->requests.end(), result.attempts.begin(), result.attempts.end());
}

void Executor::Record(const WorkPtr& work, OperationOutcome outcome) {
  if (!work->requests.empty()) {
    outcome.request_id = work->requests.back().request_id;
    outcome.latency = work->requests.back().latency;
  }
  if (work->requests.size() > 1) outcome.requests = work->requests;
  outcome.seq = work->operation.seq;
  outcome.attempts = std::max<std::uint32_t>(1, work->attempts);
  // So may a create of an earlier run, which this one's look-up did not find.
  outcome.may_have_acted = work->trail.may_have_acted || (work->was_sent && work->operation.action == Action::kCreate);
  outcome.at = clock_.Now();
  if (outcomes_.empty()) oldest_outcome_ = clock_.Ticks();
  outcomes_.push_back(std::move(outcome));
}

void Executor::Release(const WorkPtr& work, bool was_done) {
  if (!work->releases) return;
  if (!was_done) unreleased_.insert_or_assign(*work->releases, work->operation.key);
  auto waiting = releasing_.extract(*work->releases);
  if (waiting.empty() || waiting.mapped().empty() || caller_.stopped()) return;
  Flush();
  for (const WorkPtr& next : waiting.mapped()) {
    if (was_done) {
      Dispatch(next);
    } else {
      FinishUnreleased(next, work->operation.key);
    }
  }
}

void Executor::FinishUnreleased(const WorkPtr& work, const std::string& holder) {
  ucaas::CallResult result;
  result.verdict = ucaas::Verdict::kDuplicate;
  FinishFailed(work, result, /*quarantine=*/false,
               "its address is still held by " + Printable(holder) + ", whose change failed");
}

void Executor::Flush() {
  if (!outcomes_.empty()) store_.RecordOutcomes(run_, outcomes_);
  outcomes_.clear();
  if (!unanswered_.empty()) store_.RecordAttempts(run_, unanswered_);
  unanswered_.clear();
}

void Executor::NoteUnanswered(const Work& work) {
  std::vector<Attempt> requests = work.requests;
  requests.insert(requests.end(), work.trail.requests.begin(), work.trail.requests.end());
  if (!requests.empty()) unanswered_.push_back({.seq = work.operation.seq, .requests = std::move(requests)});
}

}  // namespace ucaas_sync::apply
