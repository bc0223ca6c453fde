// SettleLeftovers, and what precedes a plan: the creates that nobody answered.
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
#include "daemon/run/leftovers_steps.h"
#include "daemon/run/lookup.h"

namespace ucaas_sync::run {
namespace {

/// Entities whose object the last look at the target did not find.
std::set<std::int64_t> FoundMissing(const state::SqliteStore& store) {
  std::set<std::int64_t> missing;
  for (const DriftFinding& finding : store.Drift()) {
    if (finding.missing) missing.insert(finding.entity_id);
  }
  return missing;
}

/// Whether it is known to have one, so that no create for it was needed.
bool HasObject(const std::optional<StoredEntity>& row, const std::set<std::int64_t>& missing) {
  return row && row->lifecycle != Lifecycle::kGone && !missing.contains(row->id);
}

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

Made LookFor(const state::SqliteStore& store, apply::Caller& caller, const Claims& claims, const Creates& creates) {
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
      if (is_others) continue;
      // A request of somebody else that nobody answered may have made it, since the address went over to them.
      const auto owner = claims.OwnerOf(create.kind, object);
      made.is_told = made.is_told && owner;
      if (owner != create.key || !ids.insert(object.remote_id).second) continue;
      made.objects.push_back({.by = &create, .object = std::move(object)});
    }
  }
  return made;
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

/// What the target shows at the addresses of unanswered creates of one kind.
struct Shown {
  using Object = std::pair<const Operation*, ucaas::RemoteObject>;  ///< By which create it may have been made.
  std::map<std::string, std::vector<Object>> by_key;                ///< A key may have been sent to several addresses.
  std::set<std::string> unclear;  ///< Keys that only the plan, or a person, can judge.
};

/// Nothing when the caller was stopped: some of a key's addresses were asked for, perhaps not all.
std::optional<Shown> AskForCreated(const state::SqliteStore& store, apply::Caller& caller, Kind kind,
                                   const Unanswered& unanswered) {
  std::vector<const Operation*> asked;
  std::vector<Place> places;
  const std::set<std::int64_t> missing = FoundMissing(store);
  for (const Operation& create : unanswered.creates) {
    const std::string address = apply::AddressAfter(std::nullopt, create);
    if (create.kind != kind || address.empty()) continue;
    if (HasObject(store.Find(kind, create.key), missing)) continue;
    asked.push_back(&create);
    places.push_back({.kind = kind, .address = address});
  }
  Shown shown;
  for (std::size_t begin = 0; begin < places.size(); begin += kAtOnce) {
    if (caller.stopped()) return std::nullopt;
    const std::size_t end = std::min(places.size(), begin + kAtOnce);
    const auto at = [&](std::size_t i) { return places.begin() + static_cast<std::ptrdiff_t>(i); };
    const std::vector<FoundThere> found = Search(caller, {at(begin), at(end)});
    for (std::size_t i = begin; i < end; ++i) {
      const FoundThere& there = found[i - begin];
      const bool is_one = there && there->size() == 1;
      const auto owner = is_one ? unanswered.claims.OwnerOf(kind, there->front()) : std::nullopt;
      // Addresses may have gone from one to the other between their creates: what another has made is none of this one.
      const bool is_clear = there && (there->empty() || owner);
      if (!is_clear) shown.unclear.insert(asked[i]->key);
      if (is_one && (!owner || owner == asked[i]->key)) {
        shown.by_key[asked[i]->key].emplace_back(asked[i], there->front());
      }
    }
  }
  return shown;
}

}  // namespace

bool HasLeftovers(const state::SqliteStore& store, const Plan& plan) {
  return !Leftovers(store, plan).empty();
}

void FindCreated(state::SqliteStore& store, apply::Caller& caller, Kind kind, const Unanswered& unanswered,
                 const Clock& clock, Observer& observer) {
  std::optional<Shown> shown = AskForCreated(store, caller, kind, unanswered);
  if (!shown) return;
  std::set<std::string> ids;
  for (const auto& [key, objects] : shown->by_key) {
    for (const Shown::Object& object : objects) ids.insert(object.second.remote_id);
  }
  const std::set<std::string> known = KnownOf(store, kind, ids);
  std::vector<state::SqliteStore::FoundLeftover> ours;
  for (auto& [key, objects] : shown->by_key) {
    std::erase_if(objects, [&](const Shown::Object& object) {
      return known.contains(object.second.remote_id) || store.WasOthers(kind, object.second.remote_id);
    });
    if (objects.empty() || shown->unclear.contains(key)) continue;
    const auto& [create, object] = objects.front();
    const std::string& id = object.remote_id;
    const bool is_one = std::all_of(objects.begin(), objects.end(),
                                    [&id](const Shown::Object& other) { return other.second.remote_id == id; });
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

void SettleLeftovers(state::SqliteStore& store, apply::Caller& caller, const Clock& clock, Observer& observer,
                     const Plan& plan) {
  const std::set<std::int64_t> missing = FoundMissing(store);
  const std::vector<Creates> leftovers = Leftovers(store, plan);
  const Claims claims = leftovers.empty() ? Claims() : UnansweredOf(store).claims;
  for (const Creates& creates : leftovers) {
    const Operation& create = creates.back();
    const auto row = store.Find(create.kind, create.key);
    if (HasObject(row, missing)) {
      store.RecordLeftover(create, std::nullopt, clock.Now());
      continue;
    }
    const Made made = LookFor(store, caller, claims, creates);
    if (!made.is_told || made.is_crowded || made.objects.size() > 1) {
      Tell(observer, create, EventId::kLeftoverUnknown,
           made.is_told
               ? ": a run that was cut off may have created it, and the target has several objects with " +
                     std::string(made.is_crowded ? "its address" : "the addresses that it was given in turn") +
                     "; remove those there that nobody needs"
               : ": a run that was cut off may have created it, and the target cannot say so now; the next run asks "
                 "again");
      // Nothing but another run can tell; of several objects only a person can.
      if (!made.is_told) store.NoteDue(clock.Now() + kAskAgainAfter);
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

}  // namespace ucaas_sync::run
