#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <set>

#include "connectors/ucaas/reach.h"
#include "daemon/apply/retry_after.h"
#include "daemon/model/text.h"
#include "daemon/run/doctor.h"
#include "daemon/run/lookup.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/refresh.h"
#include "daemon/run/target.h"

namespace ucaas_sync::run {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr ExitCode kUnreachable = ExitCode::kUnavailable;

void NotTried(const Tell& tell, const std::string& name, const std::string& because) {
  tell({.health = Health::kNotTried, .name = name, .text = "not tried: " + because});
}

/// The certificate that ends first decides.
Finding CertificateFinding(const ucaas::Reach& reach, Instant now) {
  Finding finding{.name = "tls"};
  if (reach.chain.empty()) {
    finding.text = "connected to " + reach.host;
    return finding;
  }
  std::optional<Instant> first;
  std::string subject = reach.chain.front().subject;
  for (const ucaas::Certificate& certificate : reach.chain) {
    if (!certificate.expires || (first && *first <= *certificate.expires)) continue;
    first = certificate.expires;
    subject = certificate.subject;
  }
  finding.text = "the certificate of " + reach.host + " is trusted";
  if (!first) return finding;
  const auto left = std::chrono::floor<days>(*first - now);
  finding.text += "; the first of the chain to end (" + Printable(subject) + ") has " +
                  Counted(static_cast<std::uint64_t>(std::max<std::int64_t>(0, left.count())), "day") +
                  " left, until " + FormatInstant(*first);
  if (left < days(14)) {
    finding.health = Health::kWarning;
    finding.remedy = "whoever runs the target must renew it; without that nothing is sent from then on";
  }
  return finding;
}

/// False: nothing more can be asked.
bool ExamineWay(const Program& program, Instant now, const Tell& tell) {
  ucaas::CurlOptions options = ucaas::OptionsFrom(program.config.target, UCAAS_SYNC_VERSION);
  const ucaas::Reach reach = ucaas::TryToReach(options);
  if (!reach.proxy.empty()) tell({.name = "proxy", .text = "connections go through " + Printable(reach.proxy)});
  const auto fail = [&](const char* name, const char* remedy) {
    tell({.health = Health::kFailed, .name = name, .text = reach.error, .remedy = remedy, .code = kUnreachable});
    return false;
  };
  switch (reach.outcome) {
    case TransportOutcome::kNotResolved:
      fail("dns", "getent hosts NAME shows what this machine makes of it");
      NotTried(tell, "tcp", "the name is not known");
      NotTried(tell, "tls", "the name is not known");
      return false;
    case TransportOutcome::kTls:
      tell({.name = "dns", .text = reach.host + " is " + reach.address});
      tell({.name = "tcp", .text = "connected to " + reach.address});
      return fail("tls", "it is never switched off; see what is presented with: openssl s_client -connect HOST:443");
    case TransportOutcome::kReply:
      break;
    default:
      tell({.name = "dns", .text = reach.host + " is known"});
      fail("tcp", "let this machine out to it (firewall), or set target.proxy");
      NotTried(tell, "tls", "there is no connection");
      return false;
  }
  tell({.name = "dns", .text = reach.host + " is " + reach.address});
  tell({.name = "tcp", .text = "connected to " + reach.address});
  if (reach.is_tls) {
    tell(CertificateFinding(reach, now));
  } else {
    tell({.name = "tls", .text = "not used: target.base_url is plain http"});
  }
  return true;
}

void ExamineClock(const ucaas::CallResult& answer, Instant now, const Tell& tell) {
  const auto theirs = answer.date ? apply::ParseHttpDate(*answer.date) : std::nullopt;
  if (!theirs) {
    tell({.health = Health::kNotTried, .name = "clock", .text = "not tried: the target does not say what time it is"});
    return;
  }
  const Duration apart = now > *theirs ? now - *theirs : *theirs - now;
  Finding finding{.name = "clock",
                  .text = "within " + FormatDuration(std::max<Duration>(apart, seconds(1))) + " of the target's"};
  if (apart > seconds(30)) {
    finding.text = FormatDuration(apart) + (now > *theirs ? " ahead of" : " behind") + " the target's";
    finding.remedy = "let this machine keep time (timedatectl set-ntp true): dates, absences and approvals go by it";
    finding.health = apart > minutes(5) ? Health::kFailed : Health::kWarning;
    if (finding.health == Health::kFailed) finding.code = ExitCode::kError;
  }
  tell(finding);
}

Finding Refused(const std::string& name, const std::optional<ucaas::CallResult>& answer, const apply::Caller& caller) {
  Finding finding{.health = Health::kFailed, .name = name, .code = kUnreachable};
  if (!answer) {
    finding.text = caller.stopped() ? caller.stopped()->because : "no answer";
    if (caller.stopped()) finding.code = caller.stopped()->code;
    finding.remedy = "see the target's own status, and try again";
    return finding;
  }
  finding.text = Printable(answer->message);
  if (answer->verdict == ucaas::Verdict::kDenied || answer->verdict == ucaas::Verdict::kRelogin) {
    finding.code = ExitCode::kRefused;
    finding.remedy = "check the id and the key (or password) under target, and in the portal what they may do";
  } else {
    finding.remedy = "the API may be another one than is expected: see target.base_url and target.routes";
  }
  return finding;
}

/// What can be learned of one kind without changing anything.
class KindProbe {
 public:
  KindProbe(apply::Caller& caller, Kind kind, const Tell& tell) : caller_(caller), kind_(kind), tell_(tell) {}

