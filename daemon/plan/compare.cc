#include "daemon/plan/compare.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "daemon/model/text.h"

namespace ucaas_sync::plan {
namespace {

bool IsEmail(Kind kind, FieldId field) {
  return kind != Kind::kGroup && field == NaturalKeyField(kind);
}

bool HasValue(const FieldView& field) {
  return field.state == FieldState::kValue;
}

template <typename T>
void PutRaw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

}  // namespace

bool IsCompared(const RulePolicy& rule, FieldId field, const FieldView& desired) {
  if (desired.state == FieldState::kUnmapped || (rule.create_only & Bit(field)) != 0) return false;
  // A status is nothing that can be taken away: a blank cell says nothing of whether somebody is let in.
  if (rule.kind == Kind::kUser && field == kUserStatus && desired.state == FieldState::kEmpty) return false;
  return desired.state != FieldState::kEmpty || rule.empty == config::EmptyPolicy::kClear;
}

Hash128 FingerprintOf(const RulePolicy& rule, std::uint32_t mapping_version, const FieldSetView& desired,
                      std::string& scratch) {
  scratch.clear();
  PutRaw(scratch, mapping_version);
  PutRaw(scratch, rule.create_only);
  scratch += static_cast<char>(rule.empty);
  const std::size_t count = FieldsOf(rule.kind).size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto field = static_cast<FieldId>(i);
    if (!IsCompared(rule, field, desired[i])) continue;
    if (desired[i].state == FieldState::kUnknown) return {};
    // Field, state and length in one word: this runs for every field of every person.
    PutRaw(scratch, static_cast<std::uint64_t>(field) | static_cast<std::uint64_t>(desired[i].state) << 8U |
                        static_cast<std::uint64_t>(desired[i].text.size()) << 16U);
    scratch.append(desired[i].text);
  }
  return HashOf(scratch);
}

Hash128 AddressHash(std::string_view address) {
  return address.empty() ? Hash128{} : HashOf(FoldCase(address));
}

std::vector<FieldChange> Differences(const RulePolicy& rule, const FieldSetView& stored, const FieldSetView& desired) {
  std::vector<FieldChange> changes;
  const std::size_t count = FieldsOf(rule.kind).size();
  for (std::size_t i = 0; i < count; ++i) {
    const auto field = static_cast<FieldId>(i);
    const FieldView& want = desired[i];
    const FieldView& have = stored[i];
    if (!IsCompared(rule, field, want) || want.state == FieldState::kUnknown) continue;
    if (HasValue(want) == HasValue(have)) {
      if (!HasValue(want) || want.text == have.text) continue;
      if (IsEmail(rule.kind, field) && FoldCase(want.text) == FoldCase(have.text)) continue;
    }
    changes.push_back({.field = field, .before = Field(have), .after = Field(want)});
  }
  return changes;
}

std::optional<FieldId> UnknownRequired(Kind kind, const FieldSetView& desired) {
  const auto specs = FieldsOf(kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].required && desired[i].state == FieldState::kUnknown) return static_cast<FieldId>(i);
  }
  return std::nullopt;
}

bool IsInactive(const FieldView& status) {
  return HasValue(status) && status.text != kStatusActive;
}

bool LetsIn(const FieldSetView& desired) {
  const FieldView& status = desired[kUserStatus];
  return status.state == FieldState::kUnmapped || (HasValue(status) && status.text == kStatusActive);
}

void AddReturn(const Field& status, std::vector<FieldChange>& changes) {
  const auto place = std::find_if(changes.begin(), changes.end(),
                                  [](const FieldChange& change) { return change.field >= kUserStatus; });
  if (place != changes.end() && place->field == kUserStatus) return;
  changes.insert(place, {.field = kUserStatus, .before = status, .after = Field::Value(std::string(kStatusActive))});
}

std::vector<FieldChange> WithoutStatus(const std::vector<FieldChange>& changes) {
  std::vector<FieldChange> others;
  std::copy_if(changes.begin(), changes.end(), std::back_inserter(others),
               [](const FieldChange& change) { return change.field != kUserStatus; });
  return others;
}

std::string ChangedText(Kind kind, const std::vector<FieldChange>& changes, bool groups_changed) {
  std::vector<std::string_view> names;
  for (const FieldChange& change : changes) names.push_back(FieldsOf(kind)[change.field].name);
  if (groups_changed) names.emplace_back("groups");
  constexpr std::size_t kNamed = 3;
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i == kNamed - 1 && names.size() > kNamed) {
      return text + " and " + std::to_string(names.size() - i) + " more changed";
    }
    if (i != 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text + " changed";
}

}  // namespace ucaas_sync::plan
