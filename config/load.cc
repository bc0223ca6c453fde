#include "config/load.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "config/file.h"
#include "config/node.h"
#include "config/readers.h"
#include "config/section.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

constexpr std::size_t kLimit = 1024 * 1024;

std::filesystem::path DefaultStateDir(const Environment& environment) {
  const std::optional<std::string> given = environment("STATE_DIRECTORY");
  // systemd gives several folders with colons between them; the first is the one to write to.
  std::string folder = given ? given->substr(0, given->find(':')) : std::string();
  if (folder.empty()) folder = "ucaas-sync-state";
  return std::filesystem::absolute(folder).lexically_normal();
}

void ReadRulesOf(Section& root, Kind kind, std::span<const std::string_view> source_names, Config& config) {
  const std::string key = std::string(Name(kind)) + "s";
  const Node* node = root.Find(key);
  if (node == nullptr) return;
  std::vector<RuleConfig> rules = ReadRules(root.context(), kind, *node, root.KeyAt(key), source_names);
  std::move(rules.begin(), rules.end(), std::back_inserter(config.rules));
}

void WarnOfUnusedSources(Section& root, const Config& config) {
  for (const SourceConfig& source : config.sources) {
    const std::string& name = source.name.value;
    const bool used = std::any_of(config.rules.begin(), config.rules.end(), [&](const RuleConfig& rule) {
      return rule.from.value == name || std::any_of(rule.join.begin(), rule.join.end(),
                                                    [&](const auto& join) { return join.first.value == name; });
    });
    if (used) continue;
    root.diagnostics().Warning(source.name.at, "no rule reads the source " + Quoted(name),
                               "name it in a rule's from or join, or remove it");
  }
}

void ReadRoot(Context& context, const Node& tree, const std::string& file, Config& config) {
  Section root(context, tree, "", Location{file, 1, 1},
               {"state_dir", "target", "sources", "tables", "users", "groups", "contacts", "guards", "drift",
                "schedule", "timezone", "listen", "log", "journal", "notify", "pages"});
  if (!root.readable()) return;

  Text state_dir;
  root.ReadPath("state_dir", state_dir);
  if (!state_dir.empty()) config.state_dir = state_dir.value;

  root.Require("target", "add target: with base_url and basic, or with sandbox");
  if (const Node* node = root.Find("target")) config.target = ReadTarget(context, *node, root.KeyAt("target"));

  root.Require("sources", "add sources: with the exports to read");
  std::vector<std::string_view> source_names;
  if (const Node* node = root.Find("sources")) {
    config.sources = ReadSources(context, *node);
    for (const Entry& entry : node->entries) source_names.push_back(entry.key.value);
  }
  if (const Node* node = root.Find("tables")) config.tables = ReadTables(context, *node);

  for (const Kind kind : kAllKinds) ReadRulesOf(root, kind, source_names, config);
  if (!root.Has("users") && !root.Has("groups") && !root.Has("contacts")) {
    context.diagnostics.Error(root.at(), "the file has none of users, groups and contacts: nothing to keep in step",
                              "add users: with from: and fields:");
  }
  if (const Node* node = root.Find("guards")) config.guards = ReadGuards(context, *node, root.KeyAt("guards"));
  ReadService(root, config);
  WarnOfUnusedSources(root, config);
}

}  // namespace

Config Load(const std::filesystem::path& file, const Environment& environment, Diagnostics& diagnostics) {
  Config config;
  config.file = std::filesystem::absolute(file).lexically_normal();
  config.state_dir = DefaultStateDir(environment);

  const std::string shown = file.string();
  std::variant<SmallFile, Unreadable> read = ReadSmallFile(config.file, kLimit);
  if (const auto* failure = std::get_if<Unreadable>(&read)) {
    const std::string example = config.file.string() + ".example";  // the package brings it
    std::string remedy = "name another with -c FILE or $UCAAS_SYNC_CONFIG";
    if (::access(config.file.c_str(), F_OK) == 0 && ::access(config.file.c_str(), R_OK) != 0) {
      remedy =
          "let the user this program runs as read it (root becomes ucaas-sync, where the package made that user: "
          "chgrp ucaas-sync " +
          shown + "), or " + remedy;
    } else if (::access(config.file.c_str(), F_OK) != 0 && ::access(example.c_str(), R_OK) == 0) {
      remedy = "cp " + example + ' ' + shown + " and fill it in, or " + remedy;
    }
    diagnostics.Error(Location{shown, 0, 0}, "the configuration " + failure->why, remedy);
    return config;
  }
  SmallFile& text = std::get<SmallFile>(read);
  Context context{.diagnostics = diagnostics,
                  .environment = environment,
                  .file = config.file,
                  .readable_by_others = (text.mode & 07U) != 0};
  std::optional<Node> tree = ParseYaml(text.bytes, shown, environment, diagnostics);
  explicit_bzero(text.bytes.data(), text.bytes.size());
  if (tree && tree->type != Node::Type::kNothing) {
    ReadRoot(context, *tree, shown, config);
    Wipe(*tree);
  } else if (diagnostics.ok()) {
    diagnostics.Error(Location{shown, 1, 1}, "the file is empty",
                      "it needs target, sources and at least users, groups or contacts");
  }
  config.hash = CanonicalHash(config);
  return config;
}

}  // namespace ucaas_sync::config
