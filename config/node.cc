#include "config/node.h"

#include <string.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <streambuf>
#include <unordered_map>
#include <utility>

#include "config/expand.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

/// Reads bytes in place, so that no copy of a configuration with secrets stays behind in a stream's buffer.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view bytes) {
    char* begin = const_cast<char*>(bytes.data());  // std::streambuf asks for it; a get area is only read
    setg(begin, begin, begin + bytes.size());
  }
};

/// Turns yaml-cpp's lines and byte columns, both from 0, into lines and character columns from 1.
class Places {
 public:
  Places(std::string_view bytes, std::string file) : bytes_(bytes), file_(std::move(file)) {
    starts_.push_back(0);
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      if (bytes_[i] == '\n') starts_.push_back(i + 1);
    }
  }

  std::size_t OffsetOf(const YAML::Mark& mark) const {
    if (mark.line < 0 || mark.column < 0) return 0;
    const auto line = static_cast<std::size_t>(mark.line);
    if (line >= starts_.size()) return bytes_.size();
    return std::min(starts_[line] + static_cast<std::size_t>(mark.column), bytes_.size());
  }

  Location At(std::size_t offset) {
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
    const auto line = static_cast<std::size_t>(next - starts_.begin()) - 1;
    // Events come in the order of the file: going on from the last place keeps a file of one long line linear.
    if (line != line_ || offset < offset_) {
      line_ = line;
      offset_ = starts_[line];
      column_ = 1;
    }
    for (; offset_ < offset; ++offset_) {
      if ((static_cast<unsigned char>(bytes_[offset_]) & 0xC0U) != 0x80U) ++column_;
    }
    return {file_, line + 1, column_};
  }

  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
  std::string file_;
  std::vector<std::size_t> starts_;
  std::size_t line_ = std::numeric_limits<std::size_t>::max();
  std::size_t offset_ = 0;
  std::uint64_t column_ = 1;
};

/// Thrown by the builder through yaml-cpp to end parsing; the problem is already reported.
struct Enough {};

