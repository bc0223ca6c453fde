#include "daemon/mapping/protect.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "daemon/mapping/normalize.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

/// Every field of every kind; a name that two kinds have stands once.
std::vector<std::string_view> AllFieldNames() {
  std::vector<std::string_view> names;
  for (const Kind kind : kAllKinds) {
    for (const FieldSpec& field : FieldsOf(kind)) {
      if (!field.secret && std::find(names.begin(), names.end(), field.name) == names.end()) {
        names.push_back(field.name);
      }
    }
  }
  return names;
}

std::array<std::array<Slot, kMaxFields>, kKindCount> SlotsOfFields() {
  const std::vector<std::string_view> names = AllFieldNames();
  std::array<std::array<Slot, kMaxFields>, kKindCount> slots{};
  for (const Kind kind : kAllKinds) {
    slots[Index(kind)].fill(kNoSlot);
    const auto fields = FieldsOf(kind);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const auto found = std::find(names.begin(), names.end(), fields[i].name);
      if (found != names.end()) slots[Index(kind)][i] = static_cast<Slot>(found - names.begin());
    }
  }
  return slots;
}

}  // namespace

ProtectFilter ProtectFilter::Compile(const config::Text& text, config::Diagnostics& diagnostics) {
  const std::vector<std::string_view> names = AllFieldNames();
  ProtectFilter compiled;
  compiled.slots_ = SlotsOfFields();
  const auto resolve = [&](std::string_view name, std::size_t offset) {
    const auto found = std::find_if(names.begin(), names.end(),
                                    [&](std::string_view known) { return EqualsIgnoreAsciiCase(known, name); });
    if (found != names.end()) return static_cast<Slot>(found - names.begin());
    const auto nearest = Nearest(name, names);
    diagnostics.Error(text, offset, "the target has no field \"" + Shorten(name, 40) + "\"",
                      nearest ? "did you mean " + std::string(*nearest) + "?" : "protect looks at the target's fields");
    return Slot{0};
  };
  compiled.filter_ = Filter::Compile(text, resolve, diagnostics);
  return compiled;
}

bool ProtectFilter::Protects(Kind kind, const FieldSetView& fields) const {
  if (filter_.empty()) return false;
  Scratch scratch;
  Record record;
  for (std::size_t i = 0; i < kMaxFields; ++i) {
    const Slot slot = slots_[Index(kind)][i];
    if (slot == kNoSlot || fields[i].state != FieldState::kValue) continue;
    const std::string_view value = Normalize(fields[i].text, scratch);
    if (!value.empty()) record.Add(slot, value);
  }
  const DateReader dates;
  Findings findings;
  return filter_.Judge({.record = record}, {&dates, 1}, findings) != Verdict::kNo;
}

}  // namespace ucaas_sync::mapping
