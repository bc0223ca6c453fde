// SettleChanges, and what precedes a plan: the changes that nobody answered.
#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/apply/rows.h"
#include "daemon/plan/drift.h"
#include "daemon/run/leftovers_steps.h"
#include "daemon/run/lookup.h"

namespace ucaas_sync::run {
namespace {

using Objects = std::vector<ucaas::RemoteObject>;

std::vector<StoredEntity> GroupsOf(const state::SqliteStore& store) {
  std::vector<std::int64_t> ids;
  store.ForEachRemote([&ids](std::int64_t id, Kind kind, std::string_view) {
    if (kind == Kind::kGroup) ids.push_back(id);
  });
  std::vector<StoredEntity> groups;
  for (const std::int64_t id : ids) groups.push_back(store.Load(id));
  return groups;
}

/// What was made in place of an entity's object, which is gone at the target: or itself, under an address that nobody
/// said it has.
struct Anew {
  Presence presence = Presence::kUnknown;  ///< Gone: nothing was.
  ucaas::RemoteObject object{};
  bool is_as_sent = false;
};

std::vector<Place> PlacesOf(const StoredEntity& entity, const Unanswered& unanswered) {
  std::vector<std::string> addresses;
  if (const auto of = unanswered.changes.find(entity.id); of != unanswered.changes.end()) {
    addresses = of->second.addresses;
  }
  if (const auto of = unanswered.addresses.find(entity.id); of != unanswered.addresses.end()) {
    for (const std::string& address : of->second) apply::AddAddress(addresses, address);
  }
  std::vector<Place> places;
  for (const std::string& address : addresses) places.push_back({entity.kind, address});
  return places;
}

Anew LookForAnew(const state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy,
                 const StoredEntity& entity, const Unanswered& unanswered) {
  Anew anew{.presence = Presence::kGone};
  Objects found;
  for (FoundThere& there : Search(caller, PlacesOf(entity, unanswered))) {
    if (!there) return {};
    std::move(there->begin(), there->end(), std::back_inserter(found));
  }
  const auto itself = std::find_if(found.begin(), found.end(), [&](const ucaas::RemoteObject& object) {
    return object.remote_id == entity.remote_id;
  });
  if (itself != found.end()) return {.presence = Presence::kThere, .object = *itself};
  const auto changes = unanswered.changes.find(entity.id);
  if (changes == unanswered.changes.end()) return anew;
  std::erase_if(found, [&](const ucaas::RemoteObject& object) {
    return IsKnown(store, entity.kind, object.remote_id) || store.WasOthers(entity.kind, object.remote_id);
  });
  if (found.size() != 1 || unanswered.claims.OwnerOf(entity.kind, found.front()) != entity.key) return anew;
  anew.is_as_sent =
      std::any_of(changes->second.sent.begin(), changes->second.sent.end(),
                  [&](const apply::FieldValues& sent) { return apply::Shows(found.front(), entity.kind, sent); });
  const bool may_adopt = std::none_of(policy.rules.begin(), policy.rules.end(), [&](const plan::RulePolicy& rule) {
    return rule.kind == entity.kind && rule.existing == config::ExistingPolicy::kQuarantine;
  });
  if (!anew.is_as_sent && !may_adopt) return anew;
  anew.presence = Presence::kThere;
  anew.object = std::move(found.front());
  return anew;
}

/// What the answers are judged by.
struct Judge {
  const state::SqliteStore& store;
  apply::Caller& caller;
  const plan::Policy& policy;
  const Unanswered& unanswered;
  Moment moment;
  plan::DriftScope scope;
  plan::GroupKeys groups;

  Judge(const state::SqliteStore& state, apply::Caller& asker, const plan::Policy& rules, const Unanswered& requests,
        Moment when)
      : store(state),
        caller(asker),
        policy(rules),
        unanswered(requests),
        moment(when),
        scope(plan::DriftScopeOf(rules)) {
    for (const StoredEntity& group : GroupsOf(store)) groups.emplace(group.remote_id, group.key);
  }

