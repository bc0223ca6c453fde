// What a user, a group and a contact are made of, and which bodies may make or change one. Strict on purpose: types,
// lengths, unknown names, white space at the ends. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/ucaas/sandbox/body.h"
#include "connectors/ucaas/sandbox/reply.h"
#include "daemon/model/kind.h"

namespace ucaas_sync::sandbox {

enum class ColumnType : std::uint8_t { kText, kEmail, kBoolean, kStatus, kUserType };

/// A field that is kept and shown.
struct Column {
  std::string_view name;
  ColumnType type = ColumnType::kText;
  bool required = false;
};

std::span<const Column> ColumnsOf(Kind kind);
/// Index of the column that tells objects apart: the e-mail, for groups the name.
std::size_t NaturalColumn(Kind kind);
/// Name of the id: "user_id".
std::string_view IdName(Kind kind);
/// Key of a single object in a reply: "user".
std::string_view ObjectName(Kind kind);
/// Contacts link to groups by "group_ids", groups to contacts by "contact_ids"; users link to nothing.
std::string_view LinksName(Kind kind);
/// What a list may be searched and ordered by: the id and all columns that are text.
std::vector<std::string_view> SearchFields(Kind kind);

/// What a valid body says. Booleans are "true" or "false".
struct Draft {
  std::vector<std::optional<std::string>> values;  ///< By column; nothing: not in the body.
  std::optional<std::vector<std::string>> links;   ///< Ids as they came, without repeats.
  std::optional<std::string> password;
  bool send_welcome_mail = false;
};

enum class Intent : std::uint8_t { kCreate, kChange };

struct Rules {
  std::vector<std::string> user_types;
  bool patch_group_ids = true;
};

/// 406 with the field's name for whatever is wrong first. Whether linked objects exist is not judged here.
std::variant<Draft, Refusal> ReadDraft(Kind kind, Intent intent, const Body& body, const Rules& rules);

/// Conservative: a dot-atom of ASCII, "@", a host name with at least one dot; 254 characters.
bool IsEmail(std::string_view text);

}  // namespace ucaas_sync::sandbox
