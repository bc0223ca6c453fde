// The configuration: every room's checks run on any file without an exception, every problem has a place in the file,
// the same file says the same twice, and a comment changes nothing.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/text.h"
#include "daemon/run/program.h"
#include "tests/fuzz/fuzz.h"

namespace {

using ucaas_sync::fuzz::Require;
namespace config = ucaas_sync::config;

/// One folder for the life of the process; a file in it is written again and again.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ucaas-sync-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = name;
    std::ofstream(path_ / "access-key") << "0123456789abcdef\n";
    std::filesystem::permissions(path_ / "access-key", std::filesystem::perms::owner_read);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;  // a folder that stays behind is no finding
    std::filesystem::remove_all(path_, ignored);
  }
  std::filesystem::path Write(std::string_view text) const {
    const auto file = path_ / "config.yaml";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return file;
  }

 private:
  std::filesystem::path path_;
};

struct Outcome {
  std::vector<std::string> errors;
  std::string hash;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome CompileText(const Folder& folder, std::string_view text) {
  const auto file = folder.Write(text);
  config::Diagnostics diagnostics;
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "UCAAS_ACCESS_ID") return "id-17";
    if (name == "BRACES") return "${UCAAS_ACCESS_ID}";
    return std::nullopt;
  };
  const auto program = ucaas_sync::run::Compile(file, environment, diagnostics);
  Outcome outcome{.errors = {}, .hash = diagnostics.ok() ? program.config.hash : ""};
  for (const auto& error : diagnostics.errors()) {
    Require(error.at.file == file.string(), "a problem names its file", error.ToString());
    Require(!error.what.empty(), "a problem says what is wrong", error.ToString());
    Require(ucaas_sync::IsUtf8(error.ToString()), "a problem is text", ucaas_sync::Printable(error.ToString()));
    outcome.errors.push_back(error.ToString());
  }
  Require(diagnostics.ok() == outcome.errors.empty(), "what is not sound says why");
  Require(!diagnostics.ok() || outcome.hash.size() == 64, "a sound configuration has a hash");
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder kFolder;
  const std::string text(ucaas_sync::fuzz::AsText(data, size));
  const Outcome first = CompileText(kFolder, text);
  Require(CompileText(kFolder, text) == first, "the same file says the same twice");
  // In a block scalar the comment would be text.
  if (first.errors.empty() && text.find_first_of("|>") == std::string::npos) {
    const Outcome commented = CompileText(kFolder, text + "\n# a comment\n");
    Require(commented == first, "a comment changes nothing", commented.errors.empty() ? "" : commented.errors.front());
  }
  return 0;
}
