// A folder of its own for each test, with files of chosen permissions, and an environment that is only what is given.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace ucaas_sync::config {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ucaas-sync-config-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;  // a folder that stays behind is no reason to end the tests
    std::filesystem::remove_all(path_, ignored);
  }

  std::filesystem::path Write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    if (chmod(file.c_str(), mode) != 0) throw std::runtime_error("chmod failed");
    return file;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
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
