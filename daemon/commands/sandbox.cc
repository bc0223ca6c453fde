#include "connectors/ucaas/sandbox/sandbox.h"

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <ostream>
#include <thread>
#include <utility>
#include <variant>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"

namespace ucaas_sync::commands {
namespace {

std::string KeyFrom(const std::filesystem::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) throw Failure(ExitCode::kUsage, file.string() + ": cannot be read");
  if ((status.st_mode & 0077U) != 0) {
    throw Failure(ExitCode::kUsage, file.string() + ": others can read this key; run: chmod 600 " + file.string());
  }
  std::ifstream in(file, std::ios::binary);
  std::string key((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!key.empty() && key.back() == '\n') key.pop_back();
  if (key.empty()) throw Failure(ExitCode::kUsage, file.string() + ": the key is empty");
  return key;
}

void SetListen(const std::string& listen, sandbox::Options& options) {
  const std::size_t colon = listen.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : ParseUnsigned(listen.substr(colon + 1));
  if (!port || *port > 65535 || colon == 0) {
    throw Failure(ExitCode::kUsage, "--listen " + listen + ": write ADDRESS:PORT, such as 127.0.0.1:9080");
  }
  options.address = listen.substr(0, colon);
  if (options.address.size() > 2 && options.address.front() == '[')
    options.address = options.address.substr(1, colon - 2);
  options.port = static_cast<std::uint16_t>(*port);
}

}  // namespace

ExitCode RunSandbox(const Session& session, const SandboxOptions& given) {
  sandbox::Options options;
  SetListen(given.listen, options);
  options.db = given.db;
  options.access_id = given.access_id;
  options.access_key = KeyFrom(given.access_key_file);
  options.seed = given.seed;
  options.rate_limit = given.rate_limit;
  options.faults.latency = std::chrono::milliseconds(given.latency_ms);
  for (const std::string& text : given.faults) {
    auto parsed = sandbox::ParseFault(text);
    if (const auto* problem = std::get_if<Problem>(&parsed)) {
      throw Failure(ExitCode::kUsage, "--fault \"" + text + "\": " + problem->ToString());
    }
    options.faults.rules.push_back(std::get<sandbox::FaultRule>(std::move(parsed)));
  }
  const sandbox::Sandbox sandbox(options);
  session.out << "sandbox: " << sandbox.base_url() << "\n" << std::flush;
  constexpr std::chrono::milliseconds kPoll{100};
  while (!session.stop_requested()) std::this_thread::sleep_for(kPoll);
  const sandbox::Counters counters = sandbox.counters();
  session.out << "sandbox: " << Counted(counters.requests, "request") << ", " << Counted(counters.writes, "write")
              << '\n';
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
