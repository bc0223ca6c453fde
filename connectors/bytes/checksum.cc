#include "connectors/bytes/checksum.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "connectors/bytes/file_stream.h"
#include "connectors/bytes/source_problem.h"
#include "daemon/model/text.h"
#include "daemon/model/time.h"

namespace ucaas_sync::bytes {
namespace {

constexpr std::size_t kDigits = 64;
constexpr std::size_t kLargest = std::size_t{1} << 20U;

struct Line {
  std::string digest;
  std::string_view name;
};

bool IsDigest(std::string_view text) {
  return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

std::string_view BaseName(std::string_view path) {
  return path.substr(path.find_last_of("/\\") + 1);
}

std::vector<Line> LinesOf(std::string_view text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    // sha256sum marks a name that it had to escape with a backslash in front of the line.
    if (line.starts_with('\\')) line.remove_prefix(1);
    const std::string_view digest = line.substr(0, kDigits);
    if (!IsDigest(digest)) continue;
    std::string_view name = line.substr(kDigits);
    if (!name.empty() && name.front() != ' ' && name.front() != '\t') continue;
    name = Trim(name);
    if (name.starts_with('*')) name.remove_prefix(1);
    lines.push_back({.digest = AsciiLower(digest), .name = BaseName(name)});
  }
  return lines;
}

std::string ReadAll(const std::string& path) {
  FileStream stream(path);
  if (stream.identity().size > kLargest) {
    throw SourceFailure(
        ProblemAt(path, 0, 0, "this is too large for a checksum file", "write it with sha256sum, or take it away"));
  }
  std::string text;
  std::array<char, 4096> buffer{};
  for (std::size_t count = stream.Read(buffer); count > 0; count = stream.Read(buffer)) {
    text.append(buffer.data(), count);
    if (text.size() > kLargest) break;
  }
  return text;
}

/// "the checksum is 4 min 10 s older than the file: it may be that of the export before"
std::string AgeHint(const FileIdentity& checksum, const FileIdentity& file) {
  constexpr std::int64_t kTogether = 1'000'000'000;  // written one after the other by one export
  if (checksum.mtime_ns + kTogether >= file.mtime_ns) {
    return "the file was not copied whole, or was changed after the checksum was made: fetch both again";
  }
  const auto older = std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(file.mtime_ns - checksum.mtime_ns));
  return "the checksum is " + FormatDuration(older) +
         " older than the file, so it may be that of the export before: see whether the export has finished";
}

}  // namespace

bool HasChecksum(const std::string& path) {
  // Not what a link leads to: one that leads nowhere is a checksum that cannot be read.
  struct stat status {};
  return ::lstat((path + std::string(kChecksumEnding)).c_str(), &status) == 0;
}

std::optional<std::string> ParseChecksum(std::string_view text, std::string_view name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::vector<Line> lines = LinesOf(text);
  if (lines.size() == 1) return lines.front().digest;
  for (const Line& line : lines) {
    if (line.name == name) return line.digest;
  }
  return std::nullopt;
}

std::optional<Problem> CheckAgainst(const FileIdentity& file, const std::string& hash) {
  const std::string path = file.path + std::string(kChecksumEnding);
  try {
    const FileIdentity checksum = Identify(path);
    const std::string text = ReadAll(path);
    const auto expected = ParseChecksum(text, BaseName(file.path));
    if (!expected) {
      const bool is_empty = Trim(text).empty();
      return ProblemAt(path, is_empty ? 0 : 1, 0,
                       is_empty ? "the checksum file is empty"
                                : "the checksum file has no line \"SHA-256  " + std::string(BaseName(file.path)) + '"',
                       "let the export write it with sha256sum, or take it away");
    }
    if (*expected == hash) return std::nullopt;
    return ProblemAt(file.path, 0, 0,
                     "the content does not fit the checksum in " + path + ": its SHA-256 is " + hash.substr(0, 12) +
                         "…, and the checksum says " + expected->substr(0, 12) + "…",
                     AgeHint(checksum, file));
  } catch (const SourceFailure& failure) {
    Problem problem = failure.problem();
    problem.what.insert(0, "the checksum of " + file.path + " cannot be had: ");
    problem.remedy = "put it right, or take it away: without one nothing is asked";
    return problem;
  }
}

std::size_t ChecksumStream::Read(std::span<char> buffer) {
  const std::size_t count = input_->Read(buffer);
  sha_.Update({buffer.data(), count});
  return count;
}

std::optional<Problem> ChecksumStream::Finish() {
  // A file that changed meanwhile explains a checksum that does not fit.
  if (auto problem = input_->Finish()) return problem;
  return CheckAgainst(file_, sha_.Hex());
}

std::optional<Problem> CheckWholeFile(const std::string& path) {
  try {
    auto file = std::make_unique<FileStream>(path);
    FileIdentity identity = file->identity();
    ChecksumStream stream(std::move(file), std::move(identity));
    std::vector<char> buffer(std::size_t{1} << 20U);
    while (stream.Read(buffer) > 0) {
    }
    return stream.Finish();
  } catch (const SourceFailure& failure) {
    return failure.problem();
  }
}

}  // namespace ucaas_sync::bytes
