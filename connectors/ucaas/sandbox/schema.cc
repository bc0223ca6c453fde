#include "connectors/ucaas/sandbox/schema.h"

#include <algorithm>
#include <array>
#include <set>

#include "daemon/model/text.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr std::array<Column, 8> kUserColumns{{
    {.name = "user_type", .type = ColumnType::kUserType, .required = true},
    {.name = "first_name", .required = true},
    {.name = "middle_name"},
    {.name = "last_name", .required = true},
    {.name = "email", .type = ColumnType::kEmail, .required = true},
    {.name = "department"},
    {.name = "designation"},
    {.name = "status", .type = ColumnType::kStatus},
}};

constexpr std::array<Column, 3> kGroupColumns{{
    {.name = "name", .required = true},
    {.name = "desc"},
    {.name = "shared", .type = ColumnType::kBoolean},
}};

constexpr std::array<Column, 5> kContactColumns{{
    {.name = "name", .required = true},
    {.name = "email", .type = ColumnType::kEmail, .required = true},
    {.name = "company"},
    {.name = "designation"},
    {.name = "shared", .type = ColumnType::kBoolean},
}};

constexpr std::size_t kMaxText = 255;  // characters
constexpr std::size_t kMinPassword = 8;

Refusal Invalid(std::string_view name, std::string_view why) {
  return {Code::kValidation, std::string(name) + " " + std::string(why), {"field", std::string(name)}};
}

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::optional<Refusal> CheckText(std::string_view name, const std::string& text) {
  if (text.find('\0') != std::string::npos) return Invalid(name, "contains a NUL.");
  if (CountCharacters(text) > kMaxText) return Invalid(name, "is longer than 255 characters.");
  if (Trim(text).size() != text.size()) return Invalid(name, "begins or ends with white space.");
  return std::nullopt;
}

std::optional<Refusal> CheckColumn(const Column& column, const std::string& text, const Rules& rules) {
  if (auto refusal = CheckText(column.name, text)) return refusal;
  if (text.empty()) {
    // A status or type cannot be cleared, they have no empty value.
    const bool clearable = !column.required && column.type == ColumnType::kText;
    if (clearable) return std::nullopt;
    return Invalid(column.name, "must not be empty.");
  }
  switch (column.type) {
    case ColumnType::kText:
    case ColumnType::kBoolean:
      return std::nullopt;
    case ColumnType::kEmail:
      if (IsEmail(text)) return std::nullopt;
      return Refusal{Code::kValidation, "email is not an e-mail address.", {"email", text}};
    case ColumnType::kStatus:
      if (text == "A" || text == "S") return std::nullopt;
      return Invalid(column.name, "must be A or S.");
    case ColumnType::kUserType:
      if (std::find(rules.user_types.begin(), rules.user_types.end(), text) != rules.user_types.end()) {
        return std::nullopt;
      }
      return Invalid(column.name, "is not one of the known types.");
  }
  return std::nullopt;
}

