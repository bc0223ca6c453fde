#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

std::vector<std::filesystem::path> Examples() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(UCAAS_SYNC_EXAMPLES)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("each example loads without a word and names data that is there") {
  const auto files = Examples();
  CHECK(files.size() >= 5);
  for (const auto& file : files) {
    CAPTURE(file.string());
    const Loaded loaded = LoadFile(file);
    CAPTURE(loaded.text());
    CHECK(loaded.errors.empty());
    CHECK(loaded.warnings.empty());
    CHECK_FALSE(loaded.config.rules.empty());
    CHECK_FALSE(loaded.config.target.sandbox.empty());
    for (const SourceConfig& source : loaded.config.sources) {
      CAPTURE(source.path.value);
      CHECK(std::filesystem::is_regular_file(source.path.value));
    }
  }
}

}  // namespace ucaas_sync::config
