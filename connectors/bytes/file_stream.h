// A regular file as a byte stream. It is read, never mapped: a mapped file that somebody truncates kills the reader.
// The stream owns its descriptor (close-on-exec). Single-threaded. What cannot be opened or read throws SourceFailure
// with the path, the reason and what to do.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>

#include "connectors/bytes/unique_fd.h"
#include "daemon/model/source.h"

namespace ucaas_sync::bytes {

FileIdentity IdentityOf(const std::string& path, const struct stat& status);

/// The identity of the regular file at `path`, following symbolic links; throws SourceFailure when there is none.
FileIdentity Identify(const std::string& path);

/// Why a file that was `before` and is now at the same path (nothing: it is gone) cannot be trusted to have been read
/// whole; nothing when it is the same.
std::optional<Problem> ChangedSince(const FileIdentity& before);

class FileStream : public ByteStream {
 public:
  /// Opens `path`. Throws SourceFailure if it is missing, may not be read, or is no regular file (a FIFO would never
  /// say that it is complete, and opening one could block).
  explicit FileStream(const std::string& path);

  std::size_t Read(std::span<char> buffer) override;
  /// A file that grew, shrank, was written, replaced or removed since it was opened is incomplete, and so is one of
  /// which fewer bytes came than it had.
  std::optional<Problem> Finish() override;
  const std::string& location() const override { return identity_.path; }

  /// As it was when it was opened.
  const FileIdentity& identity() const { return identity_; }

 private:
  UniqueFd fd_;
  FileIdentity identity_;
  std::uint64_t bytes_read_ = 0;
};

}  // namespace ucaas_sync::bytes