  /// The first page's answer; nothing when it could not be read.
  std::optional<ucaas::CallResult> Probe() {
    const std::string name = "rights " + std::string(Name(kind_));
    const auto first = List(1);
    if (!first || first->verdict != ucaas::Verdict::kOk) {
      tell_(Refused(name, first, caller_));
      return first;
    }
    std::string text = "may list " + std::string(Name(kind_)) + 's';
    if (!first->objects.empty()) {
      const ucaas::RemoteObject& one = first->objects.front();
      if (!Reads(one)) return first;
      text += ", read one";
      if (!Finds(one)) return first;
      text += " and find it by its " + std::string(kind_ == Kind::kGroup ? "name" : "e-mail");
    } else {
      text += "; there are none to read";
    }
    tell_({.name = name, .text = text + "; whether it may write is seen when something is to be written"});
    ProbePaging(*first);
    return first;
  }

 private:
  std::optional<ucaas::CallResult> List(std::uint32_t page) {
    ucaas::Call call;
    call.verb = ucaas::Verb::kList;
    call.kind = kind_;
    call.page = page;
    return Ask(caller_, std::move(call));
  }

  bool Reads(const ucaas::RemoteObject& object) {
    ucaas::Call call;
    call.verb = ucaas::Verb::kGet;
    call.kind = kind_;
    call.remote_id = object.remote_id;
    const auto answer = Ask(caller_, std::move(call));
    if (answer && answer->verdict == ucaas::Verdict::kOk) return true;
    Finding finding = Refused("rights " + std::string(Name(kind_)), answer, caller_);
    finding.text = "one cannot be read by its id: " + finding.text;
    // A target that does not offer it is searched by address instead.
    if (answer && answer->verdict == ucaas::Verdict::kMissing) {
      finding.health = Health::kWarning;
      finding.code = ExitCode::kConverged;
      finding.remedy = "nothing need be done: it is searched by address instead, which costs more requests";
    }
    tell_(finding);
    return false;
  }

  bool Finds(const ucaas::RemoteObject& object) {
    const Field& address = object.fields[NaturalKeyField(kind_)];
    if (address.state != FieldState::kValue) return true;
    ucaas::Call call;
    call.verb = ucaas::Verb::kFind;
    call.kind = kind_;
    call.address = address.text;
    const auto answer = Ask(caller_, std::move(call));
    const bool is_found = answer && std::any_of(answer->objects.begin(), answer->objects.end(),
                                                [&](const auto& found) { return found.remote_id == object.remote_id; });
    if (is_found) return true;
    Finding finding = Refused("rights " + std::string(Name(kind_)), answer, caller_);
    if (answer && answer->verdict == ucaas::Verdict::kOk) {
      finding.text = "one that is in the list is not found by its address";
      finding.health = Health::kWarning;
      finding.code = ExitCode::kConverged;
      finding.remedy = "the target may ignore the search: a create of unknown outcome then cannot be looked up";
    }
    tell_(finding);
    return false;
  }

  void ProbePaging(const ucaas::CallResult& first) {
    const std::string name = "paging " + std::string(Name(kind_));
    if (first.on_page == 0) return;
    const auto second = List(2);
    if (!second || second->verdict != ucaas::Verdict::kOk) {
      tell_(Refused(name, second, caller_));
      return;
    }
    std::set<std::string> ids;
    for (const ucaas::RemoteObject& object : first.objects) ids.insert(object.remote_id);
    const bool repeats = std::any_of(second->objects.begin(), second->objects.end(),
                                     [&](const auto& object) { return ids.contains(object.remote_id); });
    if (repeats) {
      tell_({.health = Health::kFailed,
             .name = name,
             .text = "the second page repeats the first, so no list is ever complete",
             .remedy = "set target.page_length to what the target allows",
             .code = kUnreachable});
      return;
    }
    tell_({.name = name,
           .text = second->on_page == 0 ? "one page, and an empty one after it"
                                        : "the second page goes on where the first ends"});
  }

  apply::Caller& caller_;
  Kind kind_;
  const Tell& tell_;
};

}  // namespace

void ExamineTarget(Program& program, const Clock& clock, Observer& observer, const Tell& tell) {
  if (!program.config.target.sandbox.empty()) {
    NotTried(tell, "dns", "the target is the built-in sandbox");
    NotTried(tell, "tcp", "the target is the built-in sandbox");
    NotTried(tell, "tls", "the target is the built-in sandbox");
    // Asking would make it.
    if (!std::filesystem::exists(program.config.target.sandbox.value)) {
      NotTried(tell, "credentials", "there is no sandbox yet; the first run makes it");
      return;
    }
  } else if (!ExamineWay(program, clock.Now(), tell)) {
    NotTried(tell, "credentials", "the target cannot be reached");
    NotTried(tell, "clock", "the target cannot be reached");
    return;
  }
  // A person waits for the answer: one attempt has to do.
  program.config.target.retry.attempts = 1;
  const Context context{.program = program, .clock = clock, .observer = observer, .stop_requested = {}};
  Target target(context);
  bool is_first = true;
  for (const Kind kind : kAllKinds) {
    if (!IsListed(program.policy, kind)) continue;
    const auto answer = KindProbe(target.caller(), kind, tell).Probe();
    if (!is_first) continue;
    is_first = false;
    const bool is_let_in = answer && answer->verdict == ucaas::Verdict::kOk;
    if (!is_let_in) {
      NotTried(tell, "the rest", "the first question was not answered");
      return;
    }
    tell({.name = "credentials", .text = "the target takes them"});
    ExamineClock(*answer, clock.Now(), tell);
  }
}

}  // namespace ucaas_sync::run
