// 100,000 people, for real: read, planned, sent over HTTP, kept; then nothing; then exactly one in a hundred.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <string>

#include "tests/support/cli.h"
#include "tests/support/service.h"

namespace ucaas_sync::testing {
namespace {

#ifdef UCAAS_SYNC_ADDRESS_SANITIZER
constexpr std::uint64_t kPeople = 10'000;
#else
constexpr std::uint64_t kPeople = 100'000;
#endif

/// Seconds of processor time that all commands so far took together: what a busy machine cannot add to.
double SecondsSpent() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string UsersOnly(std::string_view target) {
  std::string config = CompanyConfig({}, target);
  return config.substr(0, config.find("groups:\n"));
}

}  // namespace

TEST_CASE("slow: 100,000 people are created, then cost no request, then as many as changed") {
  Cli cli;
  Service service(cli);
  cli.Write("config.yaml", UsersOnly(Replaced(service.Target(), "rate: 10000/s", "rate: 1000000/s")));
  auto people = CompanyPeople(kPeople);
  cli.Write("people.csv", CsvOf(people));
  const double before = SecondsSpent();
  Expect(cli.Run({"sync"}), 0, {"operations done"});
  CHECK(cli.Count("user") == kPeople);
  CHECK(service.counters().writes == kPeople);

  const std::uint64_t requests = service.counters().requests;
  Expect(cli.Run({"sync"}), 0, {"nothing to do"});
  CHECK(service.counters().requests == requests);

  for (std::size_t i = 0; i < people.size(); i += 100) people[i].title = "Promoted";
  cli.Write("people.csv", CsvOf(people));
  Expect(cli.Run({"plan"}), 0, {kPeople == 100'000 ? "1,000 changes to make" : "100 changes to make"});
  CHECK(service.counters().requests == requests);
  Expect(cli.Run({"sync"}), 0, {"operations done"});
  CHECK(service.counters().writes == kPeople + kPeople / 100);
  CHECK(cli.Account("SELECT count(*) FROM users WHERE designation = 'Promoted'") ==
        std::to_string(kPeople / 100) + '\n');
  constexpr double kBudget = 60;
  CHECK(SecondsSpent() - before < kBudget);
}

}  // namespace ucaas_sync::testing
