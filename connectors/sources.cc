#include "connectors/sources.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "connectors/bytes/checksum.h"
#include "connectors/bytes/command_stream.h"
#include "connectors/bytes/decoding_stream.h"
#include "connectors/bytes/file_pattern.h"
#include "connectors/bytes/file_stream.h"
#include "connectors/bytes/source_problem.h"
#include "connectors/csv/csv_source.h"
#include "connectors/ldif/ldif_source.h"
#include "daemon/model/sha256.h"
#include "daemon/model/text.h"

namespace ucaas_sync {
namespace {

// A program that waits for somebody, or for a server that does not answer, would hold up every run. The manual names
// it.
constexpr std::chrono::minutes kMostSilence{10};

std::vector<std::string> CommandOf(const config::SourceConfig& config) {
  std::vector<std::string> command;
  for (const config::Text& word : config.command) command.push_back(word.value);
  return command;
}

std::string LocationOf(const config::SourceConfig& config) {
  if (config.command.empty()) return config.path.value;
  std::string line;
  for (const config::Text& word : config.command) line += (line.empty() ? "" : " ") + word.value;
  return line;
}

std::vector<FileIdentity> FilesOf(const config::SourceConfig& config) {
  const std::string& path = config.path.value;
  if (!config::ReadsItsPath(config)) return {};
  if (!config.pick) {
    try {
      return {bytes::Identify(path)};
    } catch (const SourceFailure& failure) {
      if (!bytes::IsPattern(path)) throw;
      Problem problem = failure.problem();
      problem.remedy = "for a pattern add \"pick: newest\" or \"pick: all\"";
      throw SourceFailure(std::move(problem));
    }
  }
  std::vector<FileIdentity> files = bytes::FilesMatching(path);
  if (*config.pick == config::Pick::kAll) return files;
  return {bytes::Newest(files)};
}

// The same names, in any order: each file's own heading says where its columns are.
bool SameColumns(std::vector<std::string> a, std::vector<std::string> b) {
  for (std::vector<std::string>* columns : {&a, &b}) {
    for (std::string& column : *columns) column = AsciiLower(column);
    std::sort(columns->begin(), columns->end());
  }
  return a == b;
}

class ConfiguredSource : public Source {
 public:
  ConfiguredSource(config::SourceConfig config, Instant now, bytes::Patience patience)
      : config_(std::move(config)), now_(now), patience_(std::move(patience)) {}

  const std::string& name() const override { return config_.name.value; }
  Snapshot Read(AttributeTable& attributes, RecordSink& sink) override;

 private:
  Snapshot ReadPart(const FileIdentity* file, AttributeTable& attributes, RecordSink& sink);
  std::unique_ptr<Source> ReaderOver(std::unique_ptr<ByteStream> stream) const;
  std::vector<FileIdentity> SettledFiles() const;
  void CheckAge(Snapshot& snapshot) const;
  void CheckCount(Snapshot& snapshot) const;

