// The one way to look into JSON that somebody else wrote: every access is checked and answers "not there" instead of
// asserting. Numbers are kept as they were written, so an id of 19 digits stays itself.
// A JsonDocument owns its text; a JsonView points into it and must not outlive it. Not JSON is a value (nullopt).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ucaas_sync::ucaas {

class JsonDocument;

/// A value inside a document; cheap to copy.
class JsonView {
 public:
  bool IsObject() const;
  bool IsArray() const;
  bool IsNull() const;

  /// The member `key` of an object; nothing when this is no object or has no such member. Of repeated members the last
  /// counts.
  std::optional<JsonView> Find(std::string_view key) const;
  /// A string, a number as it was written, "true" or "false"; nothing for null, objects and arrays.
  std::optional<std::string_view> Text() const;
  /// Find(key), then Text().
  std::optional<std::string_view> FindText(std::string_view key) const;
  /// A string, number or boolean that means yes (true, "true", 1, "1", "yes") or no; nothing for anything else.
  std::optional<bool> Boolean() const;
  /// Elements of an array or members of an object; 0 for anything else.
  std::size_t size() const;

  /// Calls `visit(JsonView)` for each element of an array; nothing happens for anything else.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    if (!IsArray()) return;
    std::uint32_t child = FirstChild();
    for (std::size_t left = size(); left > 0; --left, child = Next(child)) visit(JsonView(*document_, child));
  }

 private:
  friend class JsonDocument;
  JsonView(const JsonDocument& document, std::uint32_t node) : document_(&document), node_(node) {}
  std::uint32_t FirstChild() const { return node_ + 1; }
  std::uint32_t Next(std::uint32_t child) const;

  const JsonDocument* document_;
  std::uint32_t node_;
};

class JsonDocument {
 public:
  static constexpr std::size_t kMaxDepth = 64;
  static constexpr std::size_t kMaxBytes = 64 * 1024 * 1024;

  /// Strict RFC 8259 in UTF-8 (a byte order mark before it is skipped), at most kMaxDepth levels and kMaxBytes.
  static std::optional<JsonDocument> Parse(std::string_view text);

  JsonView root() const { return {*this, 0}; }

 private:
  friend class JsonView;
  class Builder;
  enum class Type : std::uint8_t { kNull, kTrue, kFalse, kNumber, kString, kArray, kObject };
  /// Values in the order of the text; a member's name is a kString right before its value.
  struct Node {
    Type type = Type::kNull;
    std::uint32_t offset = 0;  ///< Of the text in bytes_.
    std::uint32_t length = 0;  ///< Of the text; for arrays and objects how many children.
    std::uint32_t end = 0;     ///< Index of the node after this one and all that is in it.
  };

  JsonDocument() = default;
  std::vector<Node> nodes_;
  std::string bytes_;
};

}  // namespace ucaas_sync::ucaas
