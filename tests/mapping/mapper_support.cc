#include "tests/mapping/mapper_support.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync::mapping {

std::vector<Seen> Collector::Of(Kind kind, const std::string& key) const {
  std::vector<Seen> found;
  std::copy_if(entities.begin(), entities.end(), std::back_inserter(found),
               [&](const Seen& entity) { return entity.kind == kind && entity.key == key; });
  return found;
}

Seen Collector::Only(Kind kind, const std::string& key) const {
  const auto found = Of(kind, key);
  CAPTURE(key);
  REQUIRE(found.size() == 1);
  return found.front();
}

config::SourceConfig& Company::AddSource(const std::string& name, const std::string& key, config::Format format) {
  config::SourceConfig source;
  source.name = At(name);
  source.format = format;
  source.path = At("/srv/" + name);
  source.key = At(key);
  source.date_format = At("%Y-%m-%d");
  config.sources.push_back(std::move(source));
  return config.sources.back();
}

config::RuleConfig& Company::AddRule(Kind kind, const std::string& from) {
  config::RuleConfig rule;
  rule.kind = kind;
  rule.at = {.file = "config.yaml", .line = 7};
  rule.from = At(from);
  config.rules.push_back(std::move(rule));
  return config.rules.back();
}

config::RuleConfig& Company::AddUsers(const std::string& from) {
  config::RuleConfig& rule = AddRule(Kind::kUser, from);
  SetField(rule, "user_type", "moderator");
  SetField(rule, "first_name", "{first_name}");
  SetField(rule, "last_name", "{last_name}");
  SetField(rule, "email", "{email}");
  return rule;
}

void SetField(config::RuleConfig& rule, const std::string& name, const std::string& text) {
  for (auto& field : rule.fields) {
    if (field.first.value != name) continue;
    field.second = At(text);
    return;
  }
  rule.fields.emplace_back(At(name), At(text));
}

std::vector<Problem> Company::Errors() const {
  config::Diagnostics diagnostics;
  Mapper::Compile(config, diagnostics);
  return diagnostics.errors();
}

void Company::Run(const std::map<std::string, std::vector<Row>>& rows, const std::string& today) {
  config::Diagnostics diagnostics;
  Mapper mapper = Mapper::Compile(config, diagnostics);
  for (const Problem& problem : diagnostics.errors()) MESSAGE(problem.ToString());
  REQUIRE(diagnostics.ok());
  seen = {};
  checks.clear();
  read_order.clear();
  mapper.Begin({.today = Day(today), .timezone = timezone, .now = Instant(Day(today)) + std::chrono::hours(12)}, seen,
               trace);
  for (const std::size_t index : mapper.ReadOrder()) {
    const std::string& name = config.sources[index].name.value;
    read_order.push_back(name);
    AttributeTable table = mapper.AttributesFor(index);
    Snapshot snapshot{.source = name,
                      .location = "/srv/" + name,
                      .records = 0,
                      .rejected = 0,
                      .incomplete = std::nullopt,
                      .hash = {},
                      .files = {},
                      .columns = {}};
    const auto found = rows.find(name);
    if (found != rows.end()) {
      for (const Row& row : found->second) {
        Record record;
        record.line = ++snapshot.records + 1;
        for (const auto& [attribute, value] : row) {
          if (attribute == "dn") {
            record.dn = value;
            continue;
          }
          if (config.sources[index].format == config::Format::kCsv &&
              std::find(snapshot.columns.begin(), snapshot.columns.end(), attribute) == snapshot.columns.end()) {
            snapshot.columns.push_back(attribute);
          }
          const Slot slot = table.Find(attribute);
          const bool is_empty_column = value.empty() && config.sources[index].format == config::Format::kCsv;
          if (slot != kNoSlot && !is_empty_column) record.Add(slot, value);
        }
        mapper.SinkFor(index).OnRecord(record);
      }
    }
    if (std::find(rejecting.begin(), rejecting.end(), name) != rejecting.end()) {
      ++snapshot.rejected;
      const std::vector<std::string_view> values(rejected.begin(), rejected.end());
      mapper.SinkFor(index).OnReject(
          {.file = name, .line = 99, .reason = "1 field, the heading has 2", .values = values});
    }
    if (std::find(incomplete.begin(), incomplete.end(), name) != incomplete.end()) {
      snapshot.incomplete.emplace().what = "it ends in mid-row";
    }
    checks[name] = mapper.EndSource(index, snapshot);
  }
  due_at = mapper.due_at();
  mapper.End();
}

}  // namespace ucaas_sync::mapping
