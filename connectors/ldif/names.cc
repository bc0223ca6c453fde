#include "connectors/ldif/names.h"

#include <algorithm>
#include <optional>

#include "daemon/model/text.h"

namespace ucaas_sync::ldif {
namespace {

/// A file with more spellings than this is no export; further ones are looked up each time.
constexpr std::size_t kMaxNames = 16384;
/// Stands for a spelling beyond kMaxNames until the next one comes.
constexpr Names::Index kTransient = 1;

bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsNameChar(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '-' || c == '_';
}
bool IsOptionChar(char c) {
  return IsNameChar(c) || c == '=' || c == '*' || c == '.';
}

bool IsNumericOid(std::string_view text) {
  bool after_digit = false;
  for (const char c : text) {
    if (c == '.' ? !after_digit : !IsDigit(c)) return false;
    after_digit = c != '.';
  }
  return after_digit;
}

struct Range {
  std::string_view base;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// "member;range=0-1499" as AD writes it. Other options may stand before it.
std::optional<Range> ParseRange(std::string_view name) {
  const std::size_t semicolon = name.rfind(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  std::string_view option = name.substr(semicolon + 1);
  constexpr std::string_view kRangeEquals = "range=";
  if (!EqualsIgnoreAsciiCase(option.substr(0, kRangeEquals.size()), kRangeEquals)) return std::nullopt;
  option.remove_prefix(kRangeEquals.size());
  const std::size_t dash = option.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = ParseUnsigned(option.substr(0, dash));
  const std::string_view end = option.substr(dash + 1);
  const auto last = end == "*" ? std::optional(kToTheEnd) : ParseUnsigned(end);
  if (!first || !last) return std::nullopt;
  return Range{name.substr(0, semicolon), *first, *last};
}

}  // namespace

bool IsLegalName(std::string_view name) {
  const std::size_t semicolon = name.find(';');
  const std::string_view type = name.substr(0, semicolon);
  if (type.empty()) return false;
  if (IsAlpha(type.front()) ? !std::all_of(type.begin(), type.end(), IsNameChar) : !IsNumericOid(type)) return false;
  if (semicolon == std::string_view::npos) return true;
  char before = ';';
  for (const char c : name.substr(semicolon + 1)) {
    if (c == ';' ? before == ';' : !IsOptionChar(c)) return false;
    before = c;
  }
  return before != ';';
}

Names::Names(AttributeTable& table) : table_(table) {
  // The start and the transient name match no line: a line has no NUL.
  names_.resize(2);
  names_[kStart].text.assign(1, '\0');
  names_[kTransient].text.assign(1, '\0');
}

Names::Index Names::LookUp(Index previous, std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return kNone;
  const std::string_view text = line.substr(0, colon + 1);
  if (const auto it = indexes_.find(text); it != indexes_.end()) {
    names_[previous].successor = it->second;
    return it->second;
  }
  if (!IsLegalName(text.substr(0, colon))) return kNone;
  Name name = Describe(text.substr(0, colon));
  if (indexes_.size() >= kMaxNames) {
    names_[kTransient] = std::move(name);
    return kTransient;
  }
  const auto index = static_cast<Index>(names_.size());
  name.text = text;
  names_.push_back(std::move(name));
  indexes_.emplace(text, index);
  names_[previous].successor = index;
  return index;
}

Name Names::Describe(std::string_view spelled) {
  Name name;
  name.text = spelled;
  name.text += ':';
  if (EqualsIgnoreAsciiCase(spelled, "dn")) {
    name.role = Role::kDn;
  } else if (EqualsIgnoreAsciiCase(spelled, "changetype")) {
    name.role = Role::kChangeType;
  } else if (EqualsIgnoreAsciiCase(spelled, "control")) {
    name.role = Role::kControl;
  } else if (EqualsIgnoreAsciiCase(spelled, "include")) {
    name.role = Role::kInclude;
  } else if (const auto range = ParseRange(spelled); range && !table_.keeps_everything()) {
    name.role = Role::kRange;
    name.slot = table_.Find(range->base);
    name.marker = table_.Find(std::string(range->base) + ";range");
    name.first = range->first;
    name.last = range->last;
  } else {
    name.slot = table_.Find(spelled);
  }
  return name;
}

}  // namespace ucaas_sync::ldif
