// The power goes: before every single write, sync, truncation and deletion of a run of fifty people, with whatever was
// not synced lost, torn or kept out of order. UCAAS_SYNC_POWER_SEEDS=N tries N losses at each step, and from the second
// on cuts the run that takes up the pieces once more.
#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "daemon/model/text.h"
#include "tests/state/powered_company.h"
#include "tests/state/support.h"
#include "tests/support/lossy_vfs.h"

namespace ucaas_sync::state {
namespace {

using testing::LossyVfs;
using Honesty = LossyVfs::Honesty;

constexpr const char* kGone = "something acknowledged is gone, or something is there that nobody wrote";

#if defined(UCAAS_SYNC_ADDRESS_SANITIZER)
constexpr std::size_t kStride = 7;
#else
constexpr std::size_t kStride = 1;
#endif

std::uint64_t Seeds() {
  const char* text = std::getenv("UCAAS_SYNC_POWER_SEEDS");
  return text == nullptr ? 1 : ParseUnsigned(text).value_or(1);
}

/// A moment of a run: how many steps the disk had taken when it came.
struct Commit {
  std::size_t steps = 0;
  std::string call;
  std::string dump;  // what the state held from then on
};

struct Sent {
  std::size_t steps = 0;
  Account before;  // what the account held before this request took effect
};

/// One run, with everything that the disk and the target saw of it.
class Recording {
 public:
  Recording(std::filesystem::path dir, const Account& account, const sim::Export& day) : dir_(std::move(dir)) {
    PoweredCompany company(dir_, account);
    LossyVfs& disk = vfs_.emplace();
    company.on_request = [&] { requests_.push_back({.steps = disk.steps(), .before = company.target.objects}); };
    company.Sync(
        day, [&](const char* call) { commits_.push_back({.steps = disk.steps(), .call = call, .dump = Dump(dir_)}); });
    account_ = company.target.objects;
    picture_ = company.Picture();
    steps_ = disk.steps();
    disk.Detach();
  }

  std::size_t steps() const { return steps_; }
  const std::vector<Commit>& commits() const { return commits_; }
  const std::string& picture() const { return picture_; }
  const Account& account() const { return account_; }
  std::string Describe(std::size_t step) const { return vfs_->Describe(step); }

  void Survive(const std::filesystem::path& to, std::size_t cut, std::uint64_t seed, Honesty honesty) const {
    vfs_->Survive(dir_, to, cut, seed, honesty);
  }
  /// Requests between the step before the cut and the one after it may have gone out or not.
  Account AccountAt(std::size_t cut, std::mt19937_64& random) const {
    for (const Sent& request : requests_) {
      if (request.steps > cut || (request.steps == cut && random() % 4 == 0)) return request.before;
    }
    return account_;
  }
  /// What may not be lost: the state as of the last call that returned. What was under way may be there as well.
  bool Allows(std::size_t cut, const std::string& dump) const {
    for (std::size_t i = commits_.size(); i-- > 0;) {
      if (commits_[i].steps > cut) continue;
      return dump == commits_[i].dump || (i + 1 < commits_.size() && dump == commits_[i + 1].dump);
    }
    return true;  // before the state was there for the first time
  }
  std::string LastCommit(std::size_t cut) const {
    std::string call = "none";
    for (const Commit& commit : commits_) {
      if (commit.steps <= cut) call = commit.call;
    }
    return call;
  }

 private:
  std::filesystem::path dir_;
  std::optional<LossyVfs> vfs_;
  std::vector<Commit> commits_;
  std::vector<Sent> requests_;
  Account account_;
  std::string picture_;
  std::size_t steps_ = 0;
};

/// A directory that a power cut left, and what is wrong with it and with the runs that follow.
class Aftermath {
 public:
  Aftermath(const Recording& recording, std::size_t cut, std::uint64_t seed, Honesty honesty)
      : recording_(recording), cut_(cut), random_(seed * 7919 + cut) {
    std::filesystem::create_directory(dir_.state());
    std::filesystem::permissions(dir_.state(), std::filesystem::perms::owner_all);
    recording.Survive(dir_.state(), cut, seed, honesty);
    account_ = recording.AccountAt(cut, random_);
  }

  /// Empty when the state opens, is sound, and holds what was acknowledged and nothing that was not written.
  std::string Lost() {
    const LossyVfs disk;  // here for its speed: it syncs nothing
    try {
      const bool was_there = std::filesystem::exists(dir_.file());
      if (!was_there && !recording_.commits().empty() && recording_.commits().front().steps <= cut_) {
        return "there is no state any more";
      }
      const auto store = OpenForTest(dir_);
      for (const std::string& problem : store->Check()) return "not sound: " + problem;
      if (!recording_.Allows(cut_, Dump(dir_.state()))) return kGone;
    } catch (const Failure& failure) {
      return std::string("refused: ") + failure.what();
    }
    return {};
  }

