// Brings a state to where a first sync would leave it, without a network: the real pipeline and executor over a
// transport that accepts everything at once. What it prints is therefore also what applying costs beside the requests.
//
//   bench_fill_state CONFIG
//
// Prints one line of JSON: operations, and the wall seconds of planning and of applying.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "connectors/ucaas/client.h"
#include "daemon/apply/executor.h"
#include "daemon/apply/gate.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/refresh_steps.h"
#include "daemon/run/system_clock.h"
#include "daemon/run/target.h"
#include "daemon/state/sqlite_store.h"
#include "tests/bench/program.h"

namespace ucaas_sync::bench {
namespace {

/// Answers each request with success and an id that is new.
class AcceptingTransport : public Transport {
 public:
  ExchangeId Start(HttpRequest /*request*/) override {
    const std::string id = std::to_string(kFirstId + ++last_);
    HttpReply reply;
    reply.id = last_;
    reply.status = 200;
    reply.body =
        R"({"result":1,"data":{"user_id":")" + id + R"(","group_id":")" + id + R"(","contact_id":")" + id + R"("}})";
    ended_.push_back(std::move(reply));
    return last_;
  }
  std::vector<HttpReply> Wait(Monotonic /*until*/) override { return std::exchange(ended_, {}); }
  std::size_t InFlight() const override { return ended_.size(); }

 private:
  static constexpr std::uint64_t kFirstId = 70'000;
  ExchangeId last_ = 0;
  std::vector<HttpReply> ended_;
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

int Main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: bench_fill_state CONFIG\n";
    return 64;
  }
  run::Program program = run::CompileOrThrow(argv[1], config::ProcessEnvironment());
  const run::SystemClock clock;
  SilentObserver observer;
  const auto store = state::OpenStore(program.config.state_dir, state::OpenMode::kReadWrite,
                                      {.program_version = "bench", .seed = std::random_device()()});
  const run::AccountName account = run::AccountOf(program.config.target);
  store->Bind(account.base_url, account.credential_id);

  const auto begin = std::chrono::steady_clock::now();
  const std::string run = store->BeginRun({.trigger = "bench", .at = clock.Now()});
  const run::Context context{.program = program, .clock = clock, .observer = observer, .stop_requested = {}};
  const run::Planned planned = run::MakePlan(context, {.offline = true, .only = {}, .source_paths = {}}, *store);
  if (planned.plan.held) throw std::runtime_error("a guard holds the plan");
  const double planning = SecondsSince(begin);

  const auto middle = std::chrono::steady_clock::now();
  store->RecordNotes(run, planned.notes, planned.plan.quarantine, planned.histories);
  AcceptingTransport transport;
  ucaas::Client client(transport, program.routes, program.codes, program.config.target.page_length);
  apply::GatePolicy policy = apply::GatePolicy::From(program.config.target, 1);
  policy.rate = 1e9;
  apply::Gate gate(policy, clock.Ticks());
  apply::Caller caller(client, gate, clock, observer, {});
  apply::Executor executor(*store, caller, clock, observer, {.never_adopt = {}});
  const apply::ApplyResult result = executor.Apply(run, planned.plan);
  if (result.code != ExitCode::kConverged) throw std::runtime_error(result.message);
  store->FinishRun(run, result.code, result.message, result.failed, planned.plan.summary, clock.Now());
  // A first sync has seen the target, which showed nobody: a plan after it need not ask again.
  run::RecordWholeLook(*store, clock.Now(), {});
  std::cout << R"({"operations":)" << result.done << R"(,"plan_wall":)" << planning << R"(,"apply_wall":)"
            << SecondsSince(middle) << "}\n";
  return 0;
}

}  // namespace
}  // namespace ucaas_sync::bench

int main(int argc, char** argv) {
  return ucaas_sync::bench::Guarded("bench_fill_state", ucaas_sync::bench::Main, argc, argv);
}
