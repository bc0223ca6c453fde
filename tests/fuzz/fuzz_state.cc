// The state file: any bytes in its place are refused in words, or serve. What is refused stays as it is; what the check
// calls sound can be read, planned from, written, backed up and taken over; and `state rebuild`, which every refusal
// names, gets over anything. How the input becomes a state: hostile_state.h.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "daemon/model/problem.h"
#include "daemon/model/text.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/rebuild.h"
#include "daemon/run/target.h"
#include "daemon/state/sqlite_store.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/hostile_state.h"

namespace {

using namespace ucaas_sync;  // NOLINT: the whole file is about it
using fuzz::Require;
using state::OpenMode;
using state::SqliteStore;

constexpr std::string_view kConfig = R"yaml(
state_dir: state
target: { sandbox: account.db }
sources:
  hr: { csv: people.csv, key: id }
users:
  from: hr
  left: "(status=left)"
  fields: { user_type: moderator, first_name: "{name}", last_name: "{name}", email: "{email}", department: "{department}" }
groups:
  from: hr
  fields: { name: "{department}" }
contacts:
  from: hr
  fields: { name: "{name}", email: "{email}" }
  groups: "{department}"
)yaml";

constexpr std::string_view kPeople =
    "id,name,email,department,status\n"
    "E1,Ada,ada@example.com,Sales,active\n"
    "E3,Cem,cem@example.com,Sales,active\n"
    "E4,Dan,dan@example.com,Sales,left\n";

class StandingClock final : public Clock {
 public:
  Instant Now() const override { return fuzz::Now(); }
  Monotonic Ticks() const override { return {}; }
};

