#include <algorithm>
#include <string>
#include <utility>

#include "config/readers.h"
#include "daemon/model/fields.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

std::vector<std::string_view> FieldNames(Kind kind) {
  std::vector<std::string_view> names;
  for (const FieldSpec& field : FieldsOf(kind)) names.push_back(field.name);
  return names;
}

bool Maps(const RuleConfig& rule, std::string_view field) {
  return std::any_of(rule.fields.begin(), rule.fields.end(),
                     [&](const auto& mapped) { return mapped.first.value == field; });
}

void CheckSource(Section& rule, const Text& name, std::span<const std::string_view> sources, const std::string& where) {
  if (std::find(sources.begin(), sources.end(), name.value) != sources.end()) return;
  rule.diagnostics().Error(name.at, where + ": " + Quoted(name.value) + " is no source",
                           sources.empty() ? "name it under sources" : Suggest(name.value, sources));
}

void ReadSourcesOf(Section& rule, RuleConfig& out, std::span<const std::string_view> sources) {
  rule.Require("from", "add from: with the name of a source");
  rule.Read("from", out.from);
  if (!out.from.empty()) CheckSource(rule, out.from, sources, rule.NameOf("from"));
  rule.ReadPairs("join", out.join);
  for (const auto& [partner, attribute] : out.join) {
    CheckSource(rule, partner, sources, rule.NameOf("join"));
    if (partner.value == out.from.value && !out.from.empty()) {
      rule.diagnostics().Error(partner.at,
                               rule.NameOf("join") + ": " + Quoted(partner.value) + " is the rule's own source",
                               "join another one");
    }
    if (attribute.value.empty()) {
      rule.diagnostics().Error(attribute.at, rule.NameOf("join") + "." + Shorten(partner.value, 60) + " is empty",
                               "write the attribute that holds the other record's key");
    }
  }
}

void ReadFields(Section& rule, RuleConfig& out) {
  const std::vector<std::string_view> names = FieldNames(out.kind);
  const std::string kind(Name(out.kind));
  rule.Require("fields", "add fields: with what each " + kind + " is made of");
  rule.ReadPairs("fields", out.fields);
  for (const auto& [field, value] : out.fields) {
    if (FindField(out.kind, field.value)) continue;
    rule.diagnostics().Error(field.at, "a " + kind + " has no field " + Quoted(field.value),
                             Suggest(field.value, names));
  }
  if (!rule.Has("fields")) return;
  for (const FieldSpec& field : FieldsOf(out.kind)) {
    if (!field.required || Maps(out, field.name)) continue;
    // A field that is written but broken has been reported; it is not missing.
    if (const Node* node = rule.FindQuietly("fields")) {
      const bool written =
          node->type != Node::Type::kMap || std::any_of(node->entries.begin(), node->entries.end(),
                                                        [&](const Entry& e) { return e.key.value == field.name; });
      if (written) continue;
    }
    rule.diagnostics().Error(
        rule.KeyAt("fields"),
        rule.NameOf("fields") + " lacks \"" + std::string(field.name) + "\", which every " + kind + " must have",
        "add " + std::string(field.name) + ": \"{…}\"");
  }

  rule.ReadList("create_only", Section::OneOrMore::kTextIsListOfOne, out.create_only);
  for (const Text& field : out.create_only) {
    if (Maps(out, field.value)) continue;
    std::vector<std::string_view> mapped;
    for (const auto& [name, value] : out.fields) mapped.push_back(name.value);
    rule.diagnostics().Error(
        field.at, rule.NameOf("create_only") + ": " + Quoted(field.value) + " is not among the rule's fields",
        Suggest(field.value, mapped));
  }
}

