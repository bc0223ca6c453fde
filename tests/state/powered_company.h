// Fifty people, the real planner, executor and store, and a fake target: a company whose runs can be cut off and taken
// up again on another disk. Single-threaded. What the storage throws passes through.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "daemon/apply/executor.h"
#include "daemon/model/plan.h"
#include "tests/sim/program.h"
#include "tests/sim/world.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::state {

/// What the target holds at one moment.
using Account = std::map<Kind, std::vector<testing::FakeTarget::Object>>;

/// What its export says on the first day (`day` 1), and on the second, when some have changed, left or joined.
sim::Export CompanyOn(int day);

class PoweredCompany {
 public:
  /// The state lies in `dir`; the account holds `account`.
  explicit PoweredCompany(std::filesystem::path dir, Account account = {});

  struct Run {
    Plan plan;
    apply::ApplyResult applied;
  };
  /// Opens the state, makes one run and closes it, as the program does. `acknowledged` is told of every commit.
  Run Sync(
      const sim::Export& day, std::function<void(const char*)> acknowledged = [](const char*) {});

  /// What is wrong between the state, the account and the history of requests, one sentence each.
  std::vector<std::string> Faults() const;
  /// What the account holds, without the ids that differ from one history to another.
  std::string Picture() const;

  testing::FakeClock clock;
  std::vector<std::string> log;
  testing::FakeTarget target{clock, log};
  /// Called before each request takes effect.
  std::function<void()> on_request = [] {};

 private:
  std::filesystem::path dir_;
  sim::Program program_;
  std::vector<std::string> doubled_;  // addresses that were created while they existed
};

/// Every row of every table of the state in `dir`, as text. Opens the file beside whoever has it open.
std::string Dump(const std::filesystem::path& dir);

}  // namespace ucaas_sync::state
