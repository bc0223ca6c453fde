// Is somebody still at the target? Asked by id; whom the target does not know so is also searched by address, since a
// target may not offer the first and answer "not found" to everybody. Reads only. Uses the caller alone meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/caller.h"
#include "daemon/model/store.h"
#include "daemon/plan/planner.h"

namespace ucaas_sync::run {

enum class Presence : std::uint8_t { kThere, kGone, kUnknown };

struct LookedUp {
  Presence presence = Presence::kUnknown;
  plan::TargetListing::Object object;  ///< When there.
  std::string why = "no answer";       ///< When unknown …
  bool may_pass = true;                ///< … and whether asking again later is of any use.
};

/// One call and its last answer; nothing when the caller was stopped before it came.
std::optional<ucaas::CallResult> Ask(apply::Caller& caller, ucaas::Call call);

/// In the order of `entities`, all at once.
std::vector<LookedUp> LookUp(apply::Caller& caller, const std::vector<StoredEntity>& entities);

/// An address that is looked for.
struct Place {
  Kind kind = Kind::kUser;
  std::string address;
};
/// What has such an address; nothing: it cannot be told. Of several, two or more.
using FoundThere = std::optional<std::vector<ucaas::RemoteObject>>;

/// In the order of `places`, all at once.
std::vector<FoundThere> Search(apply::Caller& caller, const std::vector<Place>& places);

plan::TargetListing::Object AsListed(Kind kind, const ucaas::RemoteObject& object);

}  // namespace ucaas_sync::run
