// The program: the commands, and the service as one of them.
#include "daemon/commands/command.h"
#include "daemon/service/service.h"

int main(int argc, char** argv) {
  using namespace ucaas_sync;
  return commands::Main(argc, argv, [](const commands::Session& session) {
    return service::Serve({.config_file = session.config_file,
                           .environment = session.environment,
                           .clock = session.clock,
                           .log = session.log,
                           .set_log = [&session](const config::LogConfig& log) { session.log.Configure(log); }});
  });
}
