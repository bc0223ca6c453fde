#include "daemon/report/run_log.h"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/model/json_text.h"
#include "daemon/model/text.h"
#include "daemon/report/naming.h"
#include "daemon/report/repeats.h"

namespace ucaas_sync::report {
namespace {

using spdlog::memory_buf_t;
using spdlog::details::log_msg;

spdlog::level::level_enum LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

Severity SeverityOf(std::string_view word) {
  if (word == "debug") return Severity::kDebug;
  if (word == "warning") return Severity::kWarning;
  return word == "error" ? Severity::kError : Severity::kInfo;
}

std::string_view WordOf(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::warn:
      return "warning";
    case spdlog::level::err:
      return "error";
    default:
      return "info";
  }
}

// journald's levels are syslog's (sd-daemon(3)).
char JournalLevel(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::debug:
      return '7';
    case spdlog::level::warn:
      return '4';
    case spdlog::level::err:
      return '3';
    default:
      return '6';
  }
}

std::string TimeOf(const log_msg& message) {
  return FormatInstant(std::chrono::floor<Duration>(message.time));
}

// A message's payload is "event\0text", so that each style can place the two.
std::pair<std::string_view, std::string_view> PartsOf(const log_msg& message) {
  const std::string_view payload(message.payload.data(), message.payload.size());
  const std::size_t end = payload.find('\0');
  return {payload.substr(0, end), payload.substr(end + 1)};
}

// An end, after which what was left out would otherwise be told only when the next event comes.
bool IsAnEnd(EventId event) {
  constexpr std::array kEnds{EventId::kRunFinished,  EventId::kRunPartial,     EventId::kRunHeld,
                             EventId::kRunFailed,    EventId::kServiceStopped, EventId::kServiceCutShort,
                             EventId::kCommandFailed};
  return std::find(kEnds.begin(), kEnds.end(), event) != kEnds.end();
}

class LineFormatter final : public spdlog::formatter {
 public:
  LineFormatter(LogStyle style, bool colour) : style_(style), colour_(colour) {}

  void format(const log_msg& message, memory_buf_t& out) override {
    const std::string line = LineOf(message);
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(style_, colour_); }

 private:
  std::string LineOf(const log_msg& message) const {
    const auto [event, text] = PartsOf(message);
    std::string line;
    switch (style_) {
      case LogStyle::kText: {
        std::string level(WordOf(message.level));
        level.resize(7, ' ');
        if (colour_ && message.level >= spdlog::level::warn) {
          level = (message.level == spdlog::level::warn ? "\x1b[33m" : "\x1b[31m") + level + "\x1b[0m";
        }
        line = TimeOf(message) + ' ' + level + ' ' + Printable(OneLine(text));
        // The name to look up in the manual, where there is something to do about it.
        if (message.level >= spdlog::level::warn) line += " [" + std::string(event) + ']';
        break;
      }
      case LogStyle::kJson:
        line =
            R"({"time":")" + TimeOf(message) + R"(","level":")" + std::string(WordOf(message.level)) + R"(","event":)";
        AppendJsonString(line, event);
        line += R"(,"text":)";
        AppendJsonString(line, text);
        line += '}';
        break;
      case LogStyle::kJournal:
        line =
            std::string("<") + JournalLevel(message.level) + '>' + std::string(event) + ": " + Printable(OneLine(text));
        break;
    }
    return line + '\n';
  }

  LogStyle style_;
  bool colour_;
};

class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallbackSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

 private:
  void sink_it_(const log_msg& message) override {
    memory_buf_t line;
    formatter_->format(message, line);
    write_({line.data(), line.size()});
  }
  void flush_() override {}

  std::function<void(std::string_view)> write_;
};

constexpr std::chrono::milliseconds kRedrawEvery{100};

std::string Bar(std::uint64_t done, std::uint64_t of) {
  constexpr std::uint64_t kCells = 24;
  const std::uint64_t filled = of == 0 ? 0 : done * kCells / of;
  std::string bar = "[";
  for (std::uint64_t i = 0; i < kCells; ++i) bar += i < filled ? '#' : '.';
  return bar + ']';
}

std::string SentenceOf(const Event& event, config::People people) {
  if (people == config::People::kFull && !event.in_full.empty()) return event.in_full;
  const auto named = [people](const std::string& key) { return NameOf(key, people); };
  std::string text = event.text;
  if (!event.key.empty()) text += ' ' + named(event.key);
  text += event.rest;
  constexpr std::size_t kMostKeys = 10;
  for (std::size_t i = 0; i < std::min(event.keys.size(), kMostKeys); ++i) {
    text += (i == 0 ? ": " : ", ") + named(event.keys[i]);
  }
  if (event.keys.size() > kMostKeys) text += " and " + WithThousands(event.keys.size() - kMostKeys) + " more";
  if (people == config::People::kFull && !event.quoted.empty()) text += ": " + event.quoted;
  return text;
}

}  // namespace

struct RunLog::Impl {
  const Clock& clock;
  RunLogOptions options;
  std::function<void(std::string_view)> write;
  spdlog::logger logger;
  std::string phase;
  Monotonic phase_began;
  std::optional<Monotonic> drawn;
  bool is_line_up = false;
  Repeats repeats;
  std::uint64_t retries = 0;
  config::People people = config::People::kFull;

