// What each attribute name of a file means to the reader: its slot, or that the line is none of an attribute.
// Entries of one file follow each other in much the same order, so a name is first compared with the one that followed
// its predecessor the last time; only a miss costs a look-up, and only a new spelling costs memory.
// Refers to the table it was made for. Single-threaded. A name that is not legal is no name: kNone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/model/record.h"

namespace ucaas_sync::ldif {

enum class Role : std::uint8_t {
  kAttribute,
  kRange,  ///< "member;range=0-1499", its values going to "member"
  kDn,
  kChangeType,
  kControl,
  kInclude,
};

struct Name {
  std::string text;  ///< As spelled, with its colon.
  Slot slot = kNoSlot;
  Role role = Role::kAttribute;
  std::uint32_t successor = 0;  ///< What followed it the last time.

  // For kRange:
  Slot marker = kNoSlot;  ///< Of "member;range".
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< kToTheEnd for "*".
};

inline constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

/// RFC 4512 attribute descriptions (a short name or a numeric OID, with options), with underscores, and with the signs
/// that ranges need in an option.
bool IsLegalName(std::string_view name);

class Names {
 public:
  using Index = std::uint32_t;
  static constexpr Index kNone = std::numeric_limits<Index>::max();
  /// What the first name of a record follows.
  static constexpr Index kStart = 0;

  explicit Names(AttributeTable& table);

  /// The name at the front of `line`, which came after `previous`; kNone when there is no legal name with a colon.
  Index Match(Index previous, std::string_view line) {
    const Index expected = names_[previous].successor;
    if (StartsWith(line, names_[expected].text)) return expected;
    if (StartsWith(line, names_[previous].text)) return previous;  // one more value
    return LookUp(previous, line);
  }

  const Name& operator[](Index index) const { return names_[index]; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  static bool StartsWith(std::string_view line, const std::string& text) {
    return line.size() >= text.size() && std::memcmp(line.data(), text.data(), text.size()) == 0;
  }
  Index LookUp(Index previous, std::string_view line);
  Name Describe(std::string_view spelled);

  AttributeTable& table_;
  std::vector<Name> names_;
  std::unordered_map<std::string, Index, Hash, std::equal_to<>> indexes_;  // by text
};

}  // namespace ucaas_sync::ldif
