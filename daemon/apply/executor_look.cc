// The executor's look at an object before it is touched: whether guards.protect names it as it is now, and whether it
// is still as a person saw it who reviewed the plan.
#include <algorithm>
#include <utility>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

using ucaas::CallResult;
using ucaas::RemoteObject;
using ucaas::Verb;
using ucaas::Verdict;

bool IsSaid(const Field& field) {
  return field.state == FieldState::kValue || field.state == FieldState::kEmpty;
}

/// Whether `field` says if somebody is let in.
bool IsStatus(Kind kind, FieldId field) {
  return kind == Kind::kUser && field == kUserStatus;
}

/// Whether both are empty or have one value; addresses compare ignoring case.
bool IsSame(Kind kind, FieldId field, const Field& one, const Field& other) {
  if (one.text == other.text) return true;
  return kind != Kind::kGroup && field == NaturalKeyField(kind) && FoldCase(one.text) == FoldCase(other.text);
}

/// A user who goes because the suspension has lasted long enough: whoever was let in meanwhile must not.
bool EndsSuspension(const Operation& operation, const std::optional<StoredEntity>& row) {
  return operation.kind == Kind::kUser && operation.action == Action::kDelete && row &&
         row->lifecycle == Lifecycle::kSuspended;
}

/// `row` with the fields that the target shows of it. Whether somebody is let in is for a look at everything to say.
StoredEntity WithShown(StoredEntity row, const RemoteObject& object) {
  for (FieldId field = 0; field < FieldsOf(row.kind).size(); ++field) {
    const Field& shown = object.fields[field];
    if (IsSaid(shown) && !IsStatus(row.kind, field)) row.fields[field] = shown;
  }
  return row;
}

}  // namespace

bool Executor::NeedsLook(const Work& work) const {
  const Operation& operation = work.operation;
  if (work.may_be_touched || operation.action == Action::kCreate) return false;
  // An adopt was listed by the plan itself, which has judged it.
  if (options_.protect && operation.action != Action::kAdopt) return true;
  if (EndsSuspension(operation, work.row)) return true;
  const bool sets_fields =
      std::any_of(operation.changes.begin(), operation.changes.end(),
                  [&](const FieldChange& change) { return !IsStatus(operation.kind, change.field); });
  return options_.is_reviewed && (sets_fields || operation.groups || operation.action == Action::kDelete);
}

