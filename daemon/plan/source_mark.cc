#include "daemon/plan/source_mark.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ucaas_sync::plan {
namespace {

void Put(std::string_view text, std::string& out) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

void PutSorted(std::span<const std::string_view> names, std::string& out) {
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::sort(sorted.begin(), sorted.end());
  for (const std::string_view name : sorted) Put(name, out);
  out += ';';
}

}  // namespace

std::optional<Hash128> MarkOf(const EntityView& entity) {
  switch (entity.standing) {
    case Standing::kLeft:
    case Standing::kFilteredOut:
      return kGoneMark;
    case Standing::kOutOfScope:
    case Standing::kQuarantined:
    case Standing::kUndecided:
      return std::nullopt;
    case Standing::kPresent:
      break;
  }
  if ((entity.maps_groups && !entity.groups_known) || (entity.maps_members && !entity.members_known)) {
    return std::nullopt;
  }
  std::string said;
  const auto specs = FieldsOf(entity.kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    // What is sent once is never compared either.
    if (specs[i].secret || specs[i].sent_once) continue;
    if (entity.fields[i].state == FieldState::kUnknown) return std::nullopt;
    said += static_cast<char>('0' + static_cast<int>(entity.fields[i].state));
    Put(entity.fields[i].text, said);
  }
  PutSorted(entity.groups, said);
  PutSorted(entity.members, said);
  return HashOf(said);
}

}  // namespace ucaas_sync::plan
