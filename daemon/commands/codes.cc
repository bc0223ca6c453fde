#include "connectors/ucaas/codes.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "daemon/commands/command.h"
#include "daemon/run/program.h"

namespace ucaas_sync::commands {
namespace {

void Print(std::ostream& out, const std::string& code, std::string_view create, std::string_view other,
           const std::string& meaning) {
  constexpr std::size_t kCode = 20;
  constexpr std::size_t kVerdict = 11;
  std::string line = code;
  line.resize(std::max(line.size() + 1, kCode), ' ');
  line += create;
  line.resize(kCode + kVerdict, ' ');
  line += other;
  line.resize(kCode + 2 * kVerdict, ' ');
  out << line << meaning << '\n';
}

}  // namespace

ExitCode RunCodes(const Session& session) {
  std::error_code error;
  const bool configured = std::filesystem::exists(session.config_file, error);
  const ucaas::Codes codes =
      configured ? run::CompileOrThrow(session.config_file, session.environment).codes : ucaas::Codes::BuiltIn();
  Print(session.out, "code", "create", "other", "meaning");
  for (const auto& rows : {codes.Rows(), codes.Others()}) {
    for (const ucaas::Codes::Row& row : rows) {
      Print(session.out, row.code, ucaas::Name(row.create), ucaas::Name(row.other), row.meaning);
    }
  }
  session.out << "\nThe body's result decides before its error_code, and that before the HTTP status. unknown: it is "
                 "looked up before anything\nis sent again. relogin: a new token, once, with target.login; with "
                 "target.basic it is denied. Codes are changed and added in\ntarget.result_codes.\n";
  return ExitCode::kConverged;
}

}  // namespace ucaas_sync::commands