  /// Runs until nothing is left to do; empty when the account then holds what it does after an unbroken run, each
  /// object made once. With `again`, the first of these runs is itself cut off.
  std::string Resumed(const sim::Export& day, bool again) {
    if (again) {
      const Recording second(dir_.state(), account_, day);
      Aftermath after(second, random_() % (second.steps() + 1), random_(), Honesty::kHonest);
      if (const std::string lost = after.Lost(); !lost.empty()) return "in the second cut: " + lost;
      return after.Converged(day, recording_.picture());
    }
    return Converged(day, recording_.picture());
  }

 private:
  std::string Converged(const sim::Export& day, const std::string& picture) {
    const LossyVfs disk;
    PoweredCompany company(dir_.state(), account_);
    company.clock.Advance(std::chrono::minutes(5));
    const PoweredCompany::Run run = company.Sync(day);
    if (run.applied.code != ExitCode::kConverged) return "the next run fails: " + run.applied.message;
    for (const std::string& fault : company.Faults()) return fault;
    if (company.Picture() != picture) return "the account differs from an unbroken run's:\n" + company.Picture();
    company.log.clear();
    company.clock.Advance(std::chrono::minutes(5));
    if (!company.Sync(day).plan.operations.empty() || !company.log.empty()) return "the run after that has work left";
    return {};
  }

  const Recording& recording_;
  std::size_t cut_;
  std::mt19937_64 random_;
  TemporaryDirectory dir_;
  Account account_;
};

struct Findings {
  std::size_t cuts = 0;
  std::vector<std::string> wrong;
};

// Cuts before every step, or every `stride`th.
Findings CutEverywhere(const Recording& recording, const sim::Export& day, std::uint64_t seeds, std::size_t stride,
                       Honesty honesty) {
  constexpr std::size_t kEnough = 5;
  Findings findings;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    for (std::size_t cut = seed % stride; cut <= recording.steps() && findings.wrong.size() < kEnough; cut += stride) {
      ++findings.cuts;
      Aftermath aftermath(recording, cut, seed, honesty);
      std::string wrong = aftermath.Lost();
      if (wrong.empty() && honesty == Honesty::kHonest) wrong = aftermath.Resumed(day, seed % 2 == 0);
      if (wrong.empty()) continue;
      findings.wrong.push_back("seed " + std::to_string(seed) + ", cut at step " + std::to_string(cut) + " (" +
                               recording.Describe(cut) + "), last commit " + recording.LastCommit(cut) + ": " + wrong);
    }
  }
  return findings;
}

void ExpectNothingLost(const Recording& recording, const sim::Export& day) {
  const Findings findings = CutEverywhere(recording, day, Seeds(), kStride, Honesty::kHonest);
  for (const std::string& wrong : findings.wrong) FAIL_CHECK(wrong);
  MESSAGE(findings.cuts << " cuts, " << recording.steps() << " steps, " << recording.commits().size() << " commits");
}

}  // namespace

TEST_CASE("a power cut anywhere in a first run forgets nothing acknowledged, and the next run makes nobody twice") {
  const TemporaryDirectory dir;
  const Recording recording(dir.state(), {}, CompanyOn(1));
  REQUIRE(recording.commits().size() > 20);
  ExpectNothingLost(recording, CompanyOn(1));
}

TEST_CASE(
    "a power cut anywhere in a run of changes forgets nothing acknowledged, and the next run does the rest once") {
  const TemporaryDirectory dir;
  const Recording first(dir.state(), {}, CompanyOn(1));
  const Recording second(dir.state(), first.account(), CompanyOn(2));
  REQUIRE(second.picture() != first.picture());
  ExpectNothingLost(second, CompanyOn(2));
}

TEST_CASE("a disk that says it synced and did not is caught losing what was acknowledged") {
  const TemporaryDirectory dir;
  const Recording first(dir.state(), {}, CompanyOn(1));
  const Recording second(dir.state(), first.account(), CompanyOn(2));
  const Findings findings = CutEverywhere(second, CompanyOn(2), 1, 1, Honesty::kLies);
  REQUIRE_FALSE(findings.wrong.empty());
  CHECK(findings.wrong.front().find(kGone) != std::string::npos);
}

}  // namespace ucaas_sync::state