std::optional<Refusal> SetColumn(Draft& draft, std::size_t index, const Column& column, const BodyValue& value,
                                 const Rules& rules) {
  if (column.type == ColumnType::kBoolean) {
    const bool* flag = std::get_if<bool>(&value);
    if (flag == nullptr) return Invalid(column.name, "must be a boolean.");
    draft.values[index] = *flag ? "true" : "false";
    return std::nullopt;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return Invalid(column.name, "must be a string.");
  if (auto refusal = CheckColumn(column, *text, rules)) return refusal;
  draft.values[index] = *text;
  return std::nullopt;
}

std::optional<Refusal> SetLinks(Draft& draft, std::string_view name, const BodyValue& value) {
  const auto* ids = std::get_if<std::vector<std::string>>(&value);
  if (ids == nullptr) return Invalid(name, "must be an array of strings.");
  const std::set<std::string_view> distinct(ids->begin(), ids->end());
  if (distinct.size() != ids->size()) return Invalid(name, "names one id more than once.");
  draft.links = *ids;
  return std::nullopt;
}

/// Fields of a user that go in and never come out.
std::optional<Refusal> SetSecret(Draft& draft, Intent intent, const std::string& name, const BodyValue& value) {
  if (name == "send_welcome_mail") {
    if (intent == Intent::kChange) return Invalid(name, "is for new users only.");
    const bool* flag = std::get_if<bool>(&value);
    if (flag == nullptr) return Invalid(name, "must be a boolean.");
    draft.send_welcome_mail = *flag;
    return std::nullopt;
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return Invalid(name, "must be a string.");
  if (auto refusal = CheckText(name, *text)) return refusal;
  if (CountCharacters(*text) < kMinPassword) return Invalid(name, "is shorter than 8 characters.");
  draft.password = *text;
  return std::nullopt;
}

bool IsAtomText(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

bool IsHostLabel(std::string_view label) {
  constexpr std::size_t kMaxLabel = 63;
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

std::span<const Column> ColumnsOf(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return kUserColumns;
    case Kind::kGroup:
      return kGroupColumns;
    case Kind::kContact:
      return kContactColumns;
  }
  return {};
}

std::size_t NaturalColumn(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return 4;
    case Kind::kGroup:
      return 0;
    case Kind::kContact:
      return 1;
  }
  return 0;
}

std::string_view IdName(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "user_id";
    case Kind::kGroup:
      return "group_id";
    case Kind::kContact:
      return "contact_id";
  }
  return "";
}

std::string_view ObjectName(Kind kind) {
  return Name(kind);
}

std::string_view LinksName(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return "";
    case Kind::kGroup:
      return "contact_ids";
    case Kind::kContact:
      return "group_ids";
  }
  return "";
}

std::vector<std::string_view> SearchFields(Kind kind) {
  std::vector<std::string_view> fields{IdName(kind)};
  for (const Column& column : ColumnsOf(kind)) {
    if (column.type != ColumnType::kBoolean) fields.push_back(column.name);
  }
  return fields;
}

std::variant<Draft, Refusal> ReadDraft(Kind kind, Intent intent, const Body& body, const Rules& rules) {
  const std::span<const Column> columns = ColumnsOf(kind);
  Draft draft;
  draft.values.resize(columns.size());
  for (const auto& member : body.members) {
    const auto& name = member.first;  // clang 14 cannot capture a structured binding
    const auto& value = member.second;
    std::optional<Refusal> refusal;
    const auto column = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == name; });
    const bool links_allowed = kind != Kind::kContact || intent == Intent::kCreate || rules.patch_group_ids;
    if (column != columns.end()) {
      refusal = SetColumn(draft, static_cast<std::size_t>(column - columns.begin()), *column, value, rules);
    } else if (kind != Kind::kUser && name == LinksName(kind) && links_allowed) {
      refusal = SetLinks(draft, name, value);
    } else if (kind == Kind::kUser && (name == "password" || name == "send_welcome_mail")) {
      refusal = SetSecret(draft, intent, name, value);
    } else {
      refusal = Refusal{Code::kValidation, "\"" + Shorten(name, 60) + "\" is not a field here.", {}};
    }
    if (refusal) return *std::move(refusal);
  }
  if (intent == Intent::kChange) {
    if (body.members.empty()) return Refusal{Code::kValidation, "There is nothing to change.", {}};
    return draft;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].required && !draft.values[i]) return Invalid(columns[i].name, "is required.");
  }
  return draft;
}

bool IsEmail(std::string_view text) {
  constexpr std::size_t kMaxAddress = 254;
  constexpr std::size_t kMaxLocal = 64;
  const std::size_t at = text.find('@');
  if (text.size() > kMaxAddress || at == std::string_view::npos || at == 0 || at > kMaxLocal) return false;
  const std::string_view local = text.substr(0, at);
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  if (!std::all_of(local.begin(), local.end(), [](char c) { return c == '.' || IsAtomText(c); })) return false;
  std::string_view host = text.substr(at + 1);
  std::size_t labels = 0;
  while (true) {
    const std::size_t dot = host.find('.');
    if (!IsHostLabel(host.substr(0, dot))) return false;
    ++labels;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
  }
  return labels >= 2;
}

}  // namespace ucaas_sync::sandbox