  config::SourceConfig config_;
  Instant now_;
  bytes::Patience patience_;
};

std::vector<FileIdentity> ConfiguredSource::SettledFiles() const {
  std::vector<FileIdentity> files = FilesOf(config_);
  if (!patience_.pause) return files;
  std::vector<std::string> paths;
  for (const FileIdentity& file : files) paths.push_back(file.path);
  if (auto problem = bytes::WaitUntilSettled(paths, patience_)) {
    if (patience_.stop && patience_.stop())
      throw Failure(ExitCode::kUnavailable, "stopped by a signal while a file was waited for: " + problem->at.file);
    throw SourceFailure(std::move(*problem));
  }
  // Meanwhile they may have grown, or a newer one have come.
  return FilesOf(config_);
}

Snapshot ConfiguredSource::Read(AttributeTable& attributes, RecordSink& sink) {
  Snapshot whole{
      .source = name(), .location = LocationOf(config_), .incomplete = {}, .hash = {}, .files = {}, .columns = {}};
  try {
    const std::vector<FileIdentity> files = SettledFiles();
    Sha256 hashes;
    const std::size_t parts = std::max<std::size_t>(1, files.size());
    for (std::size_t i = 0; i < parts && whole.complete(); ++i) {
      Snapshot part = ReadPart(files.empty() ? nullptr : &files[i], attributes, sink);
      whole.records += part.records;
      whole.rejected += part.rejected;
      whole.files.insert(whole.files.end(), part.files.begin(), part.files.end());
      if (i == 0) whole.columns = part.columns;
      hashes.Update(part.hash);
      whole.hash = std::move(part.hash);
      whole.incomplete = std::move(part.incomplete);
      if (whole.complete() && !SameColumns(whole.columns, part.columns)) {
        whole.incomplete =
            bytes::ProblemAt(files[i].path, 1, 0, "the heading names other columns than that of " + files[0].path,
                             "let all files of one source have the same columns");
      }
    }
    if (parts > 1) whole.hash = whole.complete() ? hashes.Hex() : std::string();
  } catch (const SourceFailure& failure) {
    whole.incomplete = failure.problem();
  }
  CheckAge(whole);
  CheckCount(whole);
  return whole;
}

Snapshot ConfiguredSource::ReadPart(const FileIdentity* file, AttributeTable& attributes, RecordSink& sink) {
  if (config_.command.empty()) {
    auto opened_file = std::make_unique<bytes::FileStream>(file->path);
    const FileIdentity opened = opened_file->identity();
    std::unique_ptr<ByteStream> stream = std::move(opened_file);
    if (bytes::HasChecksum(file->path)) stream = std::make_unique<bytes::ChecksumStream>(std::move(stream), opened);
    Snapshot snapshot = ReaderOver(std::move(stream))->Read(attributes, sink);
    snapshot.files = {opened};
    return snapshot;
  }
  auto stream = std::make_unique<bytes::CommandStream>(
      bytes::ExpandCommand(CommandOf(config_), file == nullptr ? std::string() : file->path),
      bytes::CommandStream::Options{.silence = kMostSilence, .stop = patience_.stop});
  Snapshot snapshot = ReaderOver(std::move(stream))->Read(attributes, sink);
  if (file != nullptr) {
    snapshot.files = {*file};
    if (snapshot.complete()) snapshot.incomplete = bytes::ChangedSince(*file);
    // The command reads the file by itself, so its bytes are read once more.
    if (snapshot.complete() && bytes::HasChecksum(file->path)) {
      snapshot.incomplete = bytes::CheckWholeFile(file->path);
    }
  }
  return snapshot;
}

std::unique_ptr<Source> ConfiguredSource::ReaderOver(std::unique_ptr<ByteStream> stream) const {
  // A command may have to be ended in the midst of a read.
  const bool reads_ahead = config_.command.empty();
  switch (config_.format) {
    case config::Format::kCsv: {
      csv::Options options{.delimiter = config_.delimiter,
                           .encoding = config_.encoding.value,
                           .split = {},
                           .final_newline_required = config_.final_newline_required,
                           .read_ahead = reads_ahead};
      for (const auto& [column, separator] : config_.split) options.split.emplace_back(column.value, separator.value);
      return csv::MakeCsvSource(name(), std::move(stream), std::move(options));
    }
    case config::Format::kLdif:
      return ldif::MakeLdifSource(name(),
                                  std::make_unique<bytes::DecodingStream>(std::move(stream), config_.encoding.value),
                                  {.final_newline_required = config_.final_newline_required,
                                   .record_required = config_.min_records > 0,
                                   .location = {},
                                   .read_ahead = reads_ahead});
  }
  throw std::logic_error("a source format without a reader");
}

void ConfiguredSource::CheckAge(Snapshot& snapshot) const {
  if (snapshot.complete()) snapshot.incomplete = TooOld(config_, snapshot.files, now_);
}

void ConfiguredSource::CheckCount(Snapshot& snapshot) const {
  const std::uint64_t count = snapshot.records + snapshot.rejected;
  if (!snapshot.complete() || count >= config_.min_records) return;
  snapshot.incomplete =
      bytes::ProblemAt(snapshot.location, 0, 0,
                       "there " + std::string(count == 1 ? "is " : "are ") + Counted(count, "record") +
                           ", and \"min_records:\" asks for " + WithThousands(config_.min_records),
                       "see whether the export is whole, or lower \"min_records:\"");
}

}  // namespace

SourceFiles LookForFiles(const config::SourceConfig& config) {
  try {
    return {.files = FilesOf(config), .problem = {}};
  } catch (const SourceFailure& failure) {
    return {.files = {}, .problem = failure.problem()};
  }
}

std::optional<Problem> TooOld(const config::SourceConfig& config, const std::vector<FileIdentity>& files, Instant now) {
  if (!config.max_age) return std::nullopt;
  for (const FileIdentity& file : files) {
    const Instant written{std::chrono::duration_cast<Duration>(std::chrono::nanoseconds(file.mtime_ns))};
    if (now - written <= *config.max_age) continue;
    // Not its age, which is another one at each attempt: what stays the same is said once.
    return bytes::ProblemAt(file.path, 0, 0,
                            "the file was written at " + FormatInstant(written) + ", and \"max_age:\" is " +
                                FormatDuration(*config.max_age),
                            "see why no newer export has come, or raise \"max_age:\"");
  }
  return std::nullopt;
}

std::unique_ptr<Source> MakeSource(const config::SourceConfig& config, Instant now, bytes::Patience patience) {
  return std::make_unique<ConfiguredSource>(config, now, std::move(patience));
}

}  // namespace ucaas_sync