/// Builds the tree. The open containers are a stack of nodes by value; a finished one moves into the one below it.
class Builder final : public YAML::EventHandler {
 public:
  Builder(Places& places, const Environment& environment, Diagnostics& diagnostics)
      : places_(places), environment_(environment), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ < 2) return;
    diagnostics_.Error(places_.At(places_.OffsetOf(mark)), "a second YAML document begins here",
                       "keep one document in a file: remove the line ---, or put this part in a file of its own");
    throw Enough{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Node node;
    node.at = places_.At(places_.OffsetOf(mark));
    Put(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Node node;
    node.type = Node::Type::kBroken;
    node.at = places_.At(places_.OffsetOf(mark));
    diagnostics_.Error(node.at, "aliases (*name) are not supported",
                       "write the value itself; a text that begins with * needs quotes");
    Put(std::move(node));
  }

  void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override {
    diagnostics_.Error(places_.At(places_.OffsetOf(mark)), "anchors (&name) are not supported",
                       "leave the anchor out; a text that begins with & needs quotes");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    Node node;
    node.type = Node::Type::kScalar;
    CheckTag(mark, tag);
    std::size_t offset = places_.OffsetOf(mark);
    const std::string_view bytes = places_.bytes();
    if (offset < bytes.size() && (bytes[offset] == '"' || bytes[offset] == '\'')) {
      CheckClosed(offset);
      ++offset;
    }
    node.at = places_.At(offset);
    node.value = value;
    // What is written is what is read: no escapes, no folding, so that columns inside can be told.
    node.columns_known =
        bytes.substr(offset, value.size()) == value && value.find_first_of("\r\n") == std::string::npos;
    if (value.find("${") != std::string::npos) ExpandInto(node);
    Put(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value style) override {
    Open(Node::Type::kList, mark, tag, style);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value style) override {
    Open(Node::Type::kMap, mark, tag, style);
  }
  void OnMapEnd() override { Close(); }

  std::optional<Node> TakeRoot() { return std::move(root_); }

  /// The innermost bracket or brace that is open.
  std::optional<Location> OpenFlow() const {
    for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
      if (it->node.flow) return it->node.at;
    }
    return std::nullopt;
  }

 private:
  struct Container {
    Node node;
    std::optional<Node> key;                               // of a map: the key that waits for its value
    std::unordered_map<std::string, std::uint64_t> lines;  // of a map: where each key stands; a table may have 10,000
  };

  /// yaml-cpp takes a quote that is never closed for text up to the end of the file, in silence.
  void CheckClosed(std::size_t offset) {
    const std::string_view bytes = places_.bytes();
    const char quote = bytes[offset];
    for (std::size_t i = offset + 1; i < bytes.size(); ++i) {
      if (quote == '"' && bytes[i] == '\\') {
        ++i;
      } else if (bytes[i] == quote) {
        if (quote == '"' || i + 1 == bytes.size() || bytes[i + 1] != quote) return;
        ++i;
      }
    }
    diagnostics_.Error(places_.At(offset), "this quote is never closed",
                       "close it; a quote inside \"…\" is written \\\", one inside '…' is written ''");
    throw Enough{};
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    diagnostics_.Error(places_.At(places_.OffsetOf(mark)), "type tags (!name) are not supported",
                       "leave the tag out; a text that begins with ! needs quotes");
  }

  void ExpandInto(Node& node) {
    std::optional<std::string> expanded = Expand(node.AsText(), environment_, diagnostics_);
    node.from_variable = true;
    node.columns_known = false;
    if (expanded) {
      node.value = std::move(*expanded);
    } else {
      node.type = Node::Type::kBroken;
    }
  }

  void Open(Node::Type type, const YAML::Mark& mark, const std::string& tag, YAML::EmitterStyle::value style) {
    CheckTag(mark, tag);
    Container container;
    container.node.type = type;
    container.node.at = places_.At(places_.OffsetOf(mark));
    container.node.flow = style == YAML::EmitterStyle::Flow;
    if (open_.size() >= kMaxDepth) {
      diagnostics_.Error(container.node.at, "nested deeper than " + std::to_string(kMaxDepth) + " levels",
                         "look for brackets, braces or dashes that were repeated by mistake");
      throw Enough{};
    }
    open_.push_back(std::move(container));
  }

  void Close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    Put(std::move(node));
  }

  void Put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Container& parent = open_.back();
    if (parent.node.type == Node::Type::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      parent.key = std::move(node);
    } else {
      AddEntry(parent, std::move(*parent.key), std::move(node));
      parent.key.reset();
    }
  }

  void AddEntry(Container& map, Node key, Node value) {
    if (key.type == Node::Type::kBroken) return;
    if (key.type != Node::Type::kScalar) {
      diagnostics_.Error(key.at, "a key must be a plain word, not " + Describe(key),
                         "a text that begins with { or [ needs quotes");
      return;
    }
    if (key.value == "<<") {
      diagnostics_.Error(key.at, "merge keys (<<) are not supported", "write the keys themselves");
      return;
    }
    const auto [first, is_new] = map.lines.emplace(key.value, key.at.line);
    if (!is_new) {
      diagnostics_.Error(key.at,
                         "the key \"" + Shorten(key.value, 60) + "\" is given twice; the first is in line " +
                             std::to_string(first->second),
                         "keep one of the two");
      return;
    }
    map.node.entries.push_back({std::move(key), std::move(value)});
  }

  Places& places_;
  const Environment& environment_;
  Diagnostics& diagnostics_;
  int documents_ = 0;
  std::vector<Container> open_;
  std::optional<Node> root_;
};