void ReadLeaving(Section& rule, RuleConfig& out) {
  const bool users = out.kind == Kind::kUser;
  out.absent = users ? AbsentPolicy::kSuspend : AbsentPolicy::kDelete;
  if (users) {
    rule.ReadWord<AbsentPolicy>(
        "absent",
        {{"suspend", AbsentPolicy::kSuspend}, {"delete", AbsentPolicy::kDelete}, {"keep", AbsentPolicy::kKeep}},
        out.absent);
  } else if (const Node* node = rule.FindQuietly("absent"); node != nullptr && node->value == "suspend") {
    rule.diagnostics().Error(node->at, rule.NameOf("absent") + ": only users can be suspended", "write delete or keep");
  } else {
    rule.ReadWord<AbsentPolicy>("absent", {{"delete", AbsentPolicy::kDelete}, {"keep", AbsentPolicy::kKeep}},
                                out.absent);
  }
  rule.Read("absent_after", out.absent_after, Duration(0));

  if (const Node* node = rule.FindQuietly("delete_after"); node != nullptr && node->value != "never") {
    Duration after{-1};
    rule.Read("delete_after", after, Duration(0));
    if (after.count() >= 0) out.delete_after = after;
    if (!users) {
      rule.diagnostics().Warning(node->at, rule.NameOf("delete_after") + " has no effect",
                                 "it counts from a suspension, and only users are suspended; see absent_after");
    }
  } else if (node == nullptr) {
    rule.Find("delete_after");
  }

  rule.Read("delete_adopted", out.delete_adopted);
  if (users && out.delete_adopted) {
    rule.diagnostics().Warning(rule.KeyAt("delete_adopted"), rule.NameOf("delete_adopted") + " has no effect",
                               "an adopted user is suspended, never deleted");
  }
}

/// Keys that belong to one kind only, named as such rather than as unknown.
void ReadMembership(Section& rule, RuleConfig& out) {
  const auto refuse = [&](std::string_view key, const char* owner) {
    if (!rule.Has(key)) return;
    rule.diagnostics().Error(rule.KeyAt(key), "\"" + std::string(key) + "\" goes with " + owner + " only",
                             "remove it, or move it there");
  };
  if (out.kind == Kind::kContact) {
    rule.Read("groups", out.groups);
  } else {
    refuse("groups", "contacts");
  }
  if (out.kind == Kind::kGroup) {
    rule.Read("members", out.members);
    rule.Read("nested", out.nested);
    if (out.nested && !rule.Has("members")) {
      rule.diagnostics().Error(rule.KeyAt("nested"), rule.NameOf("nested") + " needs \"members\"",
                               "add members: \"{member}\"");
    }
  } else {
    refuse("members", "groups");
    refuse("nested", "groups");
  }
}

RuleConfig ReadRule(Context& context, Kind kind, const Node& node, const Location& at, const std::string& name,
                    std::span<const std::string_view> sources) {
  RuleConfig out;
  out.kind = kind;
  out.at = at;
  Section rule(context, node, name, at,
               {"from", "join", "filter", "left", "scope", "key", "fields", "create_only", "empty", "existing",
                "absent", "absent_after", "delete_after", "delete_adopted", "groups", "members", "nested"});
  if (!rule.readable()) return out;
  ReadSourcesOf(rule, out, sources);
  rule.Read("filter", out.filter);
  rule.Read("left", out.left);
  rule.Read("scope", out.scope);
  rule.Read("key", out.key);
  ReadFields(rule, out);
  rule.ReadWord<EmptyPolicy>("empty", {{"keep", EmptyPolicy::kKeep}, {"clear", EmptyPolicy::kClear}}, out.empty);
  rule.ReadWord<ExistingPolicy>(
      "existing", {{"adopt", ExistingPolicy::kAdopt}, {"quarantine", ExistingPolicy::kQuarantine}}, out.existing);
  ReadLeaving(rule, out);
  ReadMembership(rule, out);
  return out;
}

}  // namespace

std::vector<RuleConfig> ReadRules(Context& context, Kind kind, const Node& node, const Location& at,
                                  std::span<const std::string_view> source_names) {
  std::vector<RuleConfig> rules;
  const std::string name = std::string(Name(kind)) + "s";
  if (node.type == Node::Type::kMap) {
    rules.push_back(ReadRule(context, kind, node, at, name, source_names));
    return rules;
  }
  if (node.type != Node::Type::kList) {
    ReportType(context, node, name, "a rule (a map of keys) or a list of rules");
    return rules;
  }
  if (node.items.empty()) {
    context.diagnostics.Error(at, name + " is an empty list", "give it a rule or remove it");
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    rules.push_back(ReadRule(context, kind, item, item.at, name + "[" + std::to_string(i + 1) + "]", source_names));
  }
  return rules;
}

}  // namespace ucaas_sync::config
