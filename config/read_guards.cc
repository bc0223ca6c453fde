#include <string>

#include "config/readers.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

/// What a person gives for one guard: a percentage alone, or any of its parts; the others keep their defaults.
void ReadLimit(Section& guards, std::string_view key, bool is_removal, GuardLimit& limit) {
  const Node* node = guards.Find(key);
  if (node == nullptr) return;
  double percent = -1;
  if (node->type != Node::Type::kMap) {
    guards.ReadPercent(key, percent);
  } else {
    Section parts(guards.context(), *node, guards.NameOf(key), guards.KeyAt(key),
                  {"percent", "count", "at_least", "week"});
    parts.ReadPercent("percent", percent);
    if (parts.Has("count")) {
      std::uint64_t count = limit.count.value_or(0);
      parts.ReadInteger("count", count);
      limit.count = count;
    }
    if (parts.Has("at_least")) {
      std::uint64_t at_least = limit.at_least.value_or(0);
      parts.ReadInteger("at_least", at_least);
      limit.at_least = at_least;
    }
    if (parts.Has("week") && !is_removal) {
      guards.diagnostics().Error(parts.KeyAt("week"),
                                 parts.NameOf("week") + ": only suspends and deletes are summed over a week",
                                 "remove it");
    } else if (parts.Has("week")) {
      double week = limit.week.value_or(0);
      parts.ReadPercent("week", week);
      limit.week = week;
    }
  }
  if (percent >= 0) limit.percent = percent;
}

void ReadKind(Section& guards, Kind kind, KindGuards& out) {
  const std::string_view key = Name(kind);
  const Node* node = guards.Find(key);
  if (node == nullptr) return;
  Section section(guards.context(), *node, guards.NameOf(key), guards.KeyAt(key),
                  {"create", "update", "suspend", "delete"});
  ReadLimit(section, "create", false, out.create);
  ReadLimit(section, "update", false, out.update);
  ReadLimit(section, "delete", true, out.remove);
  if (kind == Kind::kUser) {
    ReadLimit(section, "suspend", true, out.suspend);
  } else if (section.Has("suspend")) {
    section.diagnostics().Error(section.KeyAt("suspend"), section.NameOf("suspend") + ": only users are ever suspended",
                                "remove it");
  }
}

// at_least of the last three depends on how many are active: left open unless the file gives it.
KindGuards Guards(double create, double update, double remove) {
  KindGuards guards;
  guards.create = {.percent = create, .count = {}, .at_least = 10, .week = {}};
  guards.update = {.percent = update, .count = {}, .at_least = {}, .week = {}};
  guards.remove = {.percent = remove, .count = 500, .at_least = {}, .week = 10.0};
  return guards;
}

}  // namespace

std::array<KindGuards, kKindCount> DefaultKindGuards() {
  std::array<KindGuards, kKindCount> kinds;
  kinds[Index(Kind::kUser)] = Guards(20, 30, 5);
  kinds[Index(Kind::kUser)].suspend = {.percent = 5.0, .count = 500, .at_least = {}, .week = 10.0};
  kinds[Index(Kind::kContact)] = Guards(20, 30, 5);
  kinds[Index(Kind::kGroup)] = Guards(20, 30, 20);
  return kinds;
}

GuardsConfig ReadGuards(Context& context, const Node& node, const Location& at) {
  GuardsConfig out;
  Section guards(context, node, "guards", at,
                 {"user", "contact", "group", "rewrite", "members_lost", "source_drop", "rejects", "fill_drop",
                  "failures", "protect"});
  for (const Kind kind : kAllKinds) ReadKind(guards, kind, out.kinds[Index(kind)]);
  guards.ReadPercent("rewrite", out.rewrite);
  guards.ReadPercent("members_lost", out.members_lost);
  guards.ReadPercent("source_drop", out.source_drop);
  guards.ReadPercent("rejects", out.rejects);
  guards.ReadPercent("fill_drop", out.fill_drop);
  guards.ReadPercent("failures", out.failures);
  guards.Read("protect", out.protect);
  return out;
}

}  // namespace ucaas_sync::config
