// The fields of each kind as the UCaaS API knows them, and a field's value on our side: a value, empty or unknown.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/model/kind.h"

namespace ucaas_sync {

enum class FieldType : std::uint8_t { kText, kBoolean };

struct FieldSpec {
  std::string_view name;  ///< As in the configuration, the plan and the API's JSON.
  FieldType type = FieldType::kText;
  bool required = false;   ///< Empty means quarantine.
  bool sent_once = false;  ///< Sent on create only, never compared (password, send_welcome_mail).
  bool secret = false;     ///< Never in a plan, log, page or state.
};

/// Index into FieldsOf(kind).
using FieldId = std::uint8_t;
inline constexpr std::size_t kMaxFields = 10;

/// The API's fields of `kind`, at most kMaxFields. Membership in groups is not among them (see EntityView::groups).
std::span<const FieldSpec> FieldsOf(Kind kind);
std::optional<FieldId> FindField(Kind kind, std::string_view name);

inline constexpr FieldId kUserTypeField = 0;
inline constexpr FieldId kUserFirstName = 1;
inline constexpr FieldId kUserMiddleName = 2;
inline constexpr FieldId kUserLastName = 3;
inline constexpr FieldId kUserEmail = 4;
inline constexpr FieldId kUserPassword = 5;
inline constexpr FieldId kUserStatus = 6;
inline constexpr FieldId kUserDepartment = 7;
inline constexpr FieldId kUserDesignation = 8;
inline constexpr FieldId kUserSendWelcomeMail = 9;

inline constexpr FieldId kGroupName = 0;
inline constexpr FieldId kGroupDesc = 1;
inline constexpr FieldId kGroupShared = 2;

inline constexpr FieldId kContactName = 0;
inline constexpr FieldId kContactEmail = 1;
inline constexpr FieldId kContactCompany = 2;
inline constexpr FieldId kContactDesignation = 3;
inline constexpr FieldId kContactShared = 4;

/// The field by which the target tells two objects of one kind apart: the e-mail, for groups the name.
FieldId NaturalKeyField(Kind kind);

/// The values of a user's `status` (API: A active, S suspended).
inline constexpr std::string_view kStatusActive = "A";
inline constexpr std::string_view kStatusSuspended = "S";

enum class FieldState : std::uint8_t {
  kUnmapped,  ///< No rule says anything of it: never compared, never written.
  kUnknown,   ///< A rule maps it, but its value cannot be known now: never compared, never written.
  kEmpty,     ///< Known to be empty.
  kValue,
};

struct FieldView {
  FieldState state = FieldState::kUnmapped;
  std::string_view text;  ///< For kValue; booleans are "true" or "false".

  friend bool operator==(const FieldView&, const FieldView&) = default;
};

struct Field {
  FieldState state = FieldState::kUnmapped;
  std::string text;

  Field() = default;
  Field(FieldState s, std::string t) : state(s), text(std::move(t)) {}
  explicit Field(const FieldView& view) : state(view.state), text(view.text) {}
  static Field Value(std::string text) { return {FieldState::kValue, std::move(text)}; }
  static Field Empty() { return {FieldState::kEmpty, {}}; }

  FieldView view() const { return {state, text}; }
  friend bool operator==(const Field&, const Field&) = default;
};

using FieldSet = std::array<Field, kMaxFields>;
using FieldSetView = std::array<FieldView, kMaxFields>;

/// Who an object is, for people: "Ada Lovelace <ada@example.com>" as far as its fields say; a group's name.
std::string DisplayName(Kind kind, const FieldSetView& fields);

FieldSet Own(const FieldSetView& view);
FieldSetView View(const FieldSet& fields);

}  // namespace ucaas_sync
