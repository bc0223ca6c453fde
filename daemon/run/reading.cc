#include "daemon/run/reading.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "connectors/sources.h"
#include "daemon/model/text.h"

namespace ucaas_sync::run {
namespace {

SnapshotHistory HistoryOf(const Snapshot& snapshot, mapping::SourceCheck check, Instant now) {
  return {.source = snapshot.source,
          .records = snapshot.records,
          .rejected = snapshot.rejected,
          .hash = snapshot.hash,
          .files = snapshot.files,
          .filled = std::move(check.filled),
          .read_at = now};
}

struct Judgement {
  std::vector<std::pair<std::string, Problem>> problems;  // with the name of the source whose they are
  std::vector<Warning> warnings;
};

// In how many records of the last good snapshot the attribute was; nothing when it was not looked for.
std::optional<std::uint64_t> LastFilled(const StateView& state, const std::string& source,
                                        const std::string& attribute) {
  const auto last = state.LastGoodSnapshot(source);
  if (!last) return std::nullopt;
  const auto entry = std::find_if(last->filled.begin(), last->filled.end(),
                                  [&](const auto& filled) { return filled.first == attribute; });
  return entry == last->filled.end() ? std::nullopt : std::optional(entry->second);
}

// An attribute that no entry carries is a problem only when the last good snapshot had it. The first time that it is
// looked for it may be a slip of the pen in the configuration, and is said.
Judgement JudgeAttributes(const mapping::SourceCheck& check, const StateView& state,
                          const std::vector<config::SourceConfig>& sources, const std::string& name) {
  Judgement judgement;
  for (const Problem& problem : check.problems) judgement.problems.emplace_back(name, problem);
  std::set<std::string> told;
  for (const auto& uncarried : check.uncarried) {
    const std::string& its_name = sources[uncarried.source].name.value;
    const bool was_carried = LastFilled(state, its_name, uncarried.attribute).value_or(0) > 0;
    if (was_carried && told.insert(uncarried.attribute).second) {
      judgement.problems.emplace_back(its_name, uncarried.problem);
    }
  }
  for (const auto& uncarried : check.uncarried) {
    if (LastFilled(state, sources[uncarried.source].name.value, uncarried.attribute)) continue;
    if (told.insert(uncarried.attribute).second) judgement.warnings.push_back(uncarried.problem.ToString());
  }
  return judgement;
}

class Reader {
 public:
  Reader(Program& program, const StateView& state, Instant now, Observer& observer, const bytes::Patience& patience)
      : program_(program), state_(state), now_(now), observer_(observer), patience_(patience) {
    const std::size_t count = program.config.sources.size();
    result_.snapshots.resize(count);
    result_.states.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const config::SourceConfig& source = program.config.sources[i];
      result_.snapshots[i].source = source.name.value;
      result_.states[i] = {
          .snapshot = nullptr, .required = source.required, .healthy = true, .name = source.name.value};
    }
  }

  void Read(std::size_t index, config::SourceConfig source) {
    observer_.OnProgress("read " + source.name.value, 0, 0);
    AttributeTable attributes = program_.mapper.AttributesFor(index);
    Snapshot snapshot = MakeSource(source, now_, patience_)->Read(attributes, program_.mapper.SinkFor(index));
    if (!snapshot.incomplete) snapshot.incomplete = OlderThanBefore(source, snapshot.files, state_);
    mapping::SourceCheck check = program_.mapper.EndSource(index, snapshot);
    std::vector<std::pair<std::string, Problem>> problems;
    if (snapshot.incomplete) {
      // A file that ended early says nothing of its columns as a whole.
      problems.emplace_back(source.name.value, *snapshot.incomplete);
    } else {
      Judgement judgement = JudgeAttributes(check, state_, program_.config.sources, source.name.value);
      problems = std::move(judgement.problems);
      std::move(judgement.warnings.begin(), judgement.warnings.end(), std::back_inserter(result_.warnings));
    }
    result_.snapshots[index] = std::move(snapshot);
    result_.states[index].snapshot = &result_.snapshots[index];
    result_.states[index].filled = check.mapped;
    result_.states[index].hides_groups = check.hides_groups;
    observer_.OnSnapshot(result_.snapshots[index]);
    if (problems.empty()) {
      SnapshotHistory history = HistoryOf(result_.snapshots[index], std::move(check), now_);
      KeepWhatWasCarried(history);
      result_.histories.push_back(std::move(history));
      return;
    }
    result_.states[index].healthy = false;
    for (const auto& [name, problem] : problems) doubted_.insert(name);
    if (source.required) {
      for (const auto& [name, problem] : problems) failed_.push_back("source " + name + ": " + problem.ToString());
      return;
    }
    result_.warnings.push_back("source " + source.name.value +
                               " is set aside, its people are frozen: " + problems.front().second.ToString());
  }

