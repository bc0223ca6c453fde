#include "daemon/apply/caller.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "connectors/ucaas/said.h"
#include "daemon/apply/retry_after.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

// However long the gate says to wait, a signal is looked at this often.
constexpr std::chrono::milliseconds kLongestTurn{250};
// A service must be gone ten seconds after its signal.
constexpr std::chrono::seconds kAbandonAfter{8};
constexpr std::uint64_t kFirstRequests = 10;
constexpr std::ptrdiff_t kMostRequestsNoted = 16;

// A target that limits its lists, or does not show them to us, may do all else that it is asked.
bool ShowsThatItIsThere(const ucaas::CallResult& probed) {
  return probed.transport == TransportOutcome::kReply && (probed.asks_for_pause || probed.http_status == 403);
}

}  // namespace

Caller::Caller(ucaas::Client& client, Gate& gate, const Clock& clock, Observer& observer,
               std::function<bool()> stop_requested, config::People people)
    : client_(client),
      gate_(gate),
      clock_(clock),
      observer_(observer),
      stop_requested_(std::move(stop_requested)),
      people_(people) {}

void Caller::Submit(ucaas::Call call, Done done, std::shared_ptr<Trail> trail) {
  waiting_.push_back({.call = std::move(call),
                      .done = std::move(done),
                      .trail = std::move(trail),
                      .had_acted = false,
                      .is_probe = false,
                      .attempts = 0,
                      .last = {},
                      .requests = {}});
}

void Caller::RequestStop(Stop stop) {
  if (!stop_) stop_ = std::move(stop);
}

void Caller::LookForStop(Monotonic now) {
  if (stop_requested_ && stop_requested_()) {
    RequestStop({.code = ExitCode::kUnavailable, .because = "stopped by a signal"});
    if (!abandon_at_) abandon_at_ = now + kAbandonAfter;
  }
  if (stop_ || (waiting_.empty() && delayed_.empty())) return;
  if (auto because = gate_.GivesUp(now)) {
    RequestStop({.code = ExitCode::kUnavailable, .because = WithTrouble(*because)});
  }
}

void Caller::ReviveDelayed(Monotonic now) {
  while (!stop_ && !delayed_.empty() && delayed_.begin()->first <= now) {
    Task task = std::move(delayed_.extract(delayed_.begin()).mapped());
    if (const auto at = gate_.RetryAt(now); at && *at > now) {
      delayed_.emplace(*at, std::move(task));
    } else if (at) {
      waiting_.push_front(std::move(task));
    } else {
      if (task.call.verb != ucaas::Verb::kGet) CompareFirst(task.last, /*is_final=*/true);
      ucaas::CallResult last = std::move(task.last);
      HandOut(std::move(task), std::move(last));
    }
  }
}

Monotonic Caller::SendWhatMayGo() {
  Monotonic now = clock_.Ticks();
  LookForStop(now);
  ReviveDelayed(now);
  Monotonic wake = now + kLongestTurn;
  while (!stop_ && !waiting_.empty()) {
    const GateDecision decision = gate_.Ask(now, flying_.size());
    if (decision.answer == GateAnswer::kStop) {
      RequestStop({.code = ExitCode::kUnavailable, .because = WithTrouble(decision.because)});
      break;
    }
    if (decision.answer == GateAnswer::kWait) {
      wake = std::min(wake, decision.until);
      break;
    }
    if (decision.answer == GateAnswer::kProbe) {
      Start(ProbeFor(waiting_.front()));
    } else {
      Task task = std::move(waiting_.front());
      waiting_.pop_front();
      Start(std::move(task));
    }
    now = clock_.Ticks();
  }
  if (!stop_ && !delayed_.empty()) wake = std::min(wake, delayed_.begin()->first);
  return wake;
}

Caller::Task Caller::ProbeFor(const Task& task) {
  Task probe;
  probe.call.verb = ucaas::Verb::kList;
  probe.call.kind = task.call.kind;
  probe.is_probe = true;
  return probe;
}

void Caller::Start(Task task) {
  gate_.OnSent(task.attempts > 0);
  ++task.attempts;
  ++requests_;
  const bool may_act = task.trail && ucaas::IsWrite(task.call.verb);
  if (may_act) task.had_acted = std::exchange(task.trail->may_have_acted, true);
  // A refusal that was heard, and may be remembered under its key, is not what the repeat is to hear again.
  if (task.trail) task.call.answers = task.trail->answers;
  const ucaas::CallId id = client_.Start(task.call);
  flying_.emplace(id, std::move(task));
}

