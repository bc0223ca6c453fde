// A folder of its own for each test, with files of chosen permissions, and an environment that is only what is given.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::config {

class Folder : public testing::TemporaryFolder {
 public:
  std::filesystem::path Write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    std::filesystem::create_directories((*this / name).parent_path());
    std::filesystem::path file = TemporaryFolder::Write(name, content);
    if (chmod(file.c_str(), mode) != 0) throw std::runtime_error("chmod failed");
    return file;
  }
};

using Variables = std::map<std::string, std::string>;

inline Environment Only(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

/// What became of a configuration: problems as "LINE:COL: what; remedy", in order.
struct Loaded {
  Config config;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;

  std::string text() const {
    std::string all;
    for (const std::string& error : errors) all += error + '\n';
    return all;
  }
  bool Says(const std::string& part) const { return text().find(part) != std::string::npos; }
};

inline std::vector<std::string> WithoutFile(const std::vector<Problem>& problems) {
  std::vector<std::string> lines;
  for (Problem problem : problems) {
    problem.at.file.clear();
    lines.push_back(problem.ToString());
  }
  return lines;
}

inline Loaded LoadFile(const std::filesystem::path& file, Variables variables = {}) {
  Diagnostics diagnostics;
  Loaded loaded;
  loaded.config = Load(file, Only(std::move(variables)), diagnostics);
  loaded.errors = WithoutFile(diagnostics.errors());
  loaded.warnings = WithoutFile(diagnostics.warnings());
  return loaded;
}

inline Loaded LoadText(const std::string& text, Variables variables = {}, mode_t mode = 0600) {
  const Folder folder;
  return LoadFile(folder.Write("config.yaml", text, mode), std::move(variables));
}

/// A sound configuration in front of which (or behind which) a test puts what it is about.
inline const std::string kSound = R"yaml(target: { sandbox: box.db }
sources:
  hr: { csv: people.csv, key: id }
users:
  from: hr
  fields: { user_type: moderator, first_name: "{first}", last_name: "{last}", email: "{mail}" }
)yaml";

}  // namespace ucaas_sync::config
