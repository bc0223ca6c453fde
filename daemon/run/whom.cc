#include "daemon/run/whom.h"

#include <algorithm>
#include <tuple>

#include "daemon/model/text.h"

namespace ucaas_sync::run {

std::vector<StoredEntity> FindWho(const StateView& state, std::string_view who) {
  std::vector<StoredEntity> found;
  for (const Kind kind : kAllKinds) {
    if (auto entity = state.Find(kind, who)) found.push_back(std::move(*entity));
  }
  if (!found.empty() || who.empty()) return found;
  const Hash128 address = HashOf(FoldCase(who));
  std::vector<std::int64_t> rows;
  state.ForEachKnown([&](const KnownEntity& known) {
    if (known.address_hash == address && known.lifecycle != Lifecycle::kGone) rows.push_back(known.id);
  });
  for (const std::int64_t row : rows) found.push_back(state.Load(row));
  std::sort(found.begin(), found.end(), [](const StoredEntity& a, const StoredEntity& b) {
    return std::tie(a.kind, a.key) < std::tie(b.kind, b.key);
  });
  return found;
}

}  // namespace ucaas_sync::run
