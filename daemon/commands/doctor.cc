#include <ostream>

#include "daemon/commands/command.h"
#include "daemon/model/text.h"
#include "daemon/report/paint.h"
#include "daemon/run/doctor.h"

namespace ucaas_sync::commands {
namespace {

report::Ink InkOf(run::Health health) {
  switch (health) {
    case run::Health::kOk:
      return report::Ink::kGood;
    case run::Health::kFailed:
      return report::Ink::kBad;
    default:
      return report::Ink::kCareful;
  }
}

void Write(const run::Finding& finding, bool colour, std::ostream& out) {
  constexpr std::size_t kWordWidth = 9;
  constexpr std::size_t kNameWidth = 18;
  std::string word(run::Word(finding.health));
  const std::string padding(kWordWidth - word.size(), ' ');
  std::string name = Printable(finding.name);
  name.resize(std::max(kNameWidth, name.size() + 2), ' ');
  std::string text;
  for (const char c : finding.text) text += c == '\n' ? ' ' : c;
  out << report::Paint(word, InkOf(finding.health), colour) << padding << name << Printable(text) << '\n';
  if (!finding.remedy.empty()) out << std::string(kWordWidth + kNameWidth, ' ') << Printable(finding.remedy) << '\n';
  out.flush();
}

/// Hears what the target's replies say on the way; each finding tells it already.
class Deaf final : public Observer {
 public:
  void OnEvent(const Event& /*event*/) override {}
};

}  // namespace

ExitCode RunDoctor(const Session& session) {
  run::Program program = LoadProgram(session);
  std::vector<run::Finding> findings;
  const run::Tell tell = [&](const run::Finding& finding) {
    findings.push_back(finding);
    Write(finding, session.terminal.colour, session.out);
  };
  Deaf observer;
  run::ExamineFiles(program, session.clock, tell);
  run::ExamineTarget(program, session.clock, observer, tell);
  run::ExamineHost(program, session.environment, tell);
  std::uint64_t failed = 0;
  std::uint64_t warnings = 0;
  for (const run::Finding& finding : findings) {
    failed += finding.health == run::Health::kFailed ? 1U : 0U;
    warnings += finding.health == run::Health::kWarning ? 1U : 0U;
  }
  const ExitCode code = run::WorstOf(findings);
  session.out << '\n'
              << (failed > 0 ? Counted(failed, "look") + " failed: a run would end " + std::string(Word(code))
                             : "a run can be made")
              << (warnings > 0 ? "; " + Counted(warnings, "warning") : "") << '\n';
  return code;
}

}  // namespace ucaas_sync::commands