void Executor::LookFirst(const WorkPtr& work) {
  caller_.Submit(
      CallFor(work->operation, Verb::kGet),
      [this, work](const CallResult& result, std::uint32_t attempts) {
        NoteRequests(work, result, attempts);
        switch (result.verdict) {
          case Verdict::kOk:
          case Verdict::kMissing:
          case Verdict::kInvalid: {
            // A target that shows no single object still takes the change; the last look has judged it then.
            const bool is_shown =
                work->row && !result.objects.empty() && result.objects.front().remote_id == work->operation.remote_id;
            if (is_shown && options_.protect && IsProtected(*work->row, result.objects.front())) {
              FinishProtected(work, WithShown(*work->row, result.objects.front()));
              return;
            }
            if (const std::string what = is_shown ? ChangedSince(*work, result.objects.front()) : ""; !what.empty()) {
              FinishOutdated(work, what);
              return;
            }
            work->may_be_touched = true;
            const bool sends_groups = work->operation.groups && work->operation.action != Action::kDelete;
            if (sends_groups && ShowsGroups(work->operation.remote_id, result.objects)) {
              NoteGroups(work, result.objects);
            }
            if (!caller_.stopped()) Dispatch(work);
            return;
          }
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

bool Executor::IsProtected(const StoredEntity& row, const RemoteObject& object) const {
  FieldSet fields = row.fields;
  for (FieldId field = 0; field < FieldsOf(row.kind).size(); ++field) {
    if (IsSaid(object.fields[field])) fields[field] = object.fields[field];
  }
  return options_.protect(row.kind, View(fields));
}

void Executor::FinishProtected(const WorkPtr& work, StoredEntity shown) {
  OperationOutcome outcome;
  outcome.verdict = "protected";
  outcome.message = "guards.protect names it, as somebody has changed it at the target: left as it is";
  // With what is shown the next plan sees by itself that nobody may touch it. What was to be adopted is nobody's yet.
  if (work->operation.action != Action::kAdopt) outcome.row = std::move(shown);
  ++result_.kept;
  FinishLeft(work, std::move(outcome));
}

std::string Executor::ChangedSince(const Work& work, const RemoteObject& object) {
  const bool ends_suspension = EndsSuspension(work.operation, work.row);
  if (!options_.is_reviewed && !ends_suspension) return {};
  if (!findings_) {
    findings_.emplace();
    for (DriftFinding& finding : store_.Drift()) findings_->insert_or_assign(finding.entity_id, std::move(finding));
  }
  const Operation& operation = work.operation;
  const auto found = findings_->find(operation.entity_id);
  const DriftFinding* const finding = found == findings_->end() ? nullptr : &found->second;
  std::string names;
  const auto compare = [&](FieldId field, const Field& before, const Field& after) {
    const Field& shown = object.fields[field];
    const auto is_shown = [&](const Field& value) { return IsSame(operation.kind, field, value, shown); };
    const bool is_found = options_.leaves_drift && finding != nullptr &&
                          std::any_of(finding->shown.begin(), finding->shown.end(),
                                      [&](const auto& f) { return f.first == field && is_shown(f.second); });
    if (!IsSaid(shown) || !IsSaid(before) || is_shown(before) || is_shown(after) || is_found) return;
    names += (names.empty() ? "" : ", ") + std::string(FieldsOf(operation.kind)[field].name);
  };
  const FieldId address = NaturalKeyField(operation.kind);
  if (operation.action == Action::kDelete) {
    // What goes is told by its address; and by whether somebody was let in again, unknown to the plan.
    if (options_.is_reviewed) compare(address, work.row->fields[address], work.row->fields[address]);
    const Field& status = object.fields[kUserStatus];
    const bool is_in = status.state == FieldState::kValue && status.text == kStatusActive;
    // What was found before this run's plan was known to it; a reviewed plan may be older.
    const bool is_known = !options_.is_reviewed && finding != nullptr &&
                          std::any_of(finding->shown.begin(), finding->shown.end(), [&](const auto& shown) {
                            return shown.first == kUserStatus && shown.second == status;
                          });
    if (ends_suspension && is_in && !is_known) names += names.empty() ? "status" : ", status";
    return names;
  }
  // An adopt found its object by its address.
  if (operation.action == Action::kAdopt) compare(address, work.row->fields[address], work.row->fields[address]);
  for (const FieldChange& change : operation.changes) {
    // Whether somebody is let in goes by its effect, and the words for it are the target's own.
    const bool is_compared =
        !IsStatus(operation.kind, change.field) && !(operation.action == Action::kAdopt && change.field == address);
    if (is_compared) compare(change.field, change.before, change.after);
  }
  if (operation.groups && object.has_group_ids) {
    const std::vector<std::string> shown = KeysOfGroups(object.group_ids);
    const bool is_known = shown == operation.groups->before || shown == operation.groups->after ||
                          (options_.leaves_drift && finding != nullptr && finding->groups == shown);
    if (!is_known) names += names.empty() ? "groups" : ", groups";
  }
  return names;
}

void Executor::FinishOutdated(const WorkPtr& work, const std::string& what) {
  OperationOutcome outcome;
  outcome.verdict = "outdated";
  outcome.message =
      "the target shows another " + what + " than the plan does: left as it is; the next run plans it anew";
  ++result_.outdated;
  FinishLeft(work, std::move(outcome));
}

void Executor::FinishHeld(const WorkPtr& work) {
  OperationOutcome outcome;
  outcome.verdict = "held";
  outcome.message = "was put on hold meanwhile: left as it is";
  ++result_.kept;
  FinishLeft(work, std::move(outcome));
}

void Executor::FinishLeft(const WorkPtr& work, OperationOutcome outcome) {
  result_.needs_another = true;
  observer_.OnEvent({.id = EventId::kOperationFailed,
                     .text = std::string(Name(work->operation.action)) + ' ' + std::string(Name(work->operation.kind)),
                     .key = work->operation.key,
                     .rest = ": " + outcome.message});
  observer_.OnOutcome(work->operation, outcome.verdict, false);
  open_.erase(work->operation.seq);
  Record(work, std::move(outcome));
  Release(work, /*was_done=*/false);
}

}  // namespace ucaas_sync::apply
