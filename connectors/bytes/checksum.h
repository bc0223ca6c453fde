// The checksum beside a file: `people.csv.sha256`, as sha256sum writes it, says what the bytes of people.csv must be.
// Optional: without it nothing is asked. Single-threaded; what cannot be read or does not fit is a Problem.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/model/sha256.h"
#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

inline constexpr std::string_view kChecksumEnding = ".sha256";

/// Whether there is a "PATH.sha256", readable or not: also a symbolic link that leads nowhere.
bool HasChecksum(const std::string& path);

/// The digest (lower-case hexadecimal) that `text` gives for the file `name`: lines "HEX  NAME" or "HEX *NAME", of
/// which the one with this name counts (a single line whatever its name: an export is often renamed at its end), or a
/// HEX alone. Nothing when it says none.
std::optional<std::string> ParseChecksum(std::string_view text, std::string_view name);

/// Why the content of `file`, whose digest is `hash`, is not what "FILE.sha256" says; nothing when it is.
std::optional<Problem> CheckAgainst(const FileIdentity& file, const std::string& hash);

/// Passes the raw bytes of a file through; Finish also compares them with the checksum beside it. Owns the stream.
class ChecksumStream : public ByteStream {
 public:
  ChecksumStream(std::unique_ptr<ByteStream> input, FileIdentity file)
      : input_(std::move(input)), file_(std::move(file)) {}

  std::size_t Read(std::span<char> buffer) override;
  std::optional<Problem> Finish() override;
  const std::string& location() const override { return input_->location(); }

 private:
  std::unique_ptr<ByteStream> input_;
  FileIdentity file_;
  Sha256 sha_;
};

/// Reads the file at `path` once for its checksum, for what a command reads by itself.
std::optional<Problem> CheckWholeFile(const std::string& path);

}  // namespace ucaas_sync::bytes
