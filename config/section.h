// One map of the configuration, read key by key: unknown keys, wrong types and bad values are reported here, in one way
// for all sections. A getter leaves its result alone when the key is absent or broken, so that defaults stay.
// A Section is made on the stack, looks into the tree and the context, and owns neither. Single-threaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "config/load.h"
#include "config/node.h"
#include "daemon/model/time.h"

namespace ucaas_sync::config {

/// What the readers of all sections share.
struct Context {
  Diagnostics& diagnostics;
  const Environment& environment;
  std::filesystem::path file;       ///< Absolute.
  bool readable_by_others = false;  ///< The configuration file itself.

  /// `path` from the folder of the configuration file.
  std::string Absolute(const std::string& path) const;
};

class Section {
 public:
  /// `name` is for messages ("target.retry"); `at` is where a missing key is reported. A node that is no map is
  /// reported and then reads as an empty one.
  Section(Context& context, const Node& node, std::string name, Location at,
          std::initializer_list<std::string_view> known_keys);

  Context& context() { return context_; }
  Diagnostics& diagnostics() { return context_.diagnostics; }
  const std::string& name() const { return name_; }
  const Location& at() const { return at_; }
  /// False when the section could not be read at all: what is missing in it is then not worth a word.
  bool readable() const { return readable_; }
  std::string NameOf(std::string_view key) const {
    return name_.empty() ? std::string(key) : name_ + "." + std::string(key);
  }

  /// Whether the key was written, with whatever value.
  bool Has(std::string_view key) const { return Written(key) != nullptr; }
  /// The value of a key; nothing when it is absent, broken, or has no value (which is reported).
  const Node* Find(std::string_view key);
  /// The same without a word about a missing value.
  const Node* FindQuietly(std::string_view key) const;
  /// Where the key itself stands; the section's place when it is absent.
  Location KeyAt(std::string_view key) const;

  /// Reports the key as missing unless it was written.
  void Require(std::string_view key, std::string remedy);

  /// Text that is not empty.
  void Read(std::string_view key, Text& out);
  /// A path, made absolute.
  void ReadPath(std::string_view key, Text& out);
  void Read(std::string_view key, bool& out);
  void Read(std::string_view key, Duration& out, Duration least = Duration(1));
  void ReadPercent(std::string_view key, double& out);
  void ReadRate(std::string_view key, double& out);
  void ReadInteger(std::string_view key, std::uint64_t& out, std::uint64_t least = 0,
                   std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  void ReadInteger(std::string_view key, std::uint32_t& out, std::uint32_t least, std::uint32_t most);
  /// A list of texts; a single text stands for a list of one unless `list_only`.
  enum class OneOrMore : std::uint8_t { kListOnly, kTextIsListOfOne };
  void ReadList(std::string_view key, OneOrMore form, std::vector<Text>& out);
  /// See the function of that name below.
  void ReadPairs(std::string_view key, std::vector<std::pair<Text, Text>>& out);

  /// One of a few words.
  template <typename Enum>
  void ReadWord(std::string_view key, std::initializer_list<std::pair<std::string_view, Enum>> words, Enum& out) {
    std::vector<std::string_view> names;
    for (const auto& [word, value] : words) names.push_back(word);
    const std::size_t index = ReadWordIndex(key, names);
    if (index < names.size()) out = (words.begin() + index)->second;
  }

 private:
  const Entry* Written(std::string_view key) const;
  const Node* FindScalar(std::string_view key);
  std::size_t ReadWordIndex(std::string_view key, std::span<const std::string_view> words);

  Context& context_;
  const Node& node_;
  std::string name_;
  Location at_;
  bool readable_ = false;
};

/// Reports `node`, which is not `wanted` ("text", "a list"); knows the usual slips (an unquoted {template}, a colon
/// without its space).
void ReportType(Context& context, const Node& node, const std::string& name, std::string_view wanted);

/// The pairs of a map whose keys are the user's own, in the file's order; values may be empty. `name` is for messages.
void ReadPairs(Context& context, const Entry& entry, const std::string& name, std::vector<std::pair<Text, Text>>& out);

/// `"word" in quotes`, shortened and printable.
std::string Quoted(std::string_view text);

/// "did you mean "x"?", or what is known here.
std::string Suggest(std::string_view word, std::span<const std::string_view> known);

}  // namespace ucaas_sync::config
