#include <algorithm>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

#include "config/readers.h"
#include "daemon/model/sha256.h"

namespace ucaas_sync::config {
namespace {

using Pairs = std::vector<std::pair<Text, Text>>;

/// Writes values so that no two configurations read alike: each text with its length, each list with its count, every
/// value in a fixed order.
class Canonical {
 public:
  void Add(std::string_view text) {
    out_ += std::to_string(text.size()) + ':';
    out_ += text;
  }
  void Add(const Text& text) { Add(std::string_view(text.value)); }
  template <std::integral Number>
  void Add(Number number) {
    Add(std::string_view(std::to_string(number)));
  }
  template <typename Enum>
  requires std::is_enum_v<Enum>
  void Add(Enum value) { Add(static_cast<unsigned>(value)); }
  void Add(double number) {
    // The shortest form that reads back the same; to_string would follow the locale.
    char buffer[32];
    const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), number);
    Add(std::string_view(buffer, static_cast<std::size_t>(end - buffer)));
  }
  void Add(Duration duration) { Add(duration.count()); }
  template <typename T>
  void Add(const std::optional<T>& value) {
    Add(value.has_value());
    if (value) Add(*value);
  }
  void Add(const std::vector<Text>& texts) {
    Add(texts.size());
    for (const Text& text : texts) Add(text);
  }
  void Add(const Pairs& pairs) {
    Add(pairs.size());
    for (const auto& [key, value] : pairs) {
      Add(key);
      Add(value);
    }
  }
  /// For what means the same in any order.
  void AddSorted(std::vector<Text> texts) {
    std::sort(texts.begin(), texts.end(), [](const Text& a, const Text& b) { return a.value < b.value; });
    Add(texts);
  }
  void AddSorted(Pairs pairs) {
    std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first.value < b.first.value; });
    Add(pairs);
  }

  std::string Hash() const { return Sha256Hex(out_); }

 private:
  std::string out_ = "ucaas-sync configuration 1\n";
};

void AddTarget(Canonical& out, const TargetConfig& target) {
  out.Add(target.base_url);
  out.Add(target.sandbox);
  out.Add(target.basic ? target.basic->id.value : std::string());
  out.Add(target.login ? target.login->api_id.value : std::string());
  out.Add(target.login ? target.login->email.value : std::string());
  out.AddSorted(target.result_codes);
  out.AddSorted(target.routes);
  out.Add(target.membership);
}

void AddSource(Canonical& out, const SourceConfig& source) {
  out.Add(source.name);
  out.Add(source.format);
  out.Add(source.path);
  out.Add(source.pick);
  out.Add(source.command);
  out.Add(source.key);
  out.Add(source.filter);
  out.Add(source.delimiter);
  out.Add(source.encoding);
  out.AddSorted(source.split);
  out.Add(source.date_format);
  out.Add(source.prefer);
  out.Add(source.required);
  out.Add(source.max_age);
  out.Add(source.min_records);
  out.Add(source.final_newline_required);
}

void AddRule(Canonical& out, const RuleConfig& rule) {
  out.Add(rule.kind);
  out.Add(rule.from);
  out.Add(rule.join);  // in the file's order: the first partner with a value gives it
  out.Add(rule.filter);
  out.Add(rule.left);
  out.Add(rule.scope);
  out.Add(rule.key);
  out.AddSorted(rule.fields);
  out.AddSorted(rule.create_only);
  out.Add(rule.empty);
  out.Add(rule.existing);
  out.Add(rule.absent);
  out.Add(rule.absent_after);
  out.Add(rule.delete_after);
  out.Add(rule.delete_adopted);
  out.Add(rule.groups);
  out.Add(rule.members);
  out.Add(rule.nested);
}

void AddLimit(Canonical& out, const GuardLimit& limit) {
  out.Add(limit.percent);
  out.Add(limit.count);
  out.Add(limit.at_least);
  out.Add(limit.week);
}

void AddGuards(Canonical& out, const GuardsConfig& guards) {
  for (const KindGuards& kind : guards.kinds) {
    AddLimit(out, kind.create);
    AddLimit(out, kind.update);
    AddLimit(out, kind.suspend);
    AddLimit(out, kind.remove);
  }
  out.Add(guards.rewrite);
  out.Add(guards.members_lost);
  out.Add(guards.source_drop);
  out.Add(guards.rejects);
  out.Add(guards.fill_drop);
  out.Add(guards.failures);
  out.Add(guards.protect);
}

template <typename T>
std::vector<const T*> ByName(const std::vector<T>& values) {
  std::vector<const T*> sorted;
  for (const T& value : values) sorted.push_back(&value);
  std::sort(sorted.begin(), sorted.end(), [](const T* a, const T* b) { return a->name.value < b->name.value; });
  return sorted;
}

}  // namespace

std::string CanonicalHash(const Config& config) {
  Canonical out;
  AddTarget(out, config.target);
  out.Add(config.sources.size());
  for (const SourceConfig* source : ByName(config.sources)) AddSource(out, *source);
  out.Add(config.tables.size());
  for (const TableConfig* table : ByName(config.tables)) {
    out.Add(table->name);
    out.AddSorted(table->entries);
  }
  out.Add(config.rules.size());
  for (const RuleConfig& rule : config.rules) AddRule(out, rule);
  AddGuards(out, config.guards);
  out.Add(std::string_view(config.timezone));
  out.Add(config.drift);
  return out.Hash();
}

}  // namespace ucaas_sync::config