void Caller::Send() {
  SendWhatMayGo();
  for (ucaas::CallResult& result : client_.Wait(clock_.Ticks())) Settle(std::move(result));
}

void Caller::Turn() {
  const Monotonic wake = SendWhatMayGo();
  if (stop_ && flying_.empty()) return;
  for (ucaas::CallResult& result : client_.Wait(wake)) Settle(std::move(result));
  if (abandon_at_ && clock_.Ticks() >= *abandon_at_ && !flying_.empty()) {
    observer_.OnEvent({.id = EventId::kRequestsAbandoned,
                       .text = Counted(flying_.size(), "request") +
                               " without an answer abandoned; the next run looks what became of them"});
    flying_.clear();
  }
}

void Caller::Drain() {
  while (!idle() && !(stop_ && flying_.empty())) Turn();
}

void Caller::Report(const Task& task, const ucaas::CallResult& result) {
  const auto [method, route] = client_.RouteOf(task.call);
  for (const Attempt& refused : result.attempts) {
    observer_.OnRequest(method, route, refused.http_status, refused.result, refused.latency);
  }
  observer_.OnRequest(method, route, result.http_status, result.result, result.latency);
}

void Caller::Settle(ucaas::CallResult result) {
  auto node = flying_.extract(result.id);
  if (node.empty()) return;
  const Task& task = node.mapped();
  const bool may_act = task.trail && ucaas::IsWrite(task.call.verb);
  if (may_act) task.trail->may_have_acted = task.had_acted || result.may_have_acted;
  const bool is_create = task.call.verb == ucaas::Verb::kCreate;
  if (is_create && task.trail && result.transport == TransportOutcome::kReply) ++task.trail->answers;
  Report(node.mapped(), result);
  Note(node.mapped(), result);
  Judge(std::move(node.mapped()), std::move(result));
}

void Caller::Note(Task& task, const ucaas::CallResult& result) const {
  for (const Attempt& refused : result.attempts) {
    task.requests.push_back(refused);
    task.requests.back().at = clock_.Now() - std::chrono::duration_cast<Duration>(result.latency + refused.latency);
  }
  // A request that is told to come back may do so for ten minutes: the first and the last of them tell it all.
  if (std::ssize(task.requests) >= kMostRequestsNoted)
    task.requests.erase(task.requests.begin() + kMostRequestsNoted / 2);
  task.requests.push_back({.at = clock_.Now() - std::chrono::duration_cast<Duration>(result.latency),
                           .call = std::string(ucaas::Name(task.call.verb)),
                           .verdict = std::string(ucaas::Name(result.verdict)),
                           .request_id = result.request_id,
                           .http_status = result.http_status,
                           .result = result.result,
                           .message = result.message,
                           .latency = result.latency});
}

void Caller::Judge(Task task, ucaas::CallResult result) {
  const Monotonic now = clock_.Ticks();
  std::optional<Duration> retry_after;
  if (result.retry_after) {
    const auto target_now = result.date ? ParseHttpDate(*result.date) : std::optional<Instant>();
    retry_after = ParseRetryAfter(*result.retry_after, target_now.value_or(clock_.Now()));
  }
  if (retry_after && on_rest_) on_rest_(clock_.Now() + *retry_after);
  // A target that shows no single objects says so of each of them, and does what it is asked all the same. A probe's
  // answer is nothing that the run asked for.
  const bool is_question = task.call.verb == ucaas::Verb::kGet || task.is_probe;
  const bool is_paced = result.asks_for_pause || retry_after.has_value();
  if (task.is_probe && ShowsThatItIsThere(result)) {
    if (is_paced) gate_.OnPaced(now, retry_after);
    trouble_.clear();
    gate_.OnAnswered(now, result.latency);
    return;
  }
  if (result.verdict == ucaas::Verdict::kRetry) {
    std::optional<Monotonic> again;
    trouble_ = is_paced ? std::string() : WordsOf(result);
    if (is_paced) {
      --task.attempts;
      again = gate_.OnPaced(now, retry_after);
      observer_.OnRetry("paced");
    } else {
      if (!is_question) CompareFirst(result, /*is_final=*/false);
      again = gate_.OnTransient(now, task.attempts, retry_after);
      observer_.OnRetry("transient");
    }
    // What waits behind a probe is what is sent again.
    if (task.is_probe) return;
    if (again) {
      // After a stop it is simply not sent again.
      observer_.OnEvent({.id = EventId::kRequestRetried,
                         .text = "again in " + FormatDuration(std::chrono::duration_cast<Duration>(*again - now)),
                         .quoted = result.message});
      task.last = std::move(result);
      if (task.trail) task.trail->requests = task.requests;
      delayed_.emplace(*again, std::move(task));
      return;
    }
  } else if (result.verdict == ucaas::Verdict::kUnknown) {
    trouble_ = WordsOf(result);
    gate_.OnTransient(now, task.attempts, retry_after);
  } else if (result.transport == TransportOutcome::kReply) {
    trouble_.clear();
    if (is_paced) gate_.OnPaced(now, retry_after);
    gate_.OnAnswered(now, result.latency);
  }
  if (result.verdict == ucaas::Verdict::kDenied) {
    // A certificate that does not fit is no word of the target about our rights: it was never reached.
    const bool is_tls = result.transport == TransportOutcome::kTls;
    // Who may not see a list may well be allowed to write.
    const bool is_not_shown = result.http_status == 403 && !ucaas::IsWrite(task.call.verb);
    RequestStop({.code = is_tls ? ExitCode::kUnavailable : ExitCode::kRefused,
                 .because = WordsOf(result),
                 .is_lasting = !is_not_shown});
  }
  if (task.is_probe) return;
  if (!is_paced && !is_question) CompareFirst(result, /*is_final=*/true);
  if (task.call.verb == ucaas::Verb::kFind && result.verdict == ucaas::Verdict::kMissing) {
    result.attempts = std::move(task.requests);
    AskForList(std::move(task), std::move(result));
  } else {
    HandOut(std::move(task), std::move(result));
  }
}

