// The configuration file as a tree of values that know where they stand. Built from yaml-cpp's events, not from its
// nodes, because those hide what must not reach a user: a key given twice, where a quoted value begins, aliases that
// multiply. The tree owns its text. Single-threaded. Never throws for what the text says: every problem is a
// diagnostic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/load.h"
#include "daemon/model/problem.h"

namespace ucaas_sync::config {

/// Deeper nesting is refused; the contract needs five levels.
inline constexpr std::size_t kMaxDepth = 32;

struct Entry;

struct Node {
  enum class Type : std::uint8_t {
    kNothing,  ///< No value, `~` or `null`.
    kScalar,
    kList,
    kMap,
    kBroken,  ///< Already reported; readers pass over it in silence.
  };

  Type type = Type::kNothing;
  Location at;                 ///< Of its first character; of the first inside the quotes for a quoted scalar.
  std::string value;           ///< kScalar: after escapes and ${NAME}.
  bool columns_known = true;   ///< kScalar: see Text.
  bool from_variable = false;  ///< kScalar: some of it came from the environment.
  bool flow = false;           ///< kList, kMap: written with brackets or braces.
  std::vector<Node> items;     ///< kList
  std::vector<Entry> entries;  ///< kMap, in the file's order, each key once.

  bool is_scalar() const { return type == Type::kScalar; }
  Text AsText() const { return {value, at, columns_known}; }
};

struct Entry {
  Node key;  ///< Always a scalar.
  Node value;
};

/// Parses one YAML document. `file` is how locations call it. Nothing when there is no tree to speak of.
std::optional<Node> ParseYaml(std::string_view bytes, const std::string& file, const Environment& environment,
                              Diagnostics& diagnostics);

/// Overwrites every scalar of the tree: secrets may stand in it.
void Wipe(Node& node);

/// "a list", "a map of keys", "text" or "no value", for messages: never the text itself, which may be a secret.
std::string Describe(const Node& node);

}  // namespace ucaas_sync::config
