#include "daemon/service/service.h"

#include <malloc.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/model/problem.h"
#include "daemon/model/text.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/plan_file.h"
#include "daemon/run/standing.h"
#include "daemon/run/steps.h"
#include "daemon/run/system_clock.h"
#include "daemon/service/clock_change.h"
#include "daemon/service/herald.h"
#include "daemon/service/news.h"
#include "daemon/service/publication.h"
#include "daemon/service/run_report.h"
#include "daemon/service/run_voice.h"
#include "daemon/service/schedule.h"
#include "daemon/service/sight.h"
#include "daemon/service/signals.h"
#include "daemon/service/supervisor.h"
#include "daemon/service/view.h"
#include "daemon/service/watch.h"
#include "daemon/service/worker.h"
#include "daemon/service/zone.h"
#include "daemon/state/file_care.h"

namespace ucaas_sync::service {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A stop is asked for at 0 s and done by 10 s; what is in flight has 8 s of that.
constexpr Duration kMostToStop{9'500};
// A run shows life with every request and every step; one that shows none for so long hangs.
constexpr Duration kHangs = minutes(15);

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "this host";
}

class Loop {
 public:
  explicit Loop(const Options& options)
      : options_(options),
        signals_({SIGHUP, SIGUSR1, SIGTERM, SIGINT}),
        zone_(),
        publication_(options.clock),
        voice_(options.log, publication_.metrics(), options.clock),
        program_(std::make_unique<run::Program>(run::CompileOrThrow(options.config_file, options.environment))) {
    Adopt();
    const Moment now = Now();
    const std::optional<Instant> last_run = RecallLastRun();
    news_.emplace(HostName(), told_before_);
    schedule_.emplace(program_->config.schedule, program_->config.timezone, last_run, now);
  }

  ExitCode Serve() {
    Publish();
    Say(EventId::kServiceStarted, "serving " + program_->config.file.string() + ": looks every " +
                                      FormatDuration(program_->config.schedule.every) +
                                      (watch_ ? " and when files change" : "") + "; the state is in " +
                                      program_->config.state_dir.string());
    supervisor_.Ready(Describe(view_));
    while (!stop_asked_ || worker_.running()) Turn();
    Say(EventId::kServiceStopped, "stopped; the next start goes on where this one ends");
    return ExitCode::kConverged;
  }

 private:
  Moment Now() const { return {.wall = options_.clock.Now(), .ticks = options_.clock.Ticks()}; }

  void Say(EventId event, const std::string& text) { voice_.Announce({.id = event, .text = text}); }
  // What is tried again and fails again as before is said once.
  void SayOnce(EventId event, const std::string& text) { voice_.OnEvent({.id = event, .text = text}); }

  // What follows from the configuration beside the runs.
  void Adopt() {
    options_.set_log(program_->config.log);
    zone_.Use(program_->config.timezone);
    watch_.reset();
    unwatched_.clear();
    if (!program_->config.schedule.watch) return;
    std::vector<std::string> paths;
    for (const config::SourceConfig& source : program_->config.sources) {
      if (!source.path.empty()) paths.push_back(source.path.value);
    }
    // What a person approves, holds or releases is taken up at once.
    const std::string state = state::StatePath(program_->config.state_dir).string();
    paths.push_back(state);
    paths.push_back(state + "-wal");
    watch_.emplace(paths);
  }

  void Publish() {
    publication_.Open(program_->config);
    not_listening_.clear();
    if (publication_.is_open()) {
      Say(EventId::kListening, "pages and metrics are on " + program_->config.listen.value);
    }
  }

  // A reload whose address cannot be had costs the pages, not the service; each look tries it again.
  void Republish() {
    try {
      Publish();
    } catch (const Failure& failure) {
      const std::string why = failure.what();
      if (std::exchange(not_listening_, why) == why) return;
      Say(EventId::kNotListening, "there are no pages and metrics: " + why);
    }
  }

