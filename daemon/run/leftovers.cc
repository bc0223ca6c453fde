#include "daemon/run/leftovers.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/apply/rows.h"
#include "daemon/model/text.h"
#include "daemon/plan/drift.h"
#include "daemon/run/lookup.h"
#include "daemon/run/target.h"
#include "daemon/run/unanswered.h"

namespace ucaas_sync::run {
namespace {

using Objects = std::vector<ucaas::RemoteObject>;

constexpr std::size_t kAtOnce = 16;

/// The creates of one entity, oldest first: its source may have given it another address before each.
using Creates = std::vector<Operation>;

std::vector<Creates> Leftovers(const state::SqliteStore& store, const Plan& plan) {
  std::vector<Creates> leftovers;
  std::vector<Operation> creates = store.LeftoverCreates();
  if (creates.empty()) return leftovers;
  std::set<std::pair<Kind, std::string>> planned;
  plan.operations.ForEach([&](const Operation& operation) { planned.emplace(operation.kind, operation.key); });
  std::map<std::pair<Kind, std::string>, std::size_t> places;
  for (Operation& create : creates) {
    const std::pair who(create.kind, create.key);
    if (planned.contains(who)) continue;
    const auto [place, is_first] = places.try_emplace(who, leftovers.size());
    if (is_first) leftovers.emplace_back();
    leftovers[place->second].push_back(std::move(create));
  }
  return leftovers;
}

/// Those of `ids` that are in the state.
std::set<std::string> KnownOf(const state::SqliteStore& store, Kind kind, const std::set<std::string>& ids) {
  std::set<std::string> known;
  if (ids.empty()) return known;
  store.ForEachRemote([&](std::int64_t, Kind of, std::string_view id) {
    if (of == kind && ids.contains(std::string(id))) known.emplace(id);
  });
  return known;
}

bool IsKnown(const state::SqliteStore& store, Kind kind, const std::string& remote_id) {
  return !KnownOf(store, kind, {remote_id}).empty();
}

/// What the creates of one entity may have made.
struct Made {
  struct Object {
    const Operation* by = nullptr;
    ucaas::RemoteObject object;
  };
  bool is_told = true;      ///< False: the target cannot say.
  bool is_crowded = false;  ///< One address has several objects, and nobody knows whose they are.
  std::vector<Object> objects;
};

Made LookFor(const state::SqliteStore& store, apply::Caller& caller, const Creates& creates) {
  Made made;
  std::set<std::string> addresses;
  std::set<std::string> ids;
  for (const Operation& create : creates) {
    const std::string address = apply::AddressAfter(std::nullopt, create);
    if (address.empty() || !addresses.insert(FoldCase(address)).second) continue;
    FoundThere found = Search(caller, {{.kind = create.kind, .address = address}}).front();
    if (!found) {
      made.is_told = false;
      return made;
    }
    made.is_crowded = made.is_crowded || found->size() > 1;
    for (ucaas::RemoteObject& object : *found) {
      const bool is_others =
          IsKnown(store, create.kind, object.remote_id) || store.WasOthers(create.kind, object.remote_id);
      if (is_others || !ids.insert(object.remote_id).second) continue;
      made.objects.push_back({.by = &create, .object = std::move(object)});
    }
  }
  return made;
}

std::vector<StoredEntity> GroupsOf(const state::SqliteStore& store) {
  std::vector<std::int64_t> ids;
  store.ForEachRemote([&ids](std::int64_t id, Kind kind, std::string_view) {
    if (kind == Kind::kGroup) ids.push_back(id);
  });
  std::vector<StoredEntity> groups;
  for (const std::int64_t id : ids) groups.push_back(store.Load(id));
  return groups;
}

std::vector<std::string> KeysOfGroups(const state::SqliteStore& store, const std::vector<std::string>& remote_ids) {
  std::vector<std::string> keys;
  if (remote_ids.empty()) return keys;
  store.ForEachRemote([&](std::int64_t id, Kind kind, std::string_view remote_id) {
    const bool is_in =
        kind == Kind::kGroup && std::find(remote_ids.begin(), remote_ids.end(), remote_id) != remote_ids.end();
    if (is_in) keys.push_back(store.Load(id).key);
  });
  std::sort(keys.begin(), keys.end());
  return keys;
}

void Tell(Observer& observer, const Operation& create, EventId event, std::string rest) {
  observer.OnEvent({.id = event, .text = std::string(Name(create.kind)), .key = create.key, .rest = std::move(rest)});
}

/// What the creates of one kind have made: one object at their addresses, that nobody else knows of.
void FindCreated(state::SqliteStore& store, apply::Caller& caller, Kind kind, const Unanswered& unanswered,
                 const Clock& clock, Observer& observer) {
  // A key may have been sent to several addresses.
  std::map<std::string, std::vector<std::pair<const Operation*, ucaas::RemoteObject>>> by_key;
  std::set<std::string> unclear;
  std::vector<const Operation*> asked;
  std::vector<Place> places;
  for (const Operation& create : unanswered.creates) {
    const std::string address = apply::AddressAfter(std::nullopt, create);
    if (create.kind != kind || address.empty()) continue;
    const auto row = store.Find(kind, create.key);
    if (row && row->lifecycle != Lifecycle::kGone) continue;
    asked.push_back(&create);
    places.push_back({.kind = kind, .address = address});
  }
  std::set<std::string> ids;
  for (std::size_t begin = 0; begin < places.size(); begin += kAtOnce) {
    // Some of a key's addresses were asked for, perhaps not all: the next run begins anew.
    if (caller.stopped()) return;
    const std::size_t end = std::min(places.size(), begin + kAtOnce);
    const auto at = [&](std::size_t i) { return places.begin() + static_cast<std::ptrdiff_t>(i); };
    const std::vector<FoundThere> found = Search(caller, {at(begin), at(end)});
    for (std::size_t i = begin; i < end; ++i) {
      const FoundThere& there = found[i - begin];
      const bool is_unclear = !there || there->size() > 1 ||
                              (there->size() == 1 && !unanswered.claims.IsOf(asked[i]->key, kind, there->front()));
      if (is_unclear) unclear.insert(asked[i]->key);
      if (!there || there->size() != 1) continue;
      ids.insert(there->front().remote_id);
      by_key[asked[i]->key].emplace_back(asked[i], there->front());
    }
  }
  const std::set<std::string> known = KnownOf(store, kind, ids);
  std::vector<state::SqliteStore::FoundLeftover> ours;
  for (auto& [key, objects] : by_key) {
    std::erase_if(objects, [&](const auto& object) {
      return known.contains(object.second.remote_id) || store.WasOthers(kind, object.second.remote_id);
    });
    if (objects.empty() || unclear.contains(key)) continue;
    const auto& [create, object] = objects.front();
    const std::string& id = object.remote_id;
    const bool is_one =
        std::all_of(objects.begin(), objects.end(), [&id](const auto& other) { return other.second.remote_id == id; });
    if (!is_one) continue;
    apply::MadeRow made = apply::RowOfUnanswered(*create, object, KeysOfGroups(store, object.group_ids), clock.Now());
    const auto gone = store.Find(kind, key);
    made.row.id = gone ? gone->id : 0;
    ours.push_back({.create = *create,
                    .row = std::move(made.row),
                    .fingerprint = made.is_as_sent ? create->fingerprint : Hash128{}});
  }
  if (ours.empty()) return;
  store.RecordFound(ours, clock.Now());
  observer.OnEvent({.id = EventId::kLeftoverFound,
                    .text = Counted(ours.size(), "create") + " of " + std::string(Name(kind)) +
                            "s that nobody answered had an effect: what was made is known now"});
}

/// What was made in place of an entity's object, which is gone at the target.
struct Anew {
  Presence presence = Presence::kUnknown;  ///< Gone: nothing was.
  ucaas::RemoteObject object{};
  bool is_as_sent = false;
};

Anew LookForAnew(const state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy,
                 const StoredEntity& entity, const Unanswered& unanswered) {
  Anew anew{.presence = Presence::kGone};
  const auto changes = unanswered.changes.find(entity.id);
  if (changes == unanswered.changes.end()) return anew;
  std::vector<Place> places;
  for (const std::string& address : changes->second.addresses) places.push_back({entity.kind, address});
  Objects found;
  for (FoundThere& there : Search(caller, places)) {
    if (!there) return {};
    std::move(there->begin(), there->end(), std::back_inserter(found));
  }
  std::erase_if(found, [&](const ucaas::RemoteObject& object) {
    return IsKnown(store, entity.kind, object.remote_id) || store.WasOthers(entity.kind, object.remote_id);
  });
  if (found.size() != 1 || !unanswered.claims.IsOf(entity.key, entity.kind, found.front())) return anew;
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

enum class Moment : std::uint8_t { kBeforePlan, kAfterPlan };

void Settle(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
            Observer& observer, const std::vector<std::int64_t>& unknown, const Unanswered& unanswered, Moment moment) {
  if (unknown.empty()) return;
  const plan::DriftScope scope = plan::DriftScopeOf(policy);
  plan::GroupKeys groups;
  for (const StoredEntity& group : GroupsOf(store)) groups.emplace(group.remote_id, group.key);
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
      StoredEntity& entity = asked[i];
      const bool is_gone = answers[i].presence == Presence::kGone;
      const Anew anew = is_gone ? LookForAnew(store, caller, policy, entity, unanswered) : Anew{};
      const bool is_anew = anew.presence == Presence::kThere;
      // Of all others nothing has to be known before: they are asked for again after the plan, which may touch them.
      if (moment == Moment::kBeforePlan && !is_anew) continue;
      if ((is_gone ? anew.presence : answers[i].presence) == Presence::kUnknown) {
        observer.OnEvent({.id = EventId::kLeftoverUnknown,
                          .text = std::string(Name(entity.kind)),
                          .key = entity.key,
                          .rest = ": a run that was cut off may have changed it, and the target cannot say so now; the "
                                  "next run asks again"});
        store.NoteDue(clock.Now());
        continue;
      }
      settled.entities.push_back(entity.id);
      if (is_gone && !is_anew) {
        settled.found.push_back({.entity_id = entity.id, .missing = true, .shown = {}, .groups = {}});
        continue;
      }
      if (is_anew) {
        entity.remote_id = anew.object.remote_id;
        // What shows something else may have been put back by hand.
        if (!anew.is_as_sent) entity.ownership = Ownership::kAdopted;
        settled.moved.push_back(entity);
      }
      const auto shown = is_anew ? AsListed(entity.kind, anew.object) : answers[i].object;
      if (auto finding = plan::DriftOf(entity, shown, scope, groups)) settled.found.push_back(*std::move(finding));
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

}  // namespace

void SettleBeforePlan(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                      Observer& observer) {
  const Unanswered unanswered = UnansweredOf(store);
  // Groups before contacts, whose rows name them.
  for (const Kind kind : kAllKinds) {
    FindCreated(store, caller, kind, unanswered, clock, observer);
    if (caller.stopped()) return;
  }
  std::vector<std::int64_t> changed;
  for (const auto& [id, changes] : unanswered.changes) changed.push_back(id);
  Settle(store, caller, policy, clock, observer, changed, unanswered, Moment::kBeforePlan);
}

void SettleLeftovers(state::SqliteStore& store, apply::Caller& caller, const Clock& clock, Observer& observer,
                     const Plan& plan) {
  for (const Creates& creates : Leftovers(store, plan)) {
    const Operation& create = creates.back();
    const auto row = store.Find(create.kind, create.key);
    if (row && row->lifecycle != Lifecycle::kGone) {
      store.RecordLeftover(create, std::nullopt, clock.Now());
      continue;
    }
    const Made made = LookFor(store, caller, creates);
    if (!made.is_told || made.is_crowded || made.objects.size() > 1) {
      Tell(observer, create, EventId::kLeftoverUnknown,
           made.is_told
               ? ": a run that was cut off may have created it, and the target has several objects with " +
                     std::string(made.is_crowded ? "its address" : "the addresses that it was given in turn") +
                     "; remove those there that nobody needs"
               : ": a run that was cut off may have created it, and the target cannot say so now; the next run asks "
                 "again");
      // Nothing but another run can tell; of several objects only a person can.
      if (!made.is_told) store.NoteDue(clock.Now());
      if (caller.stopped()) return;
      continue;
    }
    if (made.objects.empty()) {
      store.RecordLeftover(create, std::nullopt, clock.Now());
      continue;
    }
    const auto& [by, object] = made.objects.front();
    StoredEntity ours = apply::RowOfUnanswered(*by, object, KeysOfGroups(store, object.group_ids), clock.Now()).row;
    ours.id = row ? row->id : 0;
    store.RecordLeftover(create, ours, clock.Now());
    Tell(observer, create, EventId::kLeftoverFound,
         " was created by a run that was cut off, and the source does not ask for it now; the next run judges it like "
         "anybody who left");
  }
}

void SettleChanges(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                   Observer& observer, const std::vector<std::int64_t>& unknown) {
  if (unknown.empty()) return;
  Settle(store, caller, policy, clock, observer, unknown, UnansweredOf(store), Moment::kAfterPlan);
}

void SettleBeforePlan(const Context& context, state::SqliteStore& store) {
  if (store.LeftoverCreates().empty() && store.UnansweredUpdates().empty()) return;
  std::optional<Target> target;
  try {
    target.emplace(context);
  } catch (const Failure&) {
    // Whoever asks next, for what the plan wants, says so.
    return;
  }
  SettleBeforePlan(store, target->caller(), context.program.policy, context.clock, context.observer);
}

void SettleLeftovers(const Context& context, state::SqliteStore& store, const Plan& plan,
                     const std::vector<std::int64_t>& unknown) {
  if (Leftovers(store, plan).empty() && unknown.empty()) return;
  std::optional<Target> target;
  try {
    target.emplace(context);
  } catch (const Failure& failure) {
    // What the run did is done; a question that cannot be asked must not make it a failed one.
    context.observer.OnEvent(
        {.id = EventId::kLeftoverUnknown,
         .text = std::string("what a run that was cut off may have done cannot be looked up now, the next run asks "
                             "again: ") +
                 failure.what()});
    store.NoteDue(context.clock.Now());
    return;
  }
  SettleLeftovers(store, target->caller(), context.clock, context.observer, plan);
  if (target->caller().stopped()) return;
  SettleChanges(store, target->caller(), context.program.policy, context.clock, context.observer, unknown);
}

}  // namespace ucaas_sync::run
