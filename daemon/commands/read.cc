#include <cstdio>
#include <memory>
#include <ostream>

#include "connectors/sources.h"
#include "daemon/commands/command.h"
#include "daemon/model/base64.h"
#include "daemon/model/json_text.h"
#include "daemon/model/text.h"
#include "daemon/run/program.h"

namespace ucaas_sync::commands {
namespace {

void AppendJsonValue(std::string& line, std::string_view value) {
  if (IsUtf8(value)) {
    AppendJsonString(line, value);
  } else {
    line += R"({"base64":")" + EncodeBase64(value) + "\"}";
  }
}

// Shows each record as it comes.
class Printer final : public RecordSink {
 public:
  Printer(const Session& session, const AttributeTable& attributes, const ReadOptions& options, bool has_dns)
      : session_(session), attributes_(attributes), options_(options), has_dns_(has_dns) {}

  bool OnRecord(const Record& record) override {
    line_.clear();
    if (options_.jsonl) {
      AppendJson(record);
    } else {
      AppendText(record);
    }
    session_.out << line_;
    ++shown_;
    reached_limit_ = options_.limit != 0 && shown_ == options_.limit;
    return !reached_limit_ && session_.out.good();
  }

  void OnReject(const Reject& reject) override {
    ++rejected_;
    session_.log.ClearProgress();
    std::fprintf(stderr, "%.*s:%llu: %s\n", static_cast<int>(reject.file.size()), reject.file.data(),
                 static_cast<unsigned long long>(reject.line), Printable(reject.reason).c_str());
  }

  std::uint64_t shown() const { return shown_; }
  std::uint64_t rejected() const { return rejected_; }
  bool reached_limit() const { return reached_limit_; }

 private:
  void AppendJson(const Record& record) {
    line_ += "{\"line\":" + std::to_string(record.line);
    if (has_dns_) {
      line_ += ",\"dn\":";
      AppendJsonValue(line_, record.dn);
    }
    line_ += ",\"attributes\":{";
    bool is_first = true;
    ForEachAttribute(record, [&](Slot slot) {
      if (!is_first) line_ += ',';
      is_first = false;
      AppendJsonString(line_, attributes_.NameOf(slot));
      line_ += ":[";
      bool is_first_value = true;
      record.ForEach(slot, [&](std::string_view value) {
        if (!is_first_value) line_ += ',';
        is_first_value = false;
        AppendJsonValue(line_, value);
      });
      line_ += ']';
    });
    line_ += "}}\n";
  }

  void AppendText(const Record& record) {
    line_ += "line " + std::to_string(record.line);
    if (has_dns_) line_ += "  " + Printable(record.dn);
    line_ += '\n';
    for (const Record::Cell& cell : record.cells()) {
      line_ += "  " + Printable(attributes_.NameOf(cell.slot)) + ": ";
      line_ +=
          IsUtf8(cell.value) ? Printable(cell.value) : "(" + Counted(cell.value.size(), "byte") + " that are not text)";
      line_ += '\n';
    }
  }

  // Each attribute once, in the order of its first value.
  template <typename Visit>
  static void ForEachAttribute(const Record& record, Visit&& visit) {
    std::vector<bool> seen;
    for (const Record::Cell& cell : record.cells()) {
      if (cell.slot >= seen.size()) seen.resize(cell.slot + 1);
      if (seen[cell.slot]) continue;
      seen[cell.slot] = true;
      visit(cell.slot);
    }
  }

  const Session& session_;
  const AttributeTable& attributes_;
  const ReadOptions& options_;
  bool has_dns_;  // the root entry's DN is empty, and still is one
  std::string line_;
  std::uint64_t shown_ = 0;
  std::uint64_t rejected_ = 0;
  bool reached_limit_ = false;
};

char DelimiterFrom(const std::string& word) {
  if (word == "tab" || word == "\\t") return '\t';
  if (word.size() == 1) return word.front();
  throw Failure(ExitCode::kUsage, "--delimiter " + word + ": one character, or the word tab");
}

config::SourceConfig ConfigOf(const Session& session, const ReadOptions& options) {
  const int given = (options.source.empty() ? 0 : 1) + (options.csv.empty() ? 0 : 1) + (options.ldif.empty() ? 0 : 1);
  if (given != 1)
    throw Failure(ExitCode::kUsage, "read: name one source of the configuration, or --csv PATH, or --ldif PATH");
  config::SourceConfig source;
  if (!options.source.empty()) {
    const run::Program program = run::CompileOrThrow(session.config_file, session.environment);
    std::string names;
    for (const config::SourceConfig& candidate : program.config.sources) {
      if (candidate.name.value == options.source) return candidate;
      names += (names.empty() ? "" : ", ") + candidate.name.value;
    }
    throw Failure(ExitCode::kUsage,
                  "read: the configuration has no source \"" + options.source + "\"; it has " + names);
  }
  source.format = options.csv.empty() ? config::Format::kLdif : config::Format::kCsv;
  source.name.value = options.csv.empty() ? "ldif" : "csv";
  source.path.value = options.csv.empty() ? options.ldif.string() : options.csv.string();
  // A look at a file: whether it is enough to sync from is not asked.
  source.final_newline_required = false;
  source.min_records = 0;
  return source;
}

}  // namespace

ExitCode RunRead(const Session& session, const ReadOptions& options) {
  config::SourceConfig source = ConfigOf(session, options);
  if (!options.delimiter.empty()) {
    if (source.format != config::Format::kCsv)
      throw Failure(ExitCode::kUsage, "read: --delimiter is for csv only, and this is LDIF; leave it out");
    source.delimiter = DelimiterFrom(options.delimiter);
  }
  if (!options.encoding.empty()) source.encoding.value = options.encoding;
  AttributeTable attributes = AttributeTable::Everything();
  Printer printer(session, attributes, options, source.format == config::Format::kLdif);
  LetCommandsEnd({source});
  // The file is taken as it is: it is not waited for.
  const bytes::Patience patience{.pause = {}, .stop = session.stop_requested, .tell = {}};
  const Snapshot snapshot = MakeSource(source, session.clock.Now(), patience)->Read(attributes, printer);
  session.out.flush();
  if (printer.reached_limit()) return ExitCode::kConverged;
  if (snapshot.incomplete) {
    std::fprintf(stderr, "%s\n", Printable(snapshot.incomplete->ToString()).c_str());
    return session.stop_requested() ? ExitCode::kUnavailable : ExitCode::kSource;
  }
  std::fprintf(stderr, "%s: %s, %s\n", snapshot.location.c_str(), Counted(snapshot.records, "record").c_str(),
               printer.rejected() == 0 ? "complete" : (WithThousands(printer.rejected()) + " rejected").c_str());
  return printer.rejected() == 0 ? ExitCode::kConverged : ExitCode::kPartial;
}

}  // namespace ucaas_sync::commands