  Impl(const Clock& clock_in, const RunLogOptions& options_in, std::function<void(std::string_view)> write_in)
      : clock(clock_in),
        options(options_in),
        write(std::move(write_in)),
        logger("ucaas-sync", std::make_shared<CallbackSink>(write)) {
    logger.set_level(LevelOf(options.least));
    logger.set_formatter(std::make_unique<LineFormatter>(options.style, options.colour));
  }

  void Erase() {
    if (is_line_up) write("\r\x1b[K");
    is_line_up = false;
  }

  void Log(EventId event, std::string_view text) {
    const EventType& type = TypeOf(event);
    if (!logger.should_log(LevelOf(type.severity))) return;
    const Monotonic now = clock.Ticks();
    TellLeftOut(repeats.Over(now));
    // Who asks for debugging wants every line.
    if (type.severity != Severity::kDebug && !repeats.Admit(event, now)) return;
    if (IsAnEnd(event)) TellLeftOut(repeats.All());
    Write(type, text);
  }

  void TellLeftOut(const std::vector<Repeats::LeftOut>& left_out) {
    const EventType& type = TypeOf(EventId::kRepeatsLeftOut);
    for (const Repeats::LeftOut& some : left_out) {
      Write(type, WithThousands(some.count) + " more of " + std::string(TypeOf(some.event).name) +
                      " came within a minute and are not written");
    }
  }

  void Write(const EventType& type, std::string_view text) {
    Erase();
    std::string payload(type.name);
    payload += '\0';
    payload += text;
    const auto time = std::chrono::time_point_cast<spdlog::log_clock::duration>(clock.Now());
    logger.log(time, spdlog::source_loc{}, LevelOf(type.severity),
               spdlog::string_view_t(payload.data(), payload.size()));
  }

  void Draw(std::string_view new_phase, std::uint64_t done, std::uint64_t of) {
    const Monotonic now = clock.Ticks();
    if (phase != new_phase) {
      phase = new_phase;
      phase_began = now;
      drawn.reset();
    }
    if (drawn && now - *drawn < kRedrawEvery && done != of) return;
    drawn = now;
    std::string line = phase + ' ';
    if (of > 0)
      line += Bar(done, of) + ' ' + WithThousands(done) + " of " + WithThousands(of) + Remaining(now, done, of);
    if (of == 0 && done > 0) line += WithThousands(done);
    write("\r\x1b[K" + Shorten(line, options.width - 1));
    is_line_up = true;
  }

  std::string Remaining(Monotonic now, std::uint64_t done, std::uint64_t of) const {
    const auto spent = std::chrono::duration_cast<Duration>(now - phase_began);
    constexpr Duration kTooEarly{2'000};
    if (done == 0 || done >= of || spent < kTooEarly) return {};
    const double share = static_cast<double>(of - done) / static_cast<double>(done);
    return ", " + FormatDuration(Duration(static_cast<std::int64_t>(static_cast<double>(spent.count()) * share))) +
           " left";
  }
};

RunLog::RunLog(const Clock& clock, RunLogOptions options, std::function<void(std::string_view)> write)
    : impl_(std::make_unique<Impl>(clock, options, std::move(write))) {}

RunLog::~RunLog() {
  impl_->TellLeftOut(impl_->repeats.All());
  impl_->Erase();
}

void RunLog::OnEvent(const Event& event) {
  impl_->Log(event.id, SentenceOf(event, impl_->people));
}

void RunLog::Configure(const config::LogConfig& config) {
  impl_->people = config.people;
  if (!impl_->options.keep_level) impl_->logger.set_level(LevelOf(SeverityOf(config.level)));
  if (impl_->options.keep_style) return;
  if (config.format == config::LogFormat::kJson) impl_->options.style = LogStyle::kJson;
  if (config.format == config::LogFormat::kText) impl_->options.style = LogStyle::kText;
  impl_->logger.set_formatter(std::make_unique<LineFormatter>(impl_->options.style, impl_->options.colour));
}

LogStyle RunLog::style() const {
  return impl_->options.style;
}

void RunLog::OnProgress(std::string_view phase, std::uint64_t done, std::uint64_t of) {
  if (impl_->options.progress) impl_->Draw(phase, done, of);
}

void RunLog::OnSnapshot(const Snapshot& snapshot) {
  std::string text = "source " + snapshot.source + ": " + Counted(snapshot.records, "record");
  if (snapshot.rejected > 0) text += ", " + WithThousands(snapshot.rejected) + " rejected";
  text += " from " + snapshot.location;
  if (snapshot.incomplete) text += "; INCOMPLETE: " + snapshot.incomplete->ToString();
  impl_->Log(snapshot.complete() ? EventId::kSourceRead : EventId::kSourceIncomplete, text);
}

void RunLog::OnPlan(const Plan& plan) {
  std::uint64_t changes = 0;
  for (const KindSummary& summary : plan.summary) {
    for (const std::uint64_t count : summary.actions) changes += count;
  }
  impl_->Log(plan.held ? EventId::kPlanHeld : EventId::kPlanMade,
             "plan " + plan.id + ": " + Counted(changes, "change") + (plan.held ? ", HELD by a guard" : ""));
}

void RunLog::OnRetry(std::string_view reason) {
  constexpr std::uint64_t kSayEvery = 100;
  if (impl_->retries++ % kSayEvery == 0) {
    const bool is_paced = reason == "paced";
    impl_->Log(is_paced ? EventId::kTargetPaces : EventId::kTargetFails,
               is_paced ? "the target asks us to slow down" : "the target fails for the moment; trying again");
  }
}

void RunLog::ClearProgress() {
  impl_->Erase();
}

}  // namespace ucaas_sync::report