  /// What is to be recorded of one that is there by the state; false: the target cannot say.
  bool Settle(StoredEntity entity, LookedUp answer, state::SqliteStore::SettledChanges& settled) const {
    bool is_gone = answer.presence == Presence::kGone;
    const Anew anew = is_gone ? LookForAnew(store, caller, policy, entity, unanswered) : Anew{};
    if (anew.presence == Presence::kThere && anew.object.remote_id == entity.remote_id) {
      answer = {.presence = Presence::kThere, .object = AsListed(entity.kind, anew.object), .why = {}};
      is_gone = false;
    }
    const bool is_anew = is_gone && anew.presence == Presence::kThere;
    // Of all others nothing has to be known before: they are asked for again after the plan, which may touch them.
    if (moment == Moment::kBeforePlan && !is_anew) return true;
    if ((is_gone ? anew.presence : answer.presence) == Presence::kUnknown) return false;
    settled.entities.push_back(entity.id);
    if (is_gone && !is_anew) {
      settled.found.push_back({.entity_id = entity.id, .missing = true, .shown = {}, .groups = {}});
      return true;
    }
    if (is_anew) {
      entity.remote_id = anew.object.remote_id;
      // What shows something else may have been put back by hand.
      if (!anew.is_as_sent) entity.ownership = Ownership::kAdopted;
      settled.moved.push_back(entity);
    }
    const auto shown = is_anew ? AsListed(entity.kind, anew.object) : answer.object;
    const FieldState status = shown.fields[kUserStatus].state;
    const bool is_told = status == FieldState::kValue || status == FieldState::kEmpty;
    if (entity.kind == Kind::kUser && !is_told) settled.untold.push_back(entity.id);
    if (auto finding = plan::DriftOf(entity, shown, scope, groups)) settled.found.push_back(*std::move(finding));
    return true;
  }
};

}  // namespace

void SettleUnanswered(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                      Observer& observer, const std::vector<std::int64_t>& unknown, const Unanswered& unanswered,
                      Moment moment) {
  if (unknown.empty()) return;
  const Judge judge(store, caller, policy, unanswered, moment);
  for (std::size_t begin = 0; begin < unknown.size(); begin += kAtOnce) {
    std::vector<StoredEntity> asked;
    state::SqliteStore::SettledChanges settled;
    for (std::size_t i = begin; i < std::min(unknown.size(), begin + kAtOnce); ++i) {
      StoredEntity entity = store.Load(unknown[i]);
      if (entity.lifecycle == Lifecycle::kGone || entity.remote_id.empty()) {
        if (moment == Moment::kAfterPlan) settled.entities.push_back(entity.id);
      } else {
        asked.push_back(std::move(entity));
      }
    }
    const std::vector<LookedUp> answers = LookUp(caller, asked);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (judge.Settle(asked[i], answers[i], settled)) continue;
      observer.OnEvent({.id = EventId::kLeftoverUnknown,
                        .text = std::string(Name(asked[i].kind)),
                        .key = asked[i].key,
                        .rest = ": a run that was cut off may have changed it, and the target cannot say so now; the "
                                "next run asks again"});
      store.NoteDue(clock.Now() + kAskAgainAfter);
    }
    if (!settled.entities.empty()) store.RecordChanges(settled, clock.Now());
    for (const StoredEntity& moved : settled.moved) {
      observer.OnEvent({.id = EventId::kLeftoverFound,
                        .text = std::string(Name(moved.kind)),
                        .key = moved.key,
                        .rest = " was gone at the target, and was made anew by a change that nobody answered"});
    }
    if (caller.stopped()) return;
  }
}

void SettleChanges(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                   Observer& observer, const std::vector<std::int64_t>& unknown) {
  if (unknown.empty()) return;
  SettleUnanswered(store, caller, policy, clock, observer, unknown, UnansweredOf(store), Moment::kAfterPlan);
}

}  // namespace ucaas_sync::run