  // Also refuses, before the service says that it is ready, a state that no run could use.
  std::optional<Instant> RecallLastRun() {
    state::RequireSound(program_->config.state_dir);
    // Once, instead of a copy in memory at every look.
    if (state::IsOlder(program_->config.state_dir)) run::OpenState(Context(), state::OpenMode::kReadWrite);
    const auto store = run::OpenState(Context(), state::OpenMode::kReadOnly);
    publication_.metrics().SetInventory(run::InventoryOf(*store));
    constexpr std::size_t kRuns = 100;
    const std::vector<RunRecord> runs = store->Runs(kRuns);
    Recall(runs, view_);
    if (view_.last_success) publication_.metrics().SetLastSuccess(*view_.last_success);
    if (!runs.empty()) told_before_ = News::BeforeOf(runs);
    return LastUse(runs);
  }

  run::Context Context() {
    return {.program = *program_,
            .clock = options_.clock,
            .observer = voice_,
            .stop_requested =
                [this] {
                  voice_.Live();
                  return stop_run_.load();
                },
            .pause = options_.pause ? options_.pause : &run::Pause};
  }

  void Turn() {
    if (!worker_.running()) {
      if (reload_asked_) Reload();
      if (!stop_asked_) Consider();
    }
    Show();
    const Duration sleep = SleepTime();
    std::array<pollfd, 4> ready{
        pollfd{.fd = signals_.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = worker_.descriptor(), .events = POLLIN, .revents = 0},
        pollfd{.fd = clock_change_.descriptor(), .events = POLLIN, .revents = 0},
        // While a run is under way what stirs can wait: a look follows it in any case.
        pollfd{.fd = watch_ && !worker_.running() ? watch_->descriptor() : -1, .events = POLLIN, .revents = 0}};
    if (options_.wait) {
      options_.wait(ready, sleep, worker_.running());
    } else if (poll(ready.data(), ready.size(), static_cast<int>(sleep.count())) < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    if (ready[0].revents != 0) HearSignals();
    if (ready[2].revents != 0) clock_change_.Rearm();
    if (ready[3].revents != 0 && watch_->Drain()) schedule_->Stir(Now());
    if (auto report = worker_.Take()) Conclude(*report);
    if (stop_deadline_ && Now().ticks >= *stop_deadline_ && worker_.running()) GiveUp();
    Feed();
  }

  Duration SleepTime() const {
    const Moment now = Now();
    Duration sleep = worker_.running() || stop_asked_ ? Duration(seconds(1)) : schedule_->NextLook(now).after;
    constexpr Duration kLongestWithPages = seconds(30);  // /healthz says whether the loop turns
    if (publication_.is_open()) sleep = std::min(sleep, kLongestWithPages);
    if (supervisor_.longest_sleep()) sleep = std::min<Duration>(sleep, *supervisor_.longest_sleep());
    if (stop_deadline_) {
      sleep =
          std::min(sleep, std::chrono::ceil<Duration>(std::max(Monotonic::duration(0), *stop_deadline_ - now.ticks)));
    }
    // The wall clock may be set while we wait by the other one.
    constexpr Duration kLongest = std::chrono::hours(1);
    return std::clamp(sleep, Duration(0), kLongest);
  }

  void HearSignals() {
    for (const int signal : signals_.Take()) {
      switch (signal) {
        case SIGHUP:
          reload_asked_ = true;
          break;
        case SIGUSR1:
          schedule_->Ask();
          break;
        default:
          Stop();
      }
    }
  }

  void Stop() {
    if (stop_asked_) return;
    stop_asked_ = true;
    stop_run_ = true;
    stop_deadline_ = Now().ticks + kMostToStop;
    herald_.WindUp();
    view_.stopping = true;
    Show();
    supervisor_.Stopping(Describe(view_));
  }

  // The state stands a kill at any point; a service manager that loses patience would do the same a moment later.
  [[noreturn]] void GiveUp() {
    Say(EventId::kServiceCutShort, "stopped in the middle of a run that did not end in time; the next run finishes it");
    std::_Exit(static_cast<int>(ExitCode::kConverged));
  }

  void Reload() {
    reload_asked_ = false;
    supervisor_.Reloading(options_.clock.Ticks());
    try {
      auto program = std::make_unique<run::Program>(run::CompileOrThrow(options_.config_file, options_.environment));
      program_ = std::move(program);
      Adopt();
      schedule_->Reconfigure(program_->config.schedule, program_->config.timezone);
      not_listening_.clear();
      Republish();
      Say(EventId::kConfigurationReloaded, program_->config.file.string() + " is in force");
    } catch (const Failure& failure) {
      Say(EventId::kConfigurationRefused,
          std::string("the configuration of before stays in force, for the new one is not valid: ") + failure.what());
    }
    supervisor_.Ready(Describe(view_));
  }

  // Looks when it is time, and begins a run when what is seen asks for one.
  void Consider() {
    const Moment at = Now();
    schedule_->HeedClock(at);
    if (schedule_->NextLook(at).after > Duration(0)) return;
    Sight sight = LookAtSources(program_->config);
    publication_.ShowSources(program_->config, sight);
    RecallDueTime();
    TendWatch();
    if (!publication_.is_open() && !program_->config.listen.empty()) Republish();
    const std::string fit = run::PlanFit(*program_);
    Look look;
    look.changed = sight.sources != read_.sources || fit != read_fit_;
    look.at_rest = sight.sources == seen_.sources;
    look.blind = sight.blind;
    look.due_at = due_at_;
    look.stale_at = sight.stale_at;
    seen_ = sight;
    const Moment now = Now();
    const auto trigger = schedule_->Judge(now, look);
    if (!trigger) return;
    read_ = std::move(sight);
    read_fit_ = fit;
    voice_.BeginRun(schedule_->failures() > 0);
    Say(EventId::kRunBegun, "a run begins: " + std::string(Word(*trigger)));
    began_ = now.ticks;
    view_.running = true;
    try {
      worker_.Start([context = Context(), trigger = *trigger] { return RunOnce(context, trigger); });
    } catch (const std::system_error& error) {
      RunReport report;
      report.code = ExitCode::kError;
      report.message = std::string("no thread is to be had for it: ") + error.what();
      Conclude(report);
    }
  }

  // Opens the state only when somebody has written to it since: a run, or a person who approved, held or released.
  void RecallDueTime() {
    const std::vector<FileIdentity> now = LookAtState(program_->config.state_dir);
    if (now == state_seen_) return;
    try {
      const auto store = run::OpenState(Context(), state::OpenMode::kReadOnly);
      due_at_ = store->DueAt();
      RecallOthersRun(*store);
      state_seen_ = LookAtState(program_->config.state_dir);
    } catch (const Failure& failure) {
      // A run says the same, and is tried again; until then nothing is known to be due.
      due_at_.reset();
      SayOnce(EventId::kStateNotRead, std::string("when the next run is due cannot be read: ") + failure.what());
    }
  }

  // What a person mended and tried by hand is not told as failing until the rest is over.
  void RecallOthersRun(const state::SqliteStore& store) {
    constexpr std::size_t kRuns = 5;  // the newest may be under way
    // One person's run can end well while what is held for all waits.
    if (run::IsAllHeld(store) || !RecallOther(store.Runs(kRuns), view_)) return;
    schedule_->Mended(Now());
    publication_.metrics().SetInventory(run::InventoryOf(store));
    if (view_.last_success) publication_.metrics().SetLastSuccess(*view_.last_success);
  }

  void TendWatch() {
    if (!watch_) return;
    watch_->Repair();
    std::map<std::string, std::string> unwatched = watch_->unwatched();
    // The first run makes it, and the look that follows it watches it.
    std::error_code error;
    const bool has_state = std::filesystem::exists(program_->config.state_dir, error);
    if (!has_state && !error) unwatched.erase(program_->config.state_dir.string());
    if (unwatched == unwatched_) return;
    unwatched_ = std::move(unwatched);
    if (unwatched_.empty()) return;
    Say(EventId::kWatchMissing, "changes are noticed every " + FormatDuration(program_->config.schedule.every) +
                                    " only, since these folders cannot be watched: " + ListOf(unwatched_));
  }

  void Conclude(const RunReport& report) {
    const Moment now = Now();
    const bool had_failed = schedule_->failures() > 0;
    const ExitCode before = std::exchange(last_code_, report.code);
    schedule_->RunEnded(now, report.code, {.unfinished = report.unfinished, .is_asked = report.is_asked});
    const bool fails = schedule_->failures() > 0;
    view_.running = false;
    view_.phase.clear();
    view_.done = view_.of = 0;
    view_.outcome = report.code;
    view_.last_run = report.run;
    view_.message = report.message;
    view_.last_end = now.wall;
    view_.failures = schedule_->failures();
    view_.left = report.code == ExitCode::kPartial ? report.left : 0;
    if (view_.is_ready() && view_.left == 0) view_.last_success = now.wall;
    publication_.ShowRun(report, view_, now.ticks - began_);
    // Whoever waits for the line in the log finds the pages as it says.
    Show();
    if (fails) {
      const Event failed{.id = EventId::kRunFailed, .text = std::string(Word(report.code)) + ": " + report.message};
      if (report.code == ExitCode::kUnavailable) {
        voice_.OnOutage(failed);
      } else {
        voice_.OnEvent(failed);
      }
      if (!had_failed) Say(EventId::kRunRetry, "it is tried again, and what stays the same is not said again");
    } else if (had_failed) {
      Say(EventId::kRunRecovered, "well again after " + std::string(Word(before)));
    }
    if (!fails) voice_.Announce(TellingOf(report, std::chrono::duration_cast<Duration>(now.ticks - began_)));
    if (auto notice = news_->After(report, view_.failures)) {
      herald_.Send(program_->config.notify, std::move(*notice));
    }
    // What a run of a large company took is not needed until the next.
    malloc_trim(0);
  }

  void Show() {
    const Moment now = Now();
    if (view_.running) {
      const RunVoice::Progress progress = voice_.progress();
      view_.phase = progress.phase;
      view_.done = progress.done;
      view_.of = progress.of;
      view_.next_look.reset();
    } else {
      const Schedule::Wake wake = schedule_->NextAttempt(now);
      // To the second, so that the same plan is not told anew because of some microseconds.
      view_.next_look = std::chrono::round<seconds>(now.wall + wake.after);
      view_.next_why = wake.why;
    }
    const RunVoice::TargetSigns signs = voice_.target_signs();
    view_.target_answered = signs.answered_at;
    view_.target_failed = signs.failed_at;
    publication_.Show(view_);
    if (!view_.stopping) supervisor_.Status(Describe(view_));
  }

  void Feed() {
    const Monotonic now = options_.clock.Ticks();
    publication_.Beat();
    if (worker_.running() && now - voice_.last_sign() > kHangs) return;
    supervisor_.Feed(now);
  }

  const Options& options_;
  Signals signals_;
  Zone zone_;
  Publication publication_;
  RunVoice voice_;
  Herald herald_{voice_};
  std::unique_ptr<run::Program> program_;
  std::optional<Schedule> schedule_;
  std::optional<News> news_;
  std::optional<News::Before> told_before_;
  std::optional<Watch> watch_;
  std::map<std::string, std::string> unwatched_;
  std::string not_listening_;  // why, as it was said last
  ClockChange clock_change_;
  Supervisor supervisor_;
  View view_;

  Sight seen_;            // by the last look
  Sight read_;            // by the look before the last run
  std::string read_fit_;  // the configuration of the last run
  std::vector<FileIdentity> state_seen_;
  std::optional<Instant> due_at_;
  ExitCode last_code_ = ExitCode::kConverged;  // of the last run here
  Monotonic began_;
  bool reload_asked_ = false;
  bool stop_asked_ = false;
  std::atomic<bool> stop_run_ = false;
  std::optional<Monotonic> stop_deadline_;
  Worker worker_;  // last: ends first, while all that it uses is there
};

}  // namespace

ExitCode Serve(const Options& options) {
  return Loop(options).Serve();
}

}  // namespace ucaas_sync::service
