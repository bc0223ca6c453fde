#include "tests/sim/plan_audit.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::sim {
namespace {

using Address = std::pair<Kind, std::string>;

constexpr int kUpdatesOfUsers = 3;

/// Where the manual says that an operation stands in a plan.
int StepOf(const Operation& operation) {
  const bool removes = operation.action == Action::kDelete;
  switch (operation.kind) {
    case Kind::kUser:
      return removes || operation.action == Action::kSuspend ? 0 : kUpdatesOfUsers;
    case Kind::kContact:
      return removes ? 1 : 4;
    case Kind::kGroup:
      return removes ? 5 : 2;
  }
  return 5;
}

class PlanAudit {
 public:
  PlanAudit(const Plan& plan, const PlanBackground& background) : plan_(plan), background_(background) {}

  Violations Judge(bool is_revert) {
    JudgeOnce();
    JudgeOrder(is_revert);
    JudgeAddresses();
    if (is_revert) return std::move(violations_);
    JudgeFrozen();
    JudgeRekeys();
    JudgeUnknownFields();
    return std::move(violations_);
  }

 private:
  void Blame(const std::string& what) { violations_.push_back(what); }

  void JudgeOnce() {
    std::set<std::tuple<Kind, std::string>> seen;
    plan_.operations.ForEach([&](const Operation& operation) {
      const std::string who = Called(operation.kind, operation.key);
      if (!seen.emplace(operation.kind, operation.key).second) Blame(who + " has two operations in one plan");
      if (background_.held.contains(operation.key)) Blame(who + " is held and planned");
      if (operation.kind == Kind::kContact && operation.action == Action::kSuspend) Blame(who + " cannot be suspended");
    });
  }

  void JudgeFrozen() {
    plan_.operations.ForEach([&](const Operation& operation) {
      const std::string who = Called(operation.kind, operation.key);
      if (IsSetAside(plan_, operation.kind, operation.key)) Blame(who + " is set aside and planned");
      if (background_.reading.Of(operation.kind, operation.key) == Word::kUnsure)
        Blame(who + " is planned, though its record cannot be believed");
    });
  }

  void JudgeOrder(bool is_revert) {
    const auto holders = HoldersAmong(background_.rows);
    const auto lost_holders = HoldersAmong(background_.lost);
    std::set<std::string> done;  // users, by key
    int step = 0;
    plan_.operations.ForEach([&](const Operation& operation) {
      // A suspend that takes an address which another user gives up waits among the updates; an inverse does not ask
      // whether anybody has to give it up.
      const FieldChange* change = operation.kind == Kind::kUser ? FindChange(operation, kUserEmail) : nullptr;
      const bool takes = change != nullptr && operation.action == Action::kSuspend;
      const Address address(operation.kind, takes ? FoldCase(change->after.text) : std::string());
      const auto holder = holders.find(address);
      const bool is_held = holder != holders.end() && holder->second->key != operation.key;
      // That somebody changed the other one by hand is not known, or not settled yet: their own operation goes first.
      const auto lost = lost_holders.find(address);
      const bool follows_lost = lost != lost_holders.end() && done.contains(lost->second->key);
      const bool waits = takes && (is_revert || is_held || follows_lost);
      const int own = waits ? kUpdatesOfUsers : StepOf(operation);
      if (own < step) Blame(Called(operation.kind, operation.key) + " stands behind what must come after it");
      step = std::max(step, own);
      if (operation.kind == Kind::kUser) done.insert(operation.key);
    });
  }

  static std::map<Address, const StoredEntity*> HoldersAmong(const std::vector<StoredEntity>& rows) {
    std::map<Address, const StoredEntity*> holders;
    for (const StoredEntity& row : rows) {
      if (row.lifecycle == Lifecycle::kGone) continue;
      const Field& address = row.fields[NaturalKeyField(row.kind)];
      if (!address.text.empty()) holders[{row.kind, FoldCase(address.text)}] = &row;
    }
    return holders;
  }

  /// Whoever takes an address that is taken stands behind the one that gives it up.
  void JudgeAddresses() {
    const auto holders = HoldersAmong(background_.rows);
    std::set<std::pair<Kind, std::string>> done;  // by key
    plan_.operations.ForEach([&](const Operation& operation) {
      done.emplace(operation.kind, operation.key);
      const FieldChange* change = FindChange(operation, NaturalKeyField(operation.kind));
      if (change == nullptr || operation.action == Action::kDelete || operation.action == Action::kAdopt) return;
      const auto holder = holders.find({operation.kind, FoldCase(change->after.text)});
      if (holder == holders.end() || holder->second->key == operation.key) return;
      if (done.contains({operation.kind, holder->second->key})) return;
      Blame(Called(operation.kind, operation.key) + " takes the address of " + holder->second->key +
            ", who has not given it up");
    });
  }

  /// Somebody whose record vanished while one with the same e-mail appeared is perhaps the same person: both wait.
  void JudgeRekeys() {
    const Reading& reading = background_.reading;
    std::map<std::string, std::string> vanished;  // e-mail → key
    for (const StoredEntity& row : background_.rows) {
      const bool is_there = row.kind == Kind::kUser && row.lifecycle == Lifecycle::kActive;
      if (is_there && !reading.people.contains(row.key) && !reading.broken_values.contains(row.key)) {
        vanished[FoldCase(row.fields[kUserEmail].text)] = row.key;
      }
    }
    plan_.operations.ForEach([&](const Operation& operation) {
      if (operation.kind != Kind::kUser || operation.action != Action::kCreate || operation.entity_id != 0) return;
      const FieldChange* email = FindChange(operation, kUserEmail);
      const auto old = email == nullptr ? vanished.end() : vanished.find(FoldCase(email->after.text));
      if (old == vanished.end()) return;
      Blame(Called(Kind::kUser, operation.key) + " is created with the e-mail of " + old->second +
            ", who vanished: perhaps the same person");
    });
  }

  void JudgeUnknownFields() {
    const Reading& reading = background_.reading;
    plan_.operations.ForEach([&](const Operation& operation) {
      if (operation.kind == Kind::kGroup || operation.action == Action::kDelete) return;
      const FieldId title = operation.kind == Kind::kUser ? kUserDesignation : kContactDesignation;
      // Somebody whose object is gone comes back with all that the target had accepted.
      if (operation.action == Action::kCreate && operation.entity_id != 0) return;
      const bool is_known = reading.knows_titles && background_.day.titles.contains(operation.key);
      if (!is_known && FindChange(operation, title) != nullptr) {
        Blame(Called(operation.kind, operation.key) + " gets a title that nobody knows");
      }
    });
  }

  const Plan& plan_;
  const PlanBackground& background_;
  Violations violations_;
};

}  // namespace

Violations AuditPlan(const RunReport& report, const PlanBackground& background) {
  return PlanAudit(report.plan, background).Judge(report.is_revert);
}

bool IsSetAside(const Plan& plan, Kind kind, const std::string& key) {
  return std::any_of(plan.quarantine.begin(), plan.quarantine.end(),
                     [&](const QuarantineItem& item) { return item.kind == Name(kind) && item.key == key; });
}

}  // namespace ucaas_sync::sim
