#include "connectors/ucaas/codes.h"

#include <ostream>
#include <string>

#include "daemon/commands/command.h"
#include "daemon/run/program.h"

namespace ucaas_sync::commands {

ExitCode RunCodes(const Session& session) {
  std::error_code error;
  const bool configured = std::filesystem::exists(session.config_file, error);
  const ucaas::Codes codes =
      configured ? run::CompileOrThrow(session.config_file, session.environment).codes : ucaas::Codes::BuiltIn();
  for (const ucaas::Codes::Row& row : codes.Rows()) {
    std::string line = row.code;
    line.resize(std::max<std::size_t>(line.size() + 1, 6), ' ');
    line += ucaas::Name(row.verdict);
    line.resize(std::max<std::size_t>(line.size() + 1, 17), ' ');
    session.out << line << row.meaning << '\n';
  }
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
