// Loads the table of everybody known, as each plan begins, and nothing else.
//
//   bench_load_state CONFIG
#include <iostream>

#include "daemon/plan/planner.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/system_clock.h"
#include "daemon/state/sqlite_store.h"
#include "tests/bench/program.h"

namespace ucaas_sync::bench {
namespace {

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bench_load_state CONFIG\n";
    return 64;
  }
  const run::Program program = run::CompileOrThrow(argv[1], config::ProcessEnvironment());
  const auto store =
      state::OpenStore(program.config.state_dir, state::OpenMode::kReadOnly, {.program_version = "bench"});
  const plan::Planner planner(*store, program.policy, run::SystemClock().Now(), store->Drift());
  return 0;
}

}  // namespace
}  // namespace ucaas_sync::bench

int main(int argc, char** argv) {
  return ucaas_sync::bench::Guarded("bench_load_state", ucaas_sync::bench::Main, argc, argv);
}
