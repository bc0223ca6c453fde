#include "daemon/run/unanswered.h"

#include <algorithm>
#include <optional>

#include "daemon/model/text.h"

namespace ucaas_sync::run {

void Claims::Add(Kind kind, const std::string& address, const std::string& key, const apply::FieldValues& sent) {
  if (!address.empty()) claims_.emplace(std::pair(kind, FoldCase(address)), Claim{.key = key, .sent = sent});
}

std::optional<std::string> Claims::OwnerOf(Kind kind, const ucaas::RemoteObject& object) const {
  const auto [begin, end] = claims_.equal_range({kind, FoldCase(object.fields[NaturalKeyField(kind)].text)});
  std::set<std::string> claimants;
  std::set<std::string> makers;
  std::for_each(begin, end, [&](const auto& at) {
    const Claim& claim = at.second;
    claimants.insert(claim.key);
    if (apply::Shows(object, kind, claim.sent)) makers.insert(claim.key);
  });
  const std::set<std::string>& owners = claimants.size() == 1 ? claimants : makers;
  return owners.size() == 1 ? std::optional(*owners.begin()) : std::nullopt;
}

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

Unanswered UnansweredOf(const state::SqliteStore& store) {
  Unanswered out{
      .creates = store.LeftoverCreates(), .changes = {}, .addresses = store.AddressesInDoubt(), .claims = {}};
  for (const Operation& create : out.creates) {
    out.claims.Add(create.kind, apply::AddressAfter(std::nullopt, create), create.key, apply::FieldsToCreate(create));
  }
  for (const Operation& change : store.UnansweredUpdates()) {
    const StoredEntity row = store.Load(change.entity_id);
    if (row.lifecycle == Lifecycle::kGone) continue;
    Changes& changes = out.changes[row.id];
    changes.sent.push_back(apply::FieldsToRecreate(row, change));
    for (const std::string& address : {row.fields[NaturalKeyField(row.kind)].text, apply::AddressAfter(row, change)}) {
      apply::AddAddress(changes.addresses, address);
      out.claims.Add(row.kind, address, row.key, changes.sent.back());
    }
  }
  return out;
}

std::optional<std::string> DoubtfulCreateOf(const StateView& state, const std::string& key) {
  for (const UnknownCreate& create : state.UnknownCreates()) {
    if (create.kind == Kind::kGroup || create.key != key) continue;
    return "a create of " + std::string(Name(create.kind)) + ' ' + Printable(key) + ", to " +
           Printable(create.address) +
           ", was sent and never answered, so it may be in the account; run `ucaas-sync sync` first, which looks it up";
  }
  return std::nullopt;
}

}  // namespace ucaas_sync::run
