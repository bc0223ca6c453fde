// A small company to map: sources written as text, entities as they came out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "daemon/mapping/mapper.h"
#include "daemon/model/entity.h"
#include "tests/mapping/support.h"

namespace ucaas_sync::mapping {

/// An entity that outlives the call.
struct Seen {
  Kind kind = Kind::kUser;
  Standing standing = Standing::kPresent;
  std::string key;
  FieldSet fields;
  std::string reason;
  std::uint16_t rule = 0;
  std::uint16_t source = 0;
  std::uint64_t line = 0;
  std::string dn;
  bool dn_known = true;
  Hash128 record_hash;
  std::vector<std::string> groups;
  bool groups_known = true;
  std::vector<std::string> members;
  bool members_known = true;
  std::optional<Date> leaves_on;
  bool may_be_rejected = false;
  bool is_in_scope = false;

  std::string Text(FieldId field) const { return fields[field].text; }
  FieldState State(FieldId field) const { return fields[field].state; }
};

struct SeenReject {
  std::uint16_t source = 0;
  std::uint64_t line = 0;
  std::string reason;
  std::vector<std::string> values;
  bool hides_groups_alone = false;
};

class Collector final : public EntitySink {
 public:
  void OnEntity(const EntityView& view) override {
    entities.push_back({.kind = view.kind,
                        .standing = view.standing,
                        .key = std::string(view.key),
                        .fields = Own(view.fields),
                        .reason = std::string(view.reason),
                        .rule = view.rule,
                        .source = view.source,
                        .line = view.line,
                        .dn = std::string(view.dn),
                        .dn_known = view.dn_known,
                        .record_hash = view.record_hash,
                        .groups = {view.groups.begin(), view.groups.end()},
                        .groups_known = view.groups_known,
                        .members = {view.members.begin(), view.members.end()},
                        .members_known = view.members_known,
                        .leaves_on = view.leaves_on,
                        .may_be_rejected = view.may_be_rejected,
                        .is_in_scope = view.is_in_scope});
  }
  void OnReject(const RejectView& view) override {
    rejects.push_back({.source = view.source,
                       .line = view.line,
                       .reason = std::string(view.reason),
                       .values = {view.values.begin(), view.values.end()},
                       .hides_groups_alone = view.hides_groups_alone});
  }

  /// The entities of one key, in the order in which they came.
  std::vector<Seen> Of(Kind kind, const std::string& key) const;
  /// The only entity of that key.
  Seen Only(Kind kind, const std::string& key) const;

  std::vector<Seen> entities;
  std::vector<SeenReject> rejects;
};

/// A record as attributes and values; "dn" and "line" are the record's own.
using Row = std::vector<std::pair<std::string, std::string>>;

/// Builds a configuration and runs the mapper over rows.
class Company {
 public:
  config::SourceConfig& AddSource(const std::string& name, const std::string& key,
                                  config::Format format = config::Format::kCsv);
  config::RuleConfig& AddRule(Kind kind, const std::string& from);
  /// A rule with every required field mapped from attributes of the same name.
  config::RuleConfig& AddUsers(const std::string& from);

  /// Maps `rows` (by source name) on `today`. A source without rows here is read and empty; one that is named in
  /// `incomplete` ends early.
  void Run(const std::map<std::string, std::vector<Row>>& rows, const std::string& today = "2026-11-23");
  /// Compiles alone and returns what is wrong.
  std::vector<Problem> Errors() const;

  config::Config config;
  std::vector<std::string> incomplete;
  std::vector<std::string> rejecting;  ///< Sources whose reader cannot use one record more.
  std::vector<std::string> rejected;   ///< The values of that record.
  std::string timezone = "UTC";
  Trace* trace = nullptr;

  Collector seen;
  std::map<std::string, SourceCheck> checks;
  std::vector<std::string> read_order;
  std::optional<Instant> due_at;
};

/// Sets a field's template.
void SetField(config::RuleConfig& rule, const std::string& name, const std::string& text);

}  // namespace ucaas_sync::mapping
