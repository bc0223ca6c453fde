#include "daemon/model/drift.h"

#include <algorithm>

#include "daemon/model/operation.h"

namespace ucaas_sync {

std::optional<DriftFinding> StillFound(const DriftFinding& finding, const Operation* operation, const FieldSet& fields,
                                       const std::vector<std::string>& groups) {
  // Gone, and made anew or given up; or made or removed by us, so that nothing of before is true any more.
  const bool is_made_or_removed =
      operation != nullptr && (operation->action == Action::kCreate || operation->action == Action::kDelete);
  if (finding.missing || is_made_or_removed) return std::nullopt;
  DriftFinding rest = finding;
  std::erase_if(rest.shown, [&](const std::pair<FieldId, Field>& shown) {
    const bool was_written = operation != nullptr && FindChange(*operation, shown.first) != nullptr;
    return was_written || fields[shown.first] == shown.second;
  });
  const bool groups_were_written = operation != nullptr && operation->groups.has_value();
  if (groups_were_written || rest.groups == groups) rest.groups.reset();
  if (rest.shown.empty() && !rest.groups) return std::nullopt;
  return rest;
}

}  // namespace ucaas_sync
