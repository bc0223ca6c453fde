#include "config/section.h"

#include <algorithm>
#include <optional>

#include "config/units.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

bool IsTrueWord(std::string_view word) {
  return EqualsIgnoreAsciiCase(word, "yes") || EqualsIgnoreAsciiCase(word, "on") || EqualsIgnoreAsciiCase(word, "y") ||
         EqualsIgnoreAsciiCase(word, "true") || word == "1";
}

std::string JoinWords(std::span<const std::string_view> words) {
  std::string joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += i + 1 == words.size() ? " or " : ", ";
    joined += words[i];
  }
  return joined;
}

/// The entry's value; nothing when it is broken or there is none, which is reported.
const Node* ValueOf(Context& context, const Entry& entry, const std::string& name) {
  if (entry.value.type == Node::Type::kBroken) return nullptr;
  if (entry.value.type != Node::Type::kNothing) return &entry.value;
  context.diagnostics.Error(entry.key.at, name + " has no value",
                            "give it one or remove the line; a value that begins with # needs quotes");
  return nullptr;
}

}  // namespace

std::string Quoted(std::string_view text) {
  return '"' + Shorten(text, 60) + '"';
}

std::string Suggest(std::string_view word, std::span<const std::string_view> known) {
  if (const auto nearest = Nearest(word, known)) return "did you mean " + Quoted(*nearest) + "?";
  return "known here: " + JoinWords(known);
}

std::string Context::Absolute(const std::string& path) const {
  return (file.parent_path() / path).lexically_normal().string();
}

void ReportType(Context& context, const Node& node, const std::string& name, std::string_view wanted) {
  if (node.type == Node::Type::kBroken) return;
  std::string what = name + " must be " + std::string(wanted) + ", not " + Describe(node);
  std::string remedy;
  if (wanted == "text" && node.type == Node::Type::kMap && node.flow) {
    remedy = "put it in quotes: YAML reads an unquoted { as the begin of a map";
  } else if (wanted == "text" && node.type == Node::Type::kList && node.flow) {
    remedy = "put it in quotes: YAML reads an unquoted [ as the begin of a list";
  } else if (wanted == "a map of keys" && node.is_scalar()) {
    const std::size_t colon = node.value.find(':');
    remedy = colon != std::string::npos && colon + 1 < node.value.size() && node.value[colon + 1] != ' '
                 ? "a space is needed after the colon of \"key: value\""
                 : "write its keys below it, indented, as \"key: value\"";
  } else if (wanted == "a list of texts") {
    remedy = "write [one, two], or a line \"- one\" for each";
  }
  context.diagnostics.Error(node.at, std::move(what), std::move(remedy));
}

Section::Section(Context& context, const Node& node, std::string name, Location at,
                 std::initializer_list<std::string_view> known_keys)
    : context_(context), node_(node), name_(std::move(name)), at_(std::move(at)) {
  if (node.type != Node::Type::kMap) {
    ReportType(context, node, name_.empty() ? "the file" : name_, "a map of keys");
    return;
  }
  readable_ = true;
  for (const Entry& entry : node.entries) {
    const std::string& key = entry.key.value;
    if (std::find(known_keys.begin(), known_keys.end(), key) != known_keys.end()) continue;
    // "key:secret" without its space is one word for YAML; what is behind the colon is not for messages.
    const std::size_t colon = key.find(':');
    const std::string_view shown = std::string_view(key).substr(0, colon);
    diagnostics().Error(entry.key.at, "unknown key " + Quoted(shown) + (name_.empty() ? "" : " in " + name_),
                        colon != std::string::npos && colon > 0
                            ? "a space is needed after the colon of \"key: value\""
                            : Suggest(shown, std::span<const std::string_view>(known_keys.begin(), known_keys.size())));
  }
}

const Entry* Section::Written(std::string_view key) const {
  for (const Entry& entry : node_.entries) {
    if (entry.key.value == key) return &entry;
  }
  return nullptr;
}

const Node* Section::Find(std::string_view key) {
  const Entry* entry = Written(key);
  return entry == nullptr ? nullptr : ValueOf(context_, *entry, NameOf(key));
}

const Node* Section::FindQuietly(std::string_view key) const {
  const Entry* entry = Written(key);
  if (entry == nullptr || entry->value.type == Node::Type::kBroken || entry->value.type == Node::Type::kNothing) {
    return nullptr;
  }
  return &entry->value;
}

Location Section::KeyAt(std::string_view key) const {
  const Entry* entry = Written(key);
  return entry == nullptr ? at_ : entry->key.at;
}

void Section::Require(std::string_view key, std::string remedy) {
  if (!readable_ || Has(key)) return;
  diagnostics().Error(at_, (name_.empty() ? "the file" : name_) + " lacks " + Quoted(key), std::move(remedy));
}

const Node* Section::FindScalar(std::string_view key) {
  const Node* node = Find(key);
  if (node == nullptr || node->is_scalar()) return node;
  ReportType(context_, *node, NameOf(key), "text");
  return nullptr;
}

void Section::Read(std::string_view key, Text& out) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return;
  if (Trim(node->value).empty()) {
    diagnostics().Error(node->at, NameOf(key) + " is empty", "give it a value or remove it");
    return;
  }
  out = node->AsText();
}

void Section::ReadPath(std::string_view key, Text& out) {
  Text written;
  Read(key, written);
  if (written.empty()) return;
  const std::string absolute = context_.Absolute(written.value);
  written.columns_known = written.columns_known && absolute == written.value;
  written.value = absolute;
  out = std::move(written);
}

