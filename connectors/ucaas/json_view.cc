#include "connectors/ucaas/json_view.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::ucaas {

/// Receives RapidJSON's events. Returning false ends the parse, as a document that is too deep does.
class JsonDocument::Builder {
 public:
  using Ch = char;

  explicit Builder(JsonDocument& document) : document_(document) {}

  bool Null() { return Scalar(Type::kNull, {}); }
  bool Bool(bool value) { return Scalar(value ? Type::kTrue : Type::kFalse, value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    return Scalar(Type::kNumber, {text, length});
  }
  // RapidJSON lets an escaped low surrogate stand alone, and writes bytes for it that are not UTF-8: no such document.
  bool String(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    return IsUtf8({text, length}) && Scalar(Type::kString, {text, length});
  }
  bool Key(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    return IsUtf8({text, length}) && Scalar(Type::kString, {text, length});
  }
  bool StartObject() { return Open(Type::kObject); }
  bool StartArray() { return Open(Type::kArray); }
  bool EndObject(rapidjson::SizeType members) { return Close(members); }
  bool EndArray(rapidjson::SizeType elements) { return Close(elements); }

  // Never called: numbers come as they are written.
  bool Int(int /*value*/) { return false; }
  bool Uint(unsigned /*value*/) { return false; }
  bool Int64(std::int64_t /*value*/) { return false; }
  bool Uint64(std::uint64_t /*value*/) { return false; }
  bool Double(double /*value*/) { return false; }

 private:
  bool Scalar(Type type, std::string_view text) {
    const auto index = static_cast<std::uint32_t>(document_.nodes_.size());
    document_.nodes_.push_back({.type = type,
                                .offset = static_cast<std::uint32_t>(document_.bytes_.size()),
                                .length = static_cast<std::uint32_t>(text.size()),
                                .end = index + 1});
    document_.bytes_.append(text);
    return true;
  }

  bool Open(Type type) {
    if (open_.size() == kMaxDepth) return false;
    open_.push_back(static_cast<std::uint32_t>(document_.nodes_.size()));
    document_.nodes_.push_back({.type = type});
    return true;
  }

  bool Close(rapidjson::SizeType children) {
    Node& node = document_.nodes_[open_.back()];
    open_.pop_back();
    node.length = children;
    node.end = static_cast<std::uint32_t>(document_.nodes_.size());
    return true;
  }

  JsonDocument& document_;
  std::vector<std::uint32_t> open_;
};

std::optional<JsonDocument> JsonDocument::Parse(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.size() > kMaxBytes) return std::nullopt;
  // The parser takes a NUL for the end of its input: whatever came behind it would count for nothing.
  if (text.find('\0') != std::string_view::npos) return std::nullopt;

  // Iterative, because the recursive parser's stack is at the mercy of the sender.
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag | rapidjson::kParseNumbersAsStringsFlag;
  JsonDocument document;
  // Enough for what the API answers, so that a small reply is read without moving what was read.
  document.nodes_.reserve(8 + text.size() / 16);
  document.bytes_.reserve(text.size());
  Builder builder(document);
  rapidjson::MemoryStream stream(text.data(), text.size());
  rapidjson::Reader reader;
  if (reader.Parse<kFlags>(stream, builder).IsError()) return std::nullopt;
  return document;
}

bool JsonView::IsObject() const {
  return document_->nodes_[node_].type == JsonDocument::Type::kObject;
}

bool JsonView::IsArray() const {
  return document_->nodes_[node_].type == JsonDocument::Type::kArray;
}

bool JsonView::IsNull() const {
  return document_->nodes_[node_].type == JsonDocument::Type::kNull;
}

std::optional<JsonView> JsonView::Find(std::string_view key) const {
  if (!IsObject()) return std::nullopt;
  std::optional<JsonView> found;
  std::uint32_t name = FirstChild();
  for (std::size_t left = size(); left > 0; --left) {
    const JsonDocument::Node& node = document_->nodes_[name];
    const std::uint32_t value = name + 1;
    if (std::string_view(document_->bytes_).substr(node.offset, node.length) == key)
      found = JsonView(*document_, value);
    name = Next(value);
  }
  return found;
}

std::optional<std::string_view> JsonView::Text() const {
  const JsonDocument::Node& node = document_->nodes_[node_];
  switch (node.type) {
    case JsonDocument::Type::kTrue:
    case JsonDocument::Type::kFalse:
    case JsonDocument::Type::kNumber:
    case JsonDocument::Type::kString:
      return std::string_view(document_->bytes_).substr(node.offset, node.length);
    case JsonDocument::Type::kNull:
    case JsonDocument::Type::kArray:
    case JsonDocument::Type::kObject:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonView::FindText(std::string_view key) const {
  const auto member = Find(key);
  return member ? member->Text() : std::nullopt;
}

std::optional<bool> JsonView::Boolean() const {
  const auto text = Text();
  if (!text) return std::nullopt;
  const std::string_view word = Trim(*text);
  for (const std::string_view yes : {"true", "1", "yes"}) {
    if (EqualsIgnoreAsciiCase(word, yes)) return true;
  }
  for (const std::string_view no : {"false", "0", "no"}) {
    if (EqualsIgnoreAsciiCase(word, no)) return false;
  }
  return std::nullopt;
}

std::size_t JsonView::size() const {
  return IsArray() || IsObject() ? document_->nodes_[node_].length : 0;
}

std::uint32_t JsonView::Next(std::uint32_t child) const {
  return document_->nodes_[child].end;
}

}  // namespace ucaas_sync::ucaas
