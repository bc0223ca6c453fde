// Loads the table of everybody known, as each plan begins, and nothing else.
//
//   bench_load_state CONFIG
//
// Prints one line of JSON: the wall seconds of opening the state and of loading it.
#include <chrono>
#include <iostream>
#include <string>

#include "daemon/plan/planner.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/system_clock.h"
#include "daemon/state/sqlite_store.h"

namespace ucaas_sync::bench {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bench_load_state CONFIG\n";
    return 64;
  }
  const run::Program program = run::CompileOrThrow(argv[1], config::ProcessEnvironment());
  const auto begin = std::chrono::steady_clock::now();
  const auto store =
      state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly, {.program_version = "bench"});
  const double opening = SecondsSince(begin);
  const auto middle = std::chrono::steady_clock::now();
  const plan::Planner planner(*store, program.policy, run::SystemClock().Now(), store->Drift());
  std::cout << R"({"open_wall":)" << opening << R"(,"load_wall":)" << SecondsSince(middle) << "}\n";
  return 0;
}

}  // namespace
}  // namespace ucaas_sync::bench

int main(int argc, char** argv) {
  try {
    return ucaas_sync::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "bench_load_state: " << error.what() << '\n';
    return 1;
  }
}
