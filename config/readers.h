// One reader a section of the file, each from its node to its struct. They report to the context's diagnostics and
// leave defaults where nothing was written. Used by the loader alone.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/section.h"

namespace ucaas_sync::config {

TargetConfig ReadTarget(Context& context, const Node& node, const Location& at);

std::vector<SourceConfig> ReadSources(Context& context, const Node& node);

std::vector<TableConfig> ReadTables(Context& context, const Node& node);

/// The rules of one kind: one, or a list. `source_names` are those of `sources`, whether or not they are sound.
std::vector<RuleConfig> ReadRules(Context& context, Kind kind, const Node& node, const Location& at,
                                  std::span<const std::string_view> source_names);

GuardsConfig ReadGuards(Context& context, const Node& node, const Location& at);

/// `root` is the whole file: listen, drift, schedule, timezone, log, journal, notify, pages.
void ReadService(Section& root, Config& config);

/// See Config::hash.
std::string CanonicalHash(const Config& config);

}  // namespace ucaas_sync::config
