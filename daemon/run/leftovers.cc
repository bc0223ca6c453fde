#include "daemon/run/leftovers.h"

#include <algorithm>
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

namespace ucaas_sync::run {
namespace {

// A target that ignores the search lists everybody: beyond this many pages nothing is known.
constexpr std::uint32_t kMostSearchPages = 20;

using Objects = std::vector<ucaas::RemoteObject>;

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

/// Nothing: it cannot be told.
std::optional<Objects> Search(apply::Caller& caller, Kind kind, const std::string& address) {
  Objects found;
  for (std::uint32_t page = 1; page <= kMostSearchPages; ++page) {
    ucaas::Call call;
    call.verb = ucaas::Verb::kFind;
    call.kind = kind;
    call.address = address;
    call.page = page;
    std::optional<ucaas::CallResult> answer;
    caller.Submit(std::move(call), [&answer](const ucaas::CallResult& result, std::uint32_t) { answer = result; });
    caller.Drain();
    if (!answer) return std::nullopt;
    if (answer->verdict != ucaas::Verdict::kOk && answer->verdict != ucaas::Verdict::kMissing) return std::nullopt;
    for (const ucaas::RemoteObject& object : answer->objects) {
      const bool is_known = std::any_of(found.begin(), found.end(), [&](const ucaas::RemoteObject& known) {
        return known.remote_id == object.remote_id;
      });
      if (!is_known) found.push_back(object);
    }
    if (!answer->may_have_more || found.size() > 1) return found;
  }
  if (found.empty()) return std::nullopt;
  return found;
}

bool IsKnown(const state::SqliteStore& store, Kind kind, const std::string& remote_id) {
  bool is_known = false;
  store.ForEachRemote(
      [&](std::int64_t, Kind of, std::string_view id) { is_known = is_known || (of == kind && id == remote_id); });
  return is_known;
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
    auto found = Search(caller, create.kind, address);
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

}  // namespace

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
    StoredEntity ours =
        apply::RowAsFound(*by, object, Ownership::kCreated, KeysOfGroups(store, object.group_ids), clock.Now());
    ours.id = row ? row->id : 0;
    store.RecordLeftover(create, ours, clock.Now());
    Tell(observer, create, EventId::kLeftoverFound,
         " was created by a run that was cut off, and the source does not ask for it now; the next run judges it like "
         "anybody who left");
  }
}

void SettleChanges(state::SqliteStore& store, apply::Caller& caller, const plan::Policy& policy, const Clock& clock,
                   Observer& observer, const std::vector<std::int64_t>& unknown) {
  constexpr std::size_t kAtOnce = 16;
  if (unknown.empty()) return;
  const plan::DriftScope scope = plan::DriftScopeOf(policy);
  plan::GroupKeys groups;
  for (const StoredEntity& group : GroupsOf(store)) groups.emplace(group.remote_id, group.key);
  for (std::size_t begin = 0; begin < unknown.size(); begin += kAtOnce) {
    std::vector<StoredEntity> asked;
    std::vector<std::int64_t> settled;
    for (std::size_t i = begin; i < std::min(unknown.size(), begin + kAtOnce); ++i) {
      StoredEntity entity = store.Load(unknown[i]);
      if (entity.lifecycle == Lifecycle::kGone || entity.remote_id.empty()) {
        settled.push_back(entity.id);
      } else {
        asked.push_back(std::move(entity));
      }
    }
    std::vector<DriftFinding> found;
    const std::vector<LookedUp> answers = LookUp(caller, asked);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].presence == Presence::kUnknown) {
        observer.OnEvent({.id = EventId::kLeftoverUnknown,
                          .text = std::string(Name(asked[i].kind)),
                          .key = asked[i].key,
                          .rest = ": a run that was cut off may have changed it, and the target cannot say so now; the "
                                  "next run asks again"});
        store.NoteDue(clock.Now());
        continue;
      }
      settled.push_back(asked[i].id);
      if (answers[i].presence == Presence::kGone) {
        found.push_back({.entity_id = asked[i].id, .missing = true, .shown = {}, .groups = {}});
      } else if (auto finding = plan::DriftOf(asked[i], answers[i].object, scope, groups)) {
        found.push_back(*std::move(finding));
      }
    }
    store.SettleChanges(settled, found, clock.Now());
    if (caller.stopped()) return;
  }
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
