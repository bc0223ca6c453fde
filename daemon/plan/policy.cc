#include "daemon/plan/policy.h"

#include <algorithm>
#include <string_view>

namespace ucaas_sync::plan {
namespace {

/// The more careful of two words on who is absent.
config::AbsentPolicy Milder(config::AbsentPolicy a, config::AbsentPolicy b) {
  const auto severity = [](config::AbsentPolicy policy) {
    switch (policy) {
      case config::AbsentPolicy::kKeep:
        return 0;
      case config::AbsentPolicy::kSuspend:
        return 1;
      case config::AbsentPolicy::kDelete:
        return 2;
    }
    return 0;
  };
  return severity(a) <= severity(b) ? a : b;
}

FieldMask CreateOnly(const config::RuleConfig& rule) {
  FieldMask mask = 0;
  const auto specs = FieldsOf(rule.kind);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const bool named = std::any_of(rule.create_only.begin(), rule.create_only.end(),
                                   [&](const config::Text& name) { return name.value == specs[i].name; });
    if (named || specs[i].sent_once) mask |= Bit(static_cast<FieldId>(i));
  }
  return mask;
}

/// "{team}": one attribute and nothing else.
bool IsOneAttribute(std::string_view text) {
  const bool is_braced = text.size() > 2 && text.front() == '{' && text.back() == '}';
  return is_braced && text.substr(1, text.size() - 2).find_first_of("{}|,") == std::string_view::npos;
}

/// What a joined record adds, or a template makes, does not stand in the record.
bool ShowsKey(const config::RuleConfig& rule) {
  if (rule.kind != Kind::kGroup) return rule.key.empty();
  if (!rule.join.empty()) return false;
  if (!rule.key.empty()) return IsOneAttribute(rule.key.value);
  return std::any_of(rule.fields.begin(), rule.fields.end(), [](const auto& field) {
    return field.first.value == "name" && IsOneAttribute(field.second.value);
  });
}

}  // namespace

bool Policy::maps_members() const {
  return std::any_of(rules.begin(), rules.end(), [](const RulePolicy& rule) { return rule.maps_members; });
}

bool Policy::has_rule_for(Kind kind) const {
  return std::any_of(rules.begin(), rules.end(), [&](const RulePolicy& rule) { return rule.kind == kind; });
}

bool Policy::ShowsKeys(std::uint16_t source, bool of_groups) const {
  return std::all_of(rules.begin(), rules.end(), [&](const RulePolicy& rule) {
    return rule.source != source || (rule.kind == Kind::kGroup) != of_groups || rule.shows_key;
  });
}

LeavePolicy Policy::LeavingFrom(Kind kind, std::uint16_t source) const {
  LeavePolicy out;
  for (const RulePolicy& rule : rules) {
    if (rule.kind != kind || rule.source != source) continue;
    if (!out.known) {
      out = {.known = true,
             .absent = rule.absent,
             .absent_after = rule.absent_after,
             .delete_after = rule.delete_after,
             .delete_adopted = rule.delete_adopted,
             .maps_members = rule.maps_members,
             .has_scope = rule.has_scope};
      continue;
    }
    out.absent = Milder(out.absent, rule.absent);
    out.absent_after = std::max(out.absent_after, rule.absent_after);
    if (!rule.delete_after || !out.delete_after) {
      out.delete_after.reset();
    } else {
      out.delete_after = std::max(*out.delete_after, *rule.delete_after);
    }
    out.delete_adopted = out.delete_adopted && rule.delete_adopted;
    out.maps_members = out.maps_members || rule.maps_members;
    out.has_scope = out.has_scope || rule.has_scope;
  }
  return out;
}

Policy MakePolicy(const config::Config& config, Protect protect, std::uint32_t mapping_version) {
  Policy policy;
  for (const config::SourceConfig& source : config.sources) {
    policy.sources.push_back(source.name.value);
    policy.patterns.push_back(source.pick == config::Pick::kAll ? source.path.value : std::string());
  }
  for (const config::RuleConfig& rule : config.rules) {
    const auto from = std::find(policy.sources.begin(), policy.sources.end(), rule.from.value);
    policy.rules.push_back({.kind = rule.kind,
                            .source = static_cast<std::uint16_t>(from - policy.sources.begin()),
                            .empty = rule.empty,
                            .create_only = CreateOnly(rule),
                            .existing = rule.existing,
                            .absent = rule.absent,
                            .absent_after = rule.absent_after,
                            .delete_after = rule.delete_after,
                            .delete_adopted = rule.delete_adopted,
                            .left = rule.left.value,
                            .maps_members = !rule.members.empty(),
                            .nested = rule.nested,
                            .has_scope = !rule.scope.value.empty(),
                            .shows_key = ShowsKey(rule)});
  }
  policy.guards = config.guards;
  policy.drift = config.drift;
  policy.protect = std::move(protect);
  policy.membership = config.target.membership != config::Membership::kOff;
  policy.timezone = config.timezone;
  policy.mapping_version = mapping_version;
  return policy;
}

}  // namespace ucaas_sync::plan
