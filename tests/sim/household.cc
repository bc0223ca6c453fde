#include "tests/sim/household.h"

#include <stdlib.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "daemon/apply/rows.h"
#include "daemon/model/events.h"
#include "daemon/model/problem.h"
#include "daemon/run/consent.h"
#include "daemon/run/forget.h"
#include "daemon/run/revert.h"
#include "tests/sim/export_files.h"

namespace ucaas_sync::sim {
namespace {

run::Program Compiled(const Settings& settings, const std::filesystem::path& folder) {
  config::Config config = MakeConfig(settings);
  config.state_dir = folder / "state";
  config.target.base_url.value = "https://api.example.com/ucaas/v1/";
  config.target.basic.emplace();
  config.target.basic->id.value = "simulated";
  for (config::SourceConfig& source : config.sources) source.path.value = folder / (source.name.value + ".csv");
  config::Diagnostics diagnostics;
  run::Program program = run::Compile(std::move(config), diagnostics);
  diagnostics.ThrowIfErrors();
  return program;
}

}  // namespace

Folder::Folder() {
  const std::filesystem::path memory = "/dev/shm";
  const bool has_memory = std::filesystem::is_directory(memory);
  std::string pattern = ((has_memory ? memory : std::filesystem::temp_directory_path()) / "ucaas-sim-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make the folder " + pattern);
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

/// Hears what the log would, keeps the plan, and dies where the fuse says.
class Household::Listener final : public Observer {
 public:
  Listener(Fuse& fuse, StrictTarget& strict, std::vector<std::string>& trace)
      : fuse_(fuse), strict_(strict), trace_(trace) {}

  void OnEvent(const Event& event) override {
    const EventType& facts = TypeOf(event.id);
    std::string line(facts.name);
    line += ": " + event.text + ' ' + event.key + event.rest + ' ' + event.quoted + event.in_full;
    if (event.id == EventId::kLeftoverFound && !plan) on_learned();
    if (facts.severity == Severity::kError) strict_.Complain("an error in the log: " + line);
    if (facts.severity != Severity::kDebug) trace_.push_back(std::move(line));
  }
  void OnPlan(const ucaas_sync::Plan& made) override { plan = made; }
  void OnOutcome(const Operation& operation, std::string_view verdict, bool done) override {
    if (done) strict_.NoteDone(operation.kind, apply::AddressAfter(std::nullopt, operation));
    trace_.push_back(std::string(Name(operation.action)) + ' ' + operation.key + ": " + std::string(verdict));
    fuse_.Burn();
  }

  std::optional<ucaas_sync::Plan> plan;
  std::function<void()> on_learned;  ///< As Installation::on_learned.

 private:
  Fuse& fuse_;
  StrictTarget& strict_;
  std::vector<std::string>& trace_;
};

Household::Household(const Settings& settings, Instant start, std::uint64_t seed)
    : random_(seed, 1), program_(Compiled(settings, folder_.path())), network_(clock, target, fuse, Random(seed, 2)) {
  clock.now = start;
  listener_ = std::make_unique<Listener>(fuse, network_.strict(), network_.trace);
  network_.strict().AskState(
      [this](Kind kind, const std::string& remote_id, FieldId field) { return IsInState(kind, remote_id, field); });
}

Household::~Household() = default;

run::Context Household::ContextFor() {
  return {.program = program_,
          .clock = clock,
          .observer = *listener_,
          .stop_requested = [this] { return stop_after_ && network_.requests() >= *stop_after_; },
          .pause = {},
          .transport = &network_,
          .random = [this] { return random_.Next(); }};
}

Weather Household::DrawWeather() {
  Weather weather;
  if (is_calm_) return weather;
  constexpr unsigned kFaults[] = {0, 0, 2, 8, 20, 45};
  weather.faults = kFaults[random_.Below(std::size(kFaults))];
  if (random_.Chance(15)) weather.limit = 2 + random_.Below(12);
  if (random_.Chance(10)) {
    weather.outage_after = 1 + random_.Below(30);
    weather.outage = std::chrono::seconds(1 + random_.Below(1500));
    weather.is_misrouted = random_.Chance(40);
  }
  if (random_.Chance(20)) weather.page_length = 1 + static_cast<std::uint32_t>(random_.Below(10));
  return weather;
}

template <typename Body>
RunReport Household::Attempt(const Export& day, Body&& body) {
  RunReport report;
  report.at = clock.now;
  view_.reset();
  WriteExports(day, folder_.path());
  clock.ticks = {};
  listener_->plan.reset();
  listener_->on_learned = [this] {
    view_.reset();
    if (on_learned) on_learned();
    view_.reset();
  };
  const Weather weather = DrawWeather();
  stop_after_.reset();
  if (!is_calm_ && random_.Chance(4)) stop_after_ = random_.Below(20);
  network_.BeginRun(weather);
  bool crashed = false;
  try {
    body(report);
  } catch (const Crash&) {
    report.end = RunReport::End::kCrashed;
    crashed = true;
  } catch (const Failure& failure) {
    OnFailure(failure, report);
  } catch (const std::exception& error) {
    network_.strict().Complain(std::string("the program broke down: ") + error.what());
  }
  network_.EndRun(crashed);
  fuse.left = -1;
  if (!report.was_planned && listener_->plan) {
    report.was_planned = true;
    report.plan = *std::move(listener_->plan);
  }
  // A run may have asked the target something for a while before it took the time that its plan is of.
  if (report.was_planned) report.at = std::max(report.at, report.plan.created_at);
  report.writes = network_.writes;
  const bool is_troubled = network_.had_trouble() || stop_after_.has_value() || crashed;
  report.had_trouble = is_troubled || had_trouble_;
  had_trouble_ = is_troubled;
  report.complaints = network_.strict().TakeComplaints();
  return report;
}

void Household::OnFailure(const Failure& failure, RunReport& report) {
  report.applied.message = failure.what();
  switch (failure.code()) {
    case ExitCode::kSource:
      report.end = RunReport::End::kSource;
      return;
    case ExitCode::kUnavailable:
    case ExitCode::kRefused:
      report.end = RunReport::End::kTarget;
      if (!network_.had_trouble() && !stop_after_) {
        network_.strict().Complain(std::string("a target that does no wrong is given up: ") + failure.what());
      }
      return;
    default:
      report.end = RunReport::End::kTarget;
      network_.strict().Complain(std::string("the run failed: ") + failure.what());
      return;
  }
}

void Household::Fill(const run::SyncResult& result, RunReport& report) {
  report.run = result.run;
  report.plan = result.plan;
  report.applied = result.applied;
  report.was_planned = true;
  report.end = result.plan.held ? RunReport::End::kHeld : RunReport::End::kDone;
}

RunReport Household::Sync(const Export& day) {
  return Attempt(day, [this](RunReport& report) {
    Fill(run::Sync(ContextFor(), {}, "command"), report);
    view_ = Open(state::OpenMode::kReadOnly);
    report.notes.due_at = view_->DueAt();
  });
}

RunReport Household::Revert(const Export& day, const RunReport& past) {
  return Attempt(day, [&](RunReport& report) {
    report.is_revert = true;
    // A crash leaves nothing else that would tell what was to be done.
    report.plan = run::PlanRevert(ContextFor(), past.run).plan;
    report.was_planned = true;
    Fill(run::Revert(ContextFor(), past.run, {}), report);
  });
}

std::optional<Foreseen> Household::Plan(const Export& day, Instant now) {
  const Instant then = std::exchange(clock.now, now);
  // What is to break off is the sync that comes after.
  const auto left = std::exchange(fuse.left, -1);
  view_.reset();
  WriteExports(day, folder_.path());
  clock.ticks = {};
  stop_after_.reset();
  network_.BeginRun({});
  std::optional<Foreseen> foreseen;
  try {
    run::Planned planned = run::PlanOnly(ContextFor(), {});
    foreseen.emplace();
    foreseen->plan = std::move(planned.plan);
    foreseen->notes = std::move(planned.notes);
  } catch (const Failure& failure) {
    if (failure.code() != ExitCode::kSource) throw;
  }
  network_.EndRun(false);
  if (!network_.writes.empty()) network_.strict().Complain("plan sent " + network_.writes.front());
  clock.now = then;
  fuse.left = left;
  return foreseen;
}

bool Household::Forget(const Export& day, const std::string& key) {
  view_.reset();
  WriteExports(day, folder_.path());
  try {
    const run::ForgetResult result = run::Forget(ContextFor(), key);
    network_.strict().NoteForgotten();
    return result.erased.entities != 0;
  } catch (const Failure& failure) {
    if (failure.code() != ExitCode::kUsage && failure.code() != ExitCode::kSource) throw;
    return false;
  }
}

void Household::Approve(const RunReport& report) {
  view_.reset();
  run::Approve(ContextFor(), {.what = report.run, .who = "ada", .reason = {}});
}

std::unique_ptr<state::SqliteStore> Household::Open(state::OpenMode mode) const {
  return state::OpenStore(program_.config.state_dir, mode, {.program_version = UCAAS_SYNC_VERSION});
}

bool Household::IsInState(Kind kind, const std::string& remote_id, FieldId field) const {
  const auto store = Open(state::OpenMode::kReadOnly);
  std::optional<std::int64_t> row;
  store->ForEachRemote([&](std::int64_t id, Kind of, std::string_view remote) {
    if (of == kind && remote == remote_id) row = id;
  });
  // What is not in the state the program has just seen in a list.
  return !row || store->Load(*row).fields[field].state != FieldState::kUnmapped;
}

void Household::Hold(const StoredHold& hold) {
  view_.reset();
  Open(state::OpenMode::kReadWrite)->PutHold(hold);
}

void Household::Release(const std::string& key) {
  view_.reset();
  Open(state::OpenMode::kReadWrite)->RemoveHold(key, clock.now);
}

void Household::LoseState() {
  view_.reset();
  std::filesystem::remove_all(program_.config.state_dir);
  network_.strict().NoteForgotten();
}

std::vector<std::string> Household::Problems() {
  if (!view_) view_ = Open(state::OpenMode::kReadOnly);
  return view_->Check();
}

std::string Household::Trace() const {
  std::string text;
  for (const std::string& line : network_.trace) text += line + '\n';
  // Its name is another one each time.
  const std::string folder = folder_.path().string();
  for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) text.erase(at, folder.size());
  return text;
}

Scene Household::scene() {
  if (!view_) view_ = Open(state::OpenMode::kReadOnly);
  return {.now = clock.now, .target = target, .state = *view_};
}

}  // namespace ucaas_sync::sim