std::string Bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Spill(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// One folder for the life of the process, in memory where there is such a place: a commit waits for the disk.
class Company {
 public:
  Company() {
    const std::filesystem::path shared = "/dev/shm";
    const bool in_memory = ::access(shared.c_str(), W_OK) == 0;
    std::string name =
        ((in_memory ? shared : std::filesystem::temp_directory_path()) / "ucaas-sync-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = name;
    Spill(folder_ / "config.yaml", kConfig);
    Spill(folder_ / "people.csv", kPeople);
    std::filesystem::permissions(folder_ / "config.yaml", std::filesystem::perms::owner_read);
    program_.emplace(run::CompileOrThrow(folder_ / "config.yaml", [](const std::string&) { return std::nullopt; }));
    good_ = fuzz::MakeGoodState(folder_ / "good", account());
  }
  Company(const Company&) = delete;
  Company& operator=(const Company&) = delete;
  ~Company() {
    std::error_code ignored;  // a folder that stays behind is no finding
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::filesystem::path& folder() const { return folder_; }
  state::BoundAccount account() const {
    const run::AccountName account = run::AccountOf(program_->config.target);
    return {.base_url = account.base_url, .credential_id = account.credential_id};
  }
  const std::filesystem::path& state_dir() const { return program_->config.state_dir; }
  std::filesystem::path file() const { return state::StatePath(state_dir()); }
  run::Context context() {
    return {.program = *program_, .clock = clock_, .observer = observer_, .stop_requested = {}};
  }
  fuzz::StateBytes Hostile(std::string_view input) const { return fuzz::MakeHostile(good_, input, folder_); }

  void Place(const fuzz::StateBytes& bytes) const {
    std::filesystem::remove_all(state_dir());
    std::filesystem::create_directory(state_dir());
    std::filesystem::permissions(state_dir(), std::filesystem::perms::owner_all);
    Spill(file(), bytes.file);
    if (!bytes.log.empty()) Spill(file().string() + "-wal", bytes.log);
  }

 private:
  std::filesystem::path folder_;
  std::optional<run::Program> program_;
  StandingClock clock_;
  SilentObserver observer_;
  fuzz::StateBytes good_;
};

/// Whether `work` was done; if not, it was refused as it should be.
bool Works(const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Failure& failure) {
    const std::string text = failure.what();
    // kUsage: an index that leads nowhere makes a run that is listed one that is not known.
    constexpr std::array kCodes = {ExitCode::kError, ExitCode::kConfig, ExitCode::kStale, ExitCode::kUsage};
    Require(std::find(kCodes.begin(), kCodes.end(), failure.code()) != kCodes.end(),
            "a state is refused as damaged, or as another's", text);
    Require(text.find("state") != std::string::npos, "a refusal says that it is about the state", text);
    return false;
  }
}

std::unique_ptr<SqliteStore> Open(const Company& company, OpenMode mode) {
  return state::OpenStore(company.state_dir(), mode, {.program_version = "1.2.3", .seed = 7, .busy_timeout_ms = 0});
}

// Everything that commands, pages and runs ask.
void ReadAll(const SqliteStore& store) {
  (void)store.Version();
  (void)store.SourceNames();
  (void)store.CountKnown();
  (void)store.CountEntities();
  store.ForEachKnown([&](const KnownEntity& known) {
    const StoredEntity row = store.Load(known.id);
    (void)store.Find(row.kind, row.key);
    (void)store.PastOperations(row.key, 10);
    (void)store.PastDecisions(row.key, 10);
    (void)store.KeysOf(row.fields[NaturalKeyField(row.kind)].text);
  });
  store.ForEachMembership([](std::int64_t, std::int64_t) {});
  store.ForEachRemote([](std::int64_t, Kind, std::string_view) {});
  (void)store.Absences();
  (void)store.Drift();
  (void)store.Repairs();
  (void)store.LeftAlones();
  (void)store.Refresh();
  (void)store.RefreshSeen();
  (void)store.Quarantined();
  (void)store.Holds(fuzz::Now());
  (void)store.LastGoodSnapshot("hr");
  (void)store.PendingCreates(Kind::kUser);
  (void)store.RemovalsSince(fuzz::Now() - std::chrono::hours(24));
  (void)store.UnknownCreates();
  (void)store.LeftoverCreates();
  (void)store.UnknownChanges();
  (void)store.Approvals(fuzz::Now());
  (void)store.Forgotten("E9");
  (void)store.Due();
  (void)store.DueAt();
  (void)store.Held();
  (void)store.Account();
  (void)store.Facts();
  for (const RunRecord& run : store.Runs(10)) {
    (void)store.ScopeOfRun(run.id);
    store.ForEachOperation(run.id, [](const Operation&, const OperationOutcome*) {});
  }
}

void WriteAll(SqliteStore& store) {
  StoredEntity row;
  row.kind = Kind::kUser;
  row.key = "E1";
  row.remote_id = "71";
  row.fields[kUserEmail] = Field::Value("ada@example.com");
  row.source = "hr";
  Operation operation;
  operation.kind = row.kind;
  operation.action = Action::kUpdate;
  operation.key = row.key;
  Plan plan;
  plan.operations.Add(operation);
  OperationOutcome outcome;
  outcome.seq = 1;
  outcome.done = true;
  outcome.verdict = "ok";
  outcome.row = row;
  const std::string run = store.BeginRun({.trigger = "command", .at = fuzz::Now()});
  store.StorePlan(run, plan);
  store.AdvanceMark(run, 1);
  store.RecordOutcomes(run, {&outcome, 1});
  store.RecordNotes(run, {}, {}, {});
  store.FinishRun(run, ExitCode::kConverged, "", 0, {}, fuzz::Now());
  store.PutHold({.key = "E2", .reason = "waits", .until = {}, .since = fuzz::Now()});
  store.RemoveOldRuns(fuzz::Now(), 100);
  store.Forget("E1", fuzz::Now());
}

void RunInput(Company& company, std::string_view input) {
  const fuzz::StateBytes hostile = company.Hostile(input);
  company.Place(hostile);
  bool is_sound = false;
  bool is_ours = false;
  const bool opens = Works([&] {
    const auto store = Open(company, OpenMode::kReadOnly);
    is_sound = store->Check().empty();
    is_ours = store->Account() == company.account();
  });
  Require(Bytes(company.file()) == hostile.file, "reading changes nothing");
  const auto serves = [&](const char* what, const std::function<void()>& work) {
    company.Place(hostile);
    if (!Works(work)) Require(!is_sound, "what the check calls sound serves", what);
  };
  serves("read", [&] { ReadAll(*Open(company, OpenMode::kReadOnly)); });
  if (is_ours)
    serves("plan", [&] { (void)run::PlanOnly(company.context(), {.offline = true, .only = {}, .source_paths = {}}); });
  serves("backup", [&] {
    const std::filesystem::path copy = company.state_dir() / "copy.db";
    Open(company, OpenMode::kReadOnly)->Backup(copy);
    Require(is_sound, "only a sound state has a backup");
  });
  serves("write", [&] { WriteAll(*Open(company, OpenMode::kReadWrite)); });
  if (!opens) {
    company.Place(hostile);
    if (!Works([&] { (void)Open(company, OpenMode::kReadWrite); }) && hostile.log.empty()) {
      Require(Bytes(company.file()) == hostile.file, "what is refused stays as it is");
    }
  }
  company.Place(hostile);
  Require(Works([&] { (void)run::Rebuild(company.context()); }), "a rebuild gets over every state");
  Require(Open(company, OpenMode::kReadOnly)->Check().empty(), "a rebuilt state is sound");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Company company;
  RunInput(company, fuzz::AsText(data, size));
  return 0;
}