  /// Every required source that cannot be used is named, not just the first.
  ReadResult Finish() {
    if (!failed_.empty()) {
      std::string text;
      for (const std::string& line : failed_) text += (text.empty() ? "" : "\n") + line;
      throw Failure(ExitCode::kSource, text + "\nnothing was written");
    }
    // A joined source, too, that is whole in itself: from what it has lost the next run would learn that it never had
    // it, and judge by that those who are frozen now.
    std::erase_if(result_.histories,
                  [this](const SnapshotHistory& history) { return doubted_.contains(history.source); });
    return std::move(result_);
  }

 private:
  // Whoever is joined with this source may be set aside today, and miss the attribute when they are read again. That it
  // was there is kept, and not how often: to fill_drop it counts as gone.
  void KeepWhatWasCarried(SnapshotHistory& history) const {
    for (auto& [attribute, count] : history.filled) {
      if (count == 0 && LastFilled(state_, history.source, attribute).value_or(0) > 0) count = 1;
    }
  }

  Program& program_;
  const StateView& state_;
  Instant now_;
  Observer& observer_;
  const bytes::Patience& patience_;
  ReadResult result_;
  std::vector<std::string> failed_;
  std::set<std::string> doubted_;  // sources that somebody's problem is of
};

}  // namespace

std::optional<Problem> OlderThanBefore(const config::SourceConfig& source, const std::vector<FileIdentity>& files,
                                       const StateView& state) {
  if (source.pick != config::Pick::kNewest || files.empty()) return std::nullopt;
  const auto last = state.LastGoodSnapshot(source.name.value);
  if (!last || last->files.empty()) return std::nullopt;
  const FileIdentity& now = files.front();
  const FileIdentity& before = last->files.front();
  if (now.mtime_ns >= before.mtime_ns) return std::nullopt;
  return Problem{
      .at = {.file = now.path},
      .what = "is older than " + before.path + ", which was read last time",
      .remedy = "put the newer file back; if this one is to count from now on, give it a newer time: touch " +
                ShellWord(now.path)};
}

bytes::Patience PatienceOf(const Context& context) {
  return {.clock = &context.clock,
          .pause = context.pause,
          .stop = context.stop_requested,
          .tell = [&observer = context.observer](const std::string& text) {
            observer.OnEvent({.id = EventId::kSourceWaitedFor, .text = text});
          }};
}

ReadResult ReadSources(Program& program, const std::map<std::string, std::filesystem::path>& paths,
                       const StateView& state, EntitySink& sink, Instant now, Observer& observer,
                       const bytes::Patience& patience, Trace* trace) {
  const auto today = DateIn(now, program.config.timezone);
  if (!today)
    throw Failure(ExitCode::kConfig,
                  "timezone: \"" + program.config.timezone + "\" is not in this machine's tz database");
  program.protect->SetToday(*today);
  program.mapper.Begin({.today = *today, .timezone = program.config.timezone, .now = now}, sink, trace);
  Reader reader(program, state, now, observer, patience);
  for (const std::size_t index : program.mapper.ReadOrder()) {
    config::SourceConfig source = program.config.sources[index];
    if (const auto path = paths.find(source.name.value); path != paths.end()) {
      source.path.value = path->second.string();
      source.pick.reset();
    }
    reader.Read(index, std::move(source));
  }
  program.mapper.End();
  return reader.Finish();
}

}  // namespace ucaas_sync::run
