#include "connectors/ldif/ldif_source.h"

#include <algorithm>
#include <utility>

#include "connectors/bytes/hashing_stream.h"
#include "connectors/ldif/parser.h"
#include "connectors/ldif/window.h"
#include "daemon/model/sha256.h"

namespace ucaas_sync::ldif {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Problem ProblemAt(const ByteStream& stream, std::uint64_t line, std::string what, std::string remedy) {
  Problem problem;
  problem.at.file = stream.location();
  problem.at.line = line;
  problem.what = std::move(what);
  problem.remedy = std::move(remedy);
  return problem;
}

class LdifSource final : public Source {
 public:
  LdifSource(std::string name, std::vector<std::unique_ptr<ByteStream>> streams, Options options)
      : name_(std::move(name)), streams_(std::move(streams)), options_(std::move(options)) {
    if (options_.location.empty() && !streams_.empty()) options_.location = streams_.front()->location();
  }

  const std::string& name() const override { return name_; }

  Snapshot Read(AttributeTable& attributes, RecordSink& sink) override {
    Snapshot snapshot;
    snapshot.source = name_;
    snapshot.location = options_.location;
    Sha256 hash;
    for (auto& stream : streams_) {
      try {
        snapshot.incomplete =
            ReadStream(*bytes::Hashed(std::move(stream), hash, options_.read_ahead), attributes, sink, snapshot);
      } catch (const SourceFailure& failure) {
        Problem problem;
        problem.what = failure.what();
        snapshot.incomplete = std::move(problem);
      }
      if (snapshot.incomplete) return snapshot;
    }
    snapshot.hash = hash.Hex();
    return snapshot;
  }

 private:
  /// Why the stream is not whole, or nothing.
  std::optional<Problem> ReadStream(ByteStream& stream, AttributeTable& attributes, RecordSink& sink,
                                    Snapshot& snapshot) const {
    Window window(stream, options_.block_size);
    Parser parser(attributes, stream.location(), options_);
    SkipByteOrderMark(window);
    bool is_terminated = false;
    bool has_record = false;
    for (;;) {
      switch (parser.Next(window)) {
        case Parser::Step::kRecord:
          ++snapshot.records;
          has_record = true;
          if (!sink.OnRecord(parser.record())) {
            return ProblemAt(stream, parser.lines(), "reading was stopped here", {});
          }
          break;
        case Parser::Step::kReject:
          ++snapshot.rejected;
          has_record = true;
          sink.OnReject(parser.reject());
          break;
        case Parser::Step::kSkipped:
          break;
        case Parser::Step::kRefused:
          return parser.refusal();
        case Parser::Step::kNeedMore:
          if (window.size() >= options_.most_of_window()) return TooLarge(stream, parser);
          if (is_terminated) {
            // The last line that the parser saw is the one that Terminate() added.
            const std::uint64_t lines = parser.lines() - 1;
            if (auto problem = parser.evidence().Verdict(stream.location(), lines); problem) return problem;
            if (has_record || (window.bytes_read() != 0 && !options_.record_required)) return std::nullopt;
            return NoRecord(stream, window);
          }
          if (window.Fill()) break;
          if (window.stopped_at_nul()) return NulByte(stream, parser, window);
          if (auto problem = stream.Finish(); problem) return problem;
          if (!window.ends_with_newline() && options_.final_newline_required) return CutOff(stream, parser, window);
          window.Terminate();
          is_terminated = true;
          break;
      }
    }
  }

  static void SkipByteOrderMark(Window& window) {
    while (window.size() < kByteOrderMark.size() && window.Fill()) {
    }
    if (std::string_view(window.begin(), window.size()).starts_with(kByteOrderMark)) {
      window.Advance(window.begin() + kByteOrderMark.size());
    }
  }

  Problem TooLarge(const ByteStream& stream, const Parser& parser) const {
    return ProblemAt(stream, parser.lines() + 1,
                     "the record that begins here is larger than " + std::to_string(options_.max_record >> 20) + " MiB",
                     "see whether empty lines between records are missing, or export fewer attributes");
  }

  static Problem NoRecord(const ByteStream& stream, const Window& window) {
    return ProblemAt(stream, 1, window.bytes_read() == 0 ? "the file is empty" : "there is no record in the file",
                     "an export of nobody is taken for a failed export; see that the export works and finds somebody");
  }

  /// The line in which the window ends.
  static std::uint64_t LastLine(const Parser& parser, const Window& window) {
    return parser.lines() + 1 + static_cast<std::uint64_t>(std::count(window.begin(), window.end(), '\n'));
  }

  static Problem NulByte(const ByteStream& stream, const Parser& parser, const Window& window) {
    return ProblemAt(stream, LastLine(parser, window), "there is a NUL byte, so this is no text file or it is damaged",
                     "if it is UTF-16 without a byte-order mark, name that (encoding: utf-16le); else export again");
  }

  static Problem CutOff(const ByteStream& stream, const Parser& parser, const Window& window) {
    return ProblemAt(stream, LastLine(parser, window),
                     "the file ends inside a line (it has no final newline), so it may have been cut off",
                     "export again; if this export never ends in a newline, set final_newline: optional");
  }

  std::string name_;
  std::vector<std::unique_ptr<ByteStream>> streams_;
  Options options_;
};

}  // namespace

std::unique_ptr<Source> MakeLdifSource(std::string name, std::unique_ptr<ByteStream> stream, Options options) {
  std::vector<std::unique_ptr<ByteStream>> streams;
  streams.push_back(std::move(stream));
  return MakeLdifSource(std::move(name), std::move(streams), std::move(options));
}

std::unique_ptr<Source> MakeLdifSource(std::string name, std::vector<std::unique_ptr<ByteStream>> streams,
                                       Options options) {
  return std::make_unique<LdifSource>(std::move(name), std::move(streams), std::move(options));
}

}  // namespace ucaas_sync::ldif
