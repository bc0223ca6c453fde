// The storage says no: a full disk, a read-only one, a broken one, no file handles left, at every call of a run. Each
// ends with a clear failure, loses nothing acknowledged, and the next run does the rest when the cause is gone.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "tests/state/powered_company.h"
#include "tests/state/support.h"
#include "tests/support/lossy_vfs.h"

namespace ucaas_sync::state {
namespace {

using testing::LossyVfs;
using Call = LossyVfs::Call;

#if defined(UCAAS_SYNC_ADDRESS_SANITIZER)
constexpr std::size_t kSlower = 7;
#else
constexpr std::size_t kSlower = 1;
#endif

struct Trouble {
  LossyVfs::Fault fault;
  std::string says;         // what to do, in the failure's text
  std::size_t stride = 10;  // tried at every which call
};

std::vector<Trouble> Troubles() {
  const auto of = [](Call call, const char* suffix, int code, int system_error) {
    return LossyVfs::Fault{.call = call, .suffix = suffix, .code = code, .system_error = system_error};
  };
  return {
      {.fault = of(Call::kWrite, "", SQLITE_FULL, ENOSPC), .says = "free space on that file system", .stride = 2},
      {.fault = of(Call::kWrite, "", SQLITE_IOERR_WRITE, EIO), .says = "check the disk (kernel log)"},
      {.fault = of(Call::kSync, "", SQLITE_IOERR_FSYNC, EIO), .says = "check the disk (kernel log)", .stride = 1},
      {.fault = of(Call::kRead, "", SQLITE_IOERR_READ, EIO), .says = "check the disk (kernel log)", .stride = 3},
      {.fault = of(Call::kWrite, "", SQLITE_READONLY, EROFS), .says = "not mounted read-only"},
      {.fault = of(Call::kOpen, "", SQLITE_CANTOPEN, EMFILE), .says = "the limit of open files", .stride = 1},
      {.fault = of(Call::kShmMap, "", SQLITE_IOERR_SHMMAP, EIO), .says = "check the disk (kernel log)", .stride = 1},
  };
}

void CopyFiles(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directory(to);
  std::filesystem::permissions(to, std::filesystem::perms::owner_all);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    std::filesystem::copy_file(entry.path(), to / entry.path().filename());
  }
}

/// A state and an account to begin with, a day to sync, and what the account holds when nothing went wrong.
struct Start {
  std::filesystem::path state;
  Account account;
  int day = 1;
  std::string picture;
  std::vector<std::string> dumps;  // what the state held after each commit of the unbroken run
};

// One run into the trouble and one after it; whether the trouble was met.
bool Suffer(const Start& start, const Trouble& trouble, std::uint64_t skip) {
  CAPTURE(trouble.says);
  CAPTURE(skip);
  const TemporaryDirectory dir;
  if (!start.state.empty()) CopyFiles(start.state, dir.state());
  PoweredCompany company(dir.state(), start.account);
  LossyVfs disk;
  disk.faults = {trouble.fault};
  disk.faults.front().skip = skip;
  std::vector<std::string> dumps;
  std::string run_failure;
  try {
    company.Sync(CompanyOn(start.day), [&](const char*) { dumps.push_back(Dump(dir.state())); });
  } catch (const Failure& failure) {
    run_failure = failure.what();
    CAPTURE(run_failure);
    CHECK(failure.code() == ExitCode::kError);
    CHECK(Says(failure, "state.db"));
    CHECK(Says(failure, "cannot "));
    CHECK(Says(failure, trouble.says));
  }
  CAPTURE(run_failure);
  const bool was_met = disk.struck() > 0;
  disk.faults.clear();
  if (!run_failure.empty() && !dumps.empty()) {
    const auto store = OpenForTest(dir);
    CHECK(store->Check().empty());
    // What a failed sync may have left is there or not; everything before it is there.
    const std::string dump = Dump(dir.state());
    const bool is_kept = dump == dumps.back();
    const bool is_one_more =
        trouble.fault.call == Call::kSync && dumps.size() < start.dumps.size() && dump == start.dumps[dumps.size()];
    CHECK((is_kept || is_one_more));
  }
  company.clock.Advance(std::chrono::minutes(5));
  CHECK(company.Sync(CompanyOn(start.day)).applied.code == ExitCode::kConverged);
  CHECK(company.Faults().empty());
  CHECK(company.Picture() == start.picture);
  company.log.clear();
  CHECK(company.Sync(CompanyOn(start.day)).plan.operations.empty());
  CHECK(company.log.empty());
  for (const auto& entry : std::filesystem::directory_iterator(dir.state())) {
    const std::string name = entry.path().filename().string();
    const bool is_ours = name == "state.db" || name == "state.db-wal" || name == "state.db-shm";
    CHECK_MESSAGE(is_ours, name << " was left behind");
  }
  return was_met;
}

void SufferEverywhere(const Start& start) {
  for (const Trouble& trouble : Troubles()) {
    std::size_t met = 0;
    for (std::uint64_t skip = 0; Suffer(start, trouble, skip); skip += trouble.stride * kSlower) ++met;
    CHECK(met > 0);
  }
}

}  // namespace

TEST_CASE("a storage fault anywhere in a first run is said, loses nothing acknowledged, and heals") {
  const TemporaryDirectory dir;
  PoweredCompany unbroken(dir.state());
  Start start;
  unbroken.Sync(CompanyOn(1), [&](const char*) { start.dumps.push_back(Dump(dir.state())); });
  start.picture = unbroken.Picture();
  SufferEverywhere(start);
}

TEST_CASE("a storage fault anywhere in a run of changes is said, loses nothing acknowledged, and heals") {
  const TemporaryDirectory dir;
  PoweredCompany first(dir.state());
  first.Sync(CompanyOn(1));
  Start start{.state = dir.state(), .account = first.target.objects, .day = 2, .picture = {}, .dumps = {}};
  const TemporaryDirectory other;
  CopyFiles(dir.state(), other.state());
  PoweredCompany second(other.state(), start.account);
  second.Sync(CompanyOn(2), [&](const char*) { start.dumps.push_back(Dump(other.state())); });
  start.picture = second.Picture();
  SufferEverywhere(start);
}

TEST_CASE("a sync that fails does not claim that nothing was written") {
  const TemporaryDirectory dir;
  const auto store = OpenForTest(dir);
  LossyVfs disk;
  const auto other = OpenForTest(dir);
  disk.faults = {{.call = Call::kSync, .suffix = "-wal", .code = SQLITE_IOERR_FSYNC, .system_error = EIO}};
  const Failure failure = FailureOf([&] { other->PutHold({.key = "E1", .reason = "", .until = {}}); });
  CHECK(Says(failure, "whether this step was written is not known"));
  CHECK_FALSE(Says(failure, "nothing of this step was written"));
}

}  // namespace ucaas_sync::state