/// What yaml-cpp would misread or end on in silence (it takes byte 4 for the end of the file).
bool CheckBytes(Places& places, Diagnostics& diagnostics) {
  const std::string_view bytes = places.bytes();
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    diagnostics.Error(places.At(0), "the file is UTF-16", "save it as UTF-8");
    return false;
  }
  if (const std::size_t bad = FindInvalidUtf8(bytes); bad != std::string_view::npos) {
    diagnostics.Error(places.At(bad), "the file is not UTF-8 here", "save it as UTF-8");
    return false;
  }
  bool good = true;
  bool indentation = true;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == '\t' && indentation) {
      const std::size_t text = bytes.find_first_not_of(" \t\r", i);
      // A line of blanks, or of blanks and a comment, says nothing.
      if (text != std::string_view::npos && bytes[text] != '\n' && bytes[text] != '#') {
        diagnostics.Error(places.At(i), "a tab in the indentation", "indent with spaces only");
        good = false;
      }
    } else if (c == 0) {
      diagnostics.Error(places.At(i), "a NUL byte; this is no text file, or it was damaged",
                        "restore it from a copy, or write it anew");
      return false;
    } else if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      diagnostics.Error(places.At(i), "a control character (" + Printable(bytes.substr(i, 1)) + ")", "remove it");
      good = false;
    }
    indentation = c == '\n' || (indentation && c == ' ');
  }
  return good;
}

void ReportSyntax(const YAML::ParserException& error, Places& places, const Builder& builder,
                  Diagnostics& diagnostics) {
  const std::string& message = error.msg;
  Location at = places.At(places.OffsetOf(error.mark));
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  if (says(YAML::ErrorMsg::END_OF_SEQ_FLOW) || says(YAML::ErrorMsg::END_OF_MAP_FLOW)) {
    diagnostics.Error(builder.OpenFlow().value_or(at), "this bracket or brace is never closed",
                      "close it, or put the text in quotes if it is part of one");
  } else if (says(YAML::ErrorMsg::EOF_IN_SCALAR) || says(YAML::ErrorMsg::DOC_IN_SCALAR)) {
    diagnostics.Error(at, "a quote above is never closed, or a line --- stands inside quotes", "close the quote");
  } else if (says(YAML::ErrorMsg::UNKNOWN_TOKEN)) {
    diagnostics.Error(at, "a value cannot begin with this character", "put the whole value in quotes");
  } else if (says(YAML::ErrorMsg::INVALID_ESCAPE) || says(YAML::ErrorMsg::INVALID_HEX)) {
    diagnostics.Error(at, "an escape that YAML does not know",
                      "in double quotes write \\\\ for a backslash, or use single quotes");
  } else if (says(YAML::ErrorMsg::MAP_VALUE)) {
    diagnostics.Error(at, "a second \": \" in one value, or a value in front of its key's children",
                      "put the value in quotes, or begin a new line");
  } else if (says(YAML::ErrorMsg::END_OF_MAP) || says(YAML::ErrorMsg::END_OF_SEQ)) {
    diagnostics.Error(
        at, "this line does not fit the lines above it",
        "check its indentation and its colon (\"key: value\"), that no list and keys are mixed, and that a "
        "text which begins with { or [ is in quotes");
  } else if (says(YAML::ErrorMsg::UNKNOWN_ANCHOR) || says("anchor") || says("alias")) {
    diagnostics.Error(at, "anchors (&name) and aliases (*name) are not supported",
                      "a text that begins with & or * needs quotes");
  } else {
    diagnostics.Error(at, "not valid YAML: " + message,
                      "check quotes, colons and indentation of this and the last line");
  }
}

}  // namespace

std::optional<Node> ParseYaml(std::string_view bytes, const std::string& file, const Environment& environment,
                              Diagnostics& diagnostics) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  Places places(bytes, file);
  if (!CheckBytes(places, diagnostics)) return std::nullopt;

  Builder builder(places, environment, diagnostics);
  try {
    ViewBuffer buffer(bytes);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::ParserException& error) {
    ReportSyntax(error, places, builder, diagnostics);
    return std::nullopt;
  } catch (const Enough&) {
    return std::nullopt;
  }
  return builder.TakeRoot();
}

void Wipe(Node& node) {
  explicit_bzero(node.value.data(), node.value.size());
  for (Node& item : node.items) Wipe(item);
  for (Entry& entry : node.entries) Wipe(entry.value);
}

std::string Describe(const Node& node) {
  switch (node.type) {
    case Node::Type::kNothing:
    case Node::Type::kBroken:
      return "no value";
    case Node::Type::kScalar:
      return "text";
    case Node::Type::kList:
      return "a list";
    case Node::Type::kMap:
      return "a map of keys";
  }
  return {};
}

}  // namespace ucaas_sync::config
