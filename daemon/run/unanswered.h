// The requests that nobody answered and that may have made something at the target: what they sent, and where it is
// then. Reads the state, nothing else. Single-threaded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/rows.h"
#include "daemon/model/operation.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::run {

/// Whose requests that nobody answered may have made what is at an address.
class Claims {
 public:
  void Add(Kind kind, const std::string& address, const std::string& key, const apply::FieldValues& sent);
  /// The one who may have made it; of several that one who alone has sent what it shows. Nothing when that cannot be
  /// told, or there is nobody.
  std::optional<std::string> OwnerOf(Kind kind, const ucaas::RemoteObject& object) const;

 private:
  struct Claim {
    std::string key;
    apply::FieldValues sent;
  };
  std::multimap<std::pair<Kind, std::string>, Claim> claims_;
};

/// Changes of one entity that may have made its object anew.
struct Changes {
  std::vector<std::string> addresses;    ///< One of which it has then.
  std::vector<apply::FieldValues> sent;  ///< One of which it shows then, unless somebody has changed it since.
};

struct Unanswered {
  std::vector<Operation> creates;           ///< Oldest first; one key may have several, with other addresses.
  std::map<std::int64_t, Changes> changes;  ///< By entity.
  std::map<std::int64_t, std::vector<std::string>> addresses;  ///< SqliteStore::AddressesInDoubt.
  Claims claims;
};

/// Those of `ids` that are in the state.
std::set<std::string> KnownOf(const state::SqliteStore& store, Kind kind, const std::set<std::string>& ids);
bool IsKnown(const state::SqliteStore& store, Kind kind, const std::string& remote_id);

Unanswered UnansweredOf(const state::SqliteStore& store);

/// Of a create of the user or contact with this key that may have made one whom the state does not know: why nothing
/// may be done with the key before that is known, as part of a sentence. Nothing when there is none.
std::optional<std::string> DoubtfulCreateOf(const StateView& state, const std::string& key);

}  // namespace ucaas_sync::run