void Section::Read(std::string_view key, bool& out) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return;
  if (node->value == "true") {
    out = true;
  } else if (node->value == "false") {
    out = false;
  } else {
    static constexpr std::string_view kFalseWords[] = {"no", "off", "n", "false", "0"};
    const bool is_false = std::any_of(std::begin(kFalseWords), std::end(kFalseWords),
                                      [&](std::string_view word) { return EqualsIgnoreAsciiCase(word, node->value); });
    diagnostics().Error(node->at, NameOf(key) + " must be true or false, not " + Quoted(node->value),
                        IsTrueWord(node->value) ? "write true" : (is_false ? "write false" : ""));
  }
}

void Section::Read(std::string_view key, Duration& out, Duration least) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return;
  const std::optional<Duration> value = ParseDuration(node->value);
  if (!value) {
    diagnostics().Error(node->at, NameOf(key) + ": " + Quoted(node->value) + " is not a duration",
                        std::string(kAcceptedDuration));
  } else if (*value < least) {
    diagnostics().Error(node->at, NameOf(key) + ": " + Quoted(node->value) + " is too short",
                        "write at least " + FormatDuration(least));
  } else {
    out = *value;
  }
}

void Section::ReadPercent(std::string_view key, double& out) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return;
  const std::optional<double> value = ParsePercent(node->value);
  if (value) {
    out = *value;
  } else {
    diagnostics().Error(node->at, NameOf(key) + ": " + Quoted(node->value) + " is not a percentage",
                        std::string(kAcceptedPercent));
  }
}

void Section::ReadRate(std::string_view key, double& out) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return;
  const std::optional<double> value = ParseRate(node->value);
  if (value && *value > 0) {
    out = *value;
  } else {
    diagnostics().Error(node->at, NameOf(key) + ": " + Quoted(node->value) + " is not a rate above 0",
                        std::string(kAcceptedRate));
  }
}

void Section::ReadInteger(std::string_view key, std::uint64_t& out, std::uint64_t least, std::uint64_t most) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return;
  const std::optional<std::uint64_t> value = ParseInteger(node->value);
  if (!value) {
    diagnostics().Error(node->at, NameOf(key) + ": " + Quoted(node->value) + " is not a whole number",
                        std::string(kAcceptedInteger));
  } else if (*value < least || *value > most) {
    diagnostics().Error(node->at, NameOf(key) + ": " + node->value + " is out of range",
                        most == std::numeric_limits<std::uint64_t>::max()
                            ? "write at least " + std::to_string(least)
                            : "write a number from " + std::to_string(least) + " to " + std::to_string(most));
  } else {
    out = *value;
  }
}

void Section::ReadInteger(std::string_view key, std::uint32_t& out, std::uint32_t least, std::uint32_t most) {
  std::uint64_t wide = out;
  ReadInteger(key, wide, least, most);
  out = static_cast<std::uint32_t>(wide);
}

void Section::ReadList(std::string_view key, OneOrMore form, std::vector<Text>& out) {
  const Node* node = Find(key);
  if (node == nullptr) return;
  if (node->is_scalar() && form == OneOrMore::kTextIsListOfOne) {
    Text text;
    Read(key, text);
    if (!text.empty()) out = {std::move(text)};
    return;
  }
  if (node->type != Node::Type::kList) {
    ReportType(context_, *node, NameOf(key), "a list of texts");
    return;
  }
  if (node->items.empty()) {
    diagnostics().Error(node->at, NameOf(key) + " is an empty list", "give it a value or remove it");
  }
  std::vector<Text> texts;
  for (const Node& item : node->items) {
    if (!item.is_scalar()) {
      ReportType(context_, item, "each item of " + NameOf(key), "text");
    } else if (item.value.empty()) {
      diagnostics().Error(item.at, "an empty item in " + NameOf(key), "give it a value or remove it");
    } else {
      texts.push_back(item.AsText());
    }
  }
  out = std::move(texts);
}

void ReadPairs(Context& context, const Entry& entry, const std::string& name, std::vector<std::pair<Text, Text>>& out) {
  const Node* node = ValueOf(context, entry, name);
  if (node == nullptr) return;
  if (node->type != Node::Type::kMap) {
    ReportType(context, *node, name, "a map of keys");
    return;
  }
  std::vector<std::pair<Text, Text>> pairs;
  for (const Entry& pair : node->entries) {
    const std::string pair_name = name + "." + Shorten(pair.key.value, 60);
    const Node* value = ValueOf(context, pair, pair_name);
    if (value == nullptr) continue;
    if (value->is_scalar()) {
      pairs.emplace_back(pair.key.AsText(), value->AsText());
    } else {
      ReportType(context, *value, pair_name, "text");
    }
  }
  out = std::move(pairs);
}

void Section::ReadPairs(std::string_view key, std::vector<std::pair<Text, Text>>& out) {
  if (const Entry* entry = Written(key)) config::ReadPairs(context_, *entry, NameOf(key), out);
}

std::size_t Section::ReadWordIndex(std::string_view key, std::span<const std::string_view> words) {
  const Node* node = FindScalar(key);
  if (node == nullptr) return words.size();
  const auto found = std::find(words.begin(), words.end(), node->value);
  if (found == words.end()) {
    diagnostics().Error(node->at, NameOf(key) + ": " + Quoted(node->value) + " is not known here",
                        "write " + JoinWords(words));
  }
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace ucaas_sync::config