void Caller::HandOut(Task task, ucaas::CallResult result) {
  if (task.trail) task.trail->requests.clear();
  result.attempts = std::move(task.requests);
  task.done(result, task.attempts);
}

void Caller::AskForList(Task search, ucaas::CallResult missing) {
  ucaas::Call call;
  call.verb = ucaas::Verb::kList;
  call.kind = search.call.kind;
  Submit(std::move(call), [search = std::move(search), missing = std::move(missing)](const ucaas::CallResult& list,
                                                                                     std::uint32_t attempts) {
    ucaas::CallResult answer = list.verdict == ucaas::Verdict::kOk ? missing : list;
    if (answer.verdict == ucaas::Verdict::kMissing && list.verdict != ucaas::Verdict::kOk) {
      answer.verdict = ucaas::Verdict::kRetry;
      answer.message = "the target says \"not found\" of its whole list too, so that it tells nothing of a single one";
      answer.quotes_target = false;
    }
    answer.attempts = missing.attempts;
    answer.attempts.insert(answer.attempts.end(), list.attempts.begin(), list.attempts.end());
    search.done(answer, search.attempts + attempts);
  });
}

void Caller::CompareFirst(const ucaas::CallResult& result, bool is_final) {
  if (!may_be_alike_ || stop_) return;
  switch (result.verdict) {
    case ucaas::Verdict::kRetry: {
      // An outage is for the breaker to ride out. An answer that is none of the API's (a web page, a redirect) will
      // not become one.
      const bool is_outage = result.transport != TransportOutcome::kReply || result.http_status >= 500 ||
                             result.http_status == 408 || result.http_status == 425;
      if (!is_final && is_outage) return;
      if (is_final && !is_outage) return;  // was counted with each attempt
      break;
    }
    case ucaas::Verdict::kInvalid:
      if (result.transport != TransportOutcome::kReply) return;  // never left this machine
      break;
    case ucaas::Verdict::kUnknown:
    case ucaas::Verdict::kRelogin:
    case ucaas::Verdict::kDenied:
      break;
    case ucaas::Verdict::kMissing:
      return;  // of one object, or of everything behind a wrong route
    case ucaas::Verdict::kOk:
    case ucaas::Verdict::kDuplicate:
      may_be_alike_ = false;
      return;
  }
  if (alike_ == 0) first_ = result;
  may_be_alike_ = result.transport == first_.transport && result.http_status == first_.http_status &&
                  result.result == first_.result;
  if (!may_be_alike_ || ++alike_ < kFirstRequests) return;
  const bool is_refusal = result.verdict == ucaas::Verdict::kInvalid;
  RequestStop({.code = is_refusal ? ExitCode::kPartial : ExitCode::kUnavailable,
               .because = "the first " + Counted(kFirstRequests, "request") + " all failed alike: " + WordsOf(result)});
}

std::string Caller::WithTrouble(const std::string& because) const {
  return trouble_.empty() ? because : because + "; last: " + trouble_;
}

std::string Caller::WordsOf(const ucaas::CallResult& result) const {
  const std::string told = ucaas::ToldOf(result);
  return people_ == config::People::kFull ? told : ucaas::WithoutQuotations(told);
}

}  // namespace ucaas_sync::apply
