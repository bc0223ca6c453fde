#include "daemon/commands/confirm.h"

#include <unistd.h>

#include <iostream>
#include <ostream>

#include "daemon/model/problem.h"
#include "daemon/model/text.h"

namespace ucaas_sync::commands {

bool Confirm(const Session& session, bool yes, const std::string& question) {
  if (yes) return true;
  if (isatty(STDIN_FILENO) == 0) {
    throw Failure(ExitCode::kUsage,
                  question + " Nobody is there to ask; nothing was done. Add --yes, or run it on a terminal.");
  }
  session.out << question << " Type yes to go on: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return Lower(Trim(answer)) == "yes";
}

ExitCode Declined(const Session& session) {
  session.out << "Nothing was done.\n";
  return ExitCode::kError;
}

}  // namespace ucaas_sync::commands
