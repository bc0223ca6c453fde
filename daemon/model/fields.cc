#include "daemon/model/fields.h"

namespace ucaas_sync {
namespace {

constexpr std::array<FieldSpec, 10> kUserFields{{
    {.name = "user_type", .required = true},
    {.name = "first_name", .required = true},
    {.name = "middle_name"},
    {.name = "last_name", .required = true},
    {.name = "email", .required = true},
    {.name = "password", .sent_once = true, .secret = true},
    {.name = "status"},
    {.name = "department"},
    {.name = "designation"},
    {.name = "send_welcome_mail", .type = FieldType::kBoolean, .sent_once = true},
}};

constexpr std::array<FieldSpec, 3> kGroupFields{{
    {.name = "name", .required = true},
    {.name = "desc"},
    {.name = "shared", .type = FieldType::kBoolean},
}};

constexpr std::array<FieldSpec, 5> kContactFields{{
    {.name = "name", .required = true},
    {.name = "email", .required = true},
    {.name = "company"},
    {.name = "designation"},
    {.name = "shared", .type = FieldType::kBoolean},
}};

}  // namespace

std::span<const FieldSpec> FieldsOf(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return kUserFields;
    case Kind::kGroup:
      return kGroupFields;
    case Kind::kContact:
      return kContactFields;
  }
  return {};
}

std::optional<FieldId> FindField(Kind kind, std::string_view name) {
  const auto fields = FieldsOf(kind);
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return static_cast<FieldId>(i);
  }
  return std::nullopt;
}

FieldId NaturalKeyField(Kind kind) {
  switch (kind) {
    case Kind::kUser:
      return kUserEmail;
    case Kind::kGroup:
      return kGroupName;
    case Kind::kContact:
      return kContactEmail;
  }
  return 0;
}

std::string DisplayName(Kind kind, const FieldSetView& fields) {
  std::string name;
  std::string_view email;
  switch (kind) {
    case Kind::kUser:
      name = fields[kUserFirstName].text;
      if (!name.empty() && !fields[kUserLastName].text.empty()) name += ' ';
      name += fields[kUserLastName].text;
      email = fields[kUserEmail].text;
      break;
    case Kind::kContact:
      name = fields[kContactName].text;
      email = fields[kContactEmail].text;
      break;
    case Kind::kGroup:
      return std::string(fields[kGroupName].text);
  }
  if (email.empty()) return name;
  return name.append(name.empty() ? "<" : " <").append(email).append(">");
}

FieldSet Own(const FieldSetView& view) {
  FieldSet out;
  for (std::size_t i = 0; i < kMaxFields; ++i) out[i] = Field(view[i]);
  return out;
}

FieldSetView View(const FieldSet& fields) {
  FieldSetView out;
  for (std::size_t i = 0; i < kMaxFields; ++i) out[i] = fields[i].view();
  return out;
}

}  // namespace ucaas_sync
