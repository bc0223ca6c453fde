#include "tests/fuzz/hostile_state.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>

namespace ucaas_sync::fuzz {
namespace {

void Patch(std::string_view patches, std::string& bytes) {
  constexpr std::size_t kHead = 4;
  while (patches.size() >= kHead && !bytes.empty()) {
    const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(patches[i])); };
    const std::size_t offset = (byte(0) << 16 | byte(1) << 8 | byte(2)) % bytes.size();
    const std::size_t length = byte(3);
    patches.remove_prefix(kHead);
    if (length == 0) bytes.resize(offset);
    for (std::size_t i = 0; i < length && i < patches.size() && offset + i < bytes.size(); ++i) {
      bytes[offset + i] = patches[i];
    }
    patches.remove_prefix(std::min(length, patches.size()));
  }
}

// The script is hostile to the program, not to the machine: no other files, no endless statements, no large values.
int OnlyThisFile(void* /*unused*/, int action, const char* /*a*/, const char* /*b*/, const char* /*c*/,
                 const char* /*d*/) {
  return action == SQLITE_ATTACH || action == SQLITE_DETACH ? SQLITE_DENY : SQLITE_OK;
}

int GiveUp(void* /*unused*/) {
  return 1;
}

void RunScript(const std::filesystem::path& file, const std::string& script) {
  constexpr int kMostSteps = 20'000;
  constexpr int kMostBytes = 100'000;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(opened, &sqlite3_close);
  if (code != SQLITE_OK) return;
  // What the program opens later is one file.
  sqlite3_exec(opened,
               "PRAGMA journal_mode = DELETE; PRAGMA writable_schema = ON; PRAGMA ignore_check_constraints = ON",
               nullptr, nullptr, nullptr);
  sqlite3_set_authorizer(opened, &OnlyThisFile, nullptr);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kMostBytes);
  const char* rest = script.c_str();
  while (*rest != '\0') {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(opened, rest, -1, &prepared, &rest) != SQLITE_OK) break;
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, &sqlite3_finalize);
    if (prepared == nullptr) continue;
    sqlite3_progress_handler(opened, kMostSteps, &GiveUp, nullptr);
    while (sqlite3_step(prepared) == SQLITE_ROW) {
    }
  }
  sqlite3_progress_handler(opened, 0, nullptr, nullptr);
}

std::string Bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

StateBytes MakeHostile(const StateBytes& good, std::string_view input, const std::filesystem::path& scratch) {
  if (input.empty()) return good;
  const char form = input.front();
  input.remove_prefix(1);
  StateBytes hostile{.file = good.file, .log = {}};
  if (form == 'F') {
    hostile.file = input;
  } else if (form == 'L') {
    hostile.log = good.log;
    Patch(input, hostile.log);
  } else if (form == 'S') {
    const std::filesystem::path file = scratch / "script.db";
    std::ofstream(file, std::ios::binary | std::ios::trunc) << good.file;
    RunScript(file, std::string(input));
    hostile.file = Bytes(file);
    std::filesystem::remove(file);
    std::filesystem::remove(file.string() + "-journal");
  } else {
    Patch(input, hostile.file);
  }
  return hostile;
}

}  // namespace ucaas_sync::fuzz
