// What reads a source, and what a read proves.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/problem.h"
#include "daemon/model/record.h"
#include "daemon/model/time.h"

namespace ucaas_sync {

/// Which file lay at a path; equal identities mean that nothing needs to be opened.
struct FileIdentity {
  std::string path;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Bytes in blocks: a file, files one after another, or the output of a command. Single-threaded.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Fills the front of `buffer` and returns how many bytes; 0 only at the end. Throws SourceFailure.
  virtual std::size_t Read(std::span<char> buffer) = 0;
  /// After the end: why what was read may not be the whole (the file changed meanwhile, the command failed).
  virtual std::optional<Problem> Finish() = 0;
  /// The file's path, or the command for people.
  virtual const std::string& location() const = 0;
};

/// A record that cannot be used, with all that could be read of it. Views are valid during the call only.
struct Reject {
  std::string_view file;
  std::uint64_t line = 0;                    ///< Where the record begins.
  std::string_view reason;                   ///< "7 fields, the heading has 9"
  std::span<const std::string_view> values;  ///< Its values: anybody whose key is among them is frozen.
};

/// Receives a snapshot, record by record, in the order of the file.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  /// False asks the reader to stop; the snapshot is then incomplete.
  virtual bool OnRecord(const Record& record) = 0;
  virtual void OnReject(const Reject& reject) = 0;
};

/// One read of a source: all its records went to the sink, and this says what they are worth.
struct Snapshot {
  std::string source;         ///< Its name in the configuration.
  std::string location;       ///< Path, pattern or command.
  std::uint64_t records = 0;  ///< Rejected ones not counted.
  std::uint64_t rejected = 0;
  std::optional<Problem> incomplete;  ///< Why it is not complete, with file and line; nothing when it is.
  std::string hash;                   ///< SHA-256 of the bytes, hexadecimal; empty when incomplete.
  std::vector<FileIdentity> files;
  std::vector<std::string> columns;  ///< CSV: the headings, for "did you mean"; LDIF: empty.
  bool complete() const { return !incomplete.has_value(); }
};

/// A configured input. Read may be called once per object.
class Source {
 public:
  virtual ~Source() = default;
  virtual const std::string& name() const = 0;
  /// Sends every record to `sink`, keeping the attributes of `attributes` only. What makes the whole unusable (not
  /// there, unreadable, bad headings, NUL bytes) and what makes it incomplete both end up in Snapshot::incomplete: a
  /// reader never throws for what its input says.
  virtual Snapshot Read(AttributeTable& attributes, RecordSink& sink) = 0;
};

}  // namespace ucaas_sync
