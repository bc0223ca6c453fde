#include "daemon/service/run_voice.h"

#include <utility>

namespace ucaas_sync::service {
namespace {

std::string TextOf(const Event& event) {
  std::string text =
      std::string(TypeOf(event.id).name) + ' ' + event.text + event.key + event.rest + event.quoted + event.in_full;
  for (const std::string& key : event.keys) text += ' ' + key;
  return text;
}

}  // namespace

RunVoice::RunVoice(Observer& log, Observer& metrics, const Clock& clock) : log_(log), metrics_(metrics), clock_(clock) {
  Live();
}

void RunVoice::BeginRun(bool again) {
  const std::lock_guard lock(mutex_);
  Live();
  again_ = again;
  progress_ = {};
  // All that was said since things went well: a retry that fails earlier than the last must not make the next chatty.
  if (again) {
    said_before_.merge(said_);
  } else {
    said_before_.clear();
  }
  said_.clear();
}

bool RunVoice::IsNews(std::string text) {
  // A run that says so much is not remembered in full: better said twice than without end in memory.
  constexpr std::size_t kMostKept = 1'000;
  if (again_ && said_before_.contains(text)) return false;
  if (said_.size() < kMostKept) said_.insert(std::move(text));
  return true;
}

void RunVoice::OnEvent(const Event& event) {
  SayIfNews(event, TextOf(event));
}

void RunVoice::OnOutage(const Event& event) {
  std::string text = TextOf(event);
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  SayIfNews(event, std::move(text));
}

void RunVoice::SayIfNews(const Event& event, std::string text) {
  const std::lock_guard lock(mutex_);
  Live();
  if (IsNews(std::move(text))) log_.OnEvent(event);
}

void RunVoice::Announce(const Event& event) {
  const std::lock_guard lock(mutex_);
  log_.OnEvent(event);
}

void RunVoice::OnProgress(std::string_view phase, std::uint64_t done, std::uint64_t of) {
  const std::lock_guard lock(mutex_);
  Live();
  progress_ = {.phase = std::string(phase), .done = done, .of = of};
  log_.OnProgress(phase, done, of);
}

void RunVoice::OnSnapshot(const Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  Live();
  metrics_.OnSnapshot(snapshot);
  std::string text = "source " + snapshot.source + ' ' + snapshot.location + ' ' + std::to_string(snapshot.records);
  if (snapshot.incomplete) text += snapshot.incomplete->ToString();
  if (IsNews(std::move(text))) log_.OnSnapshot(snapshot);
}

void RunVoice::OnPlan(const Plan& plan) {
  const std::lock_guard lock(mutex_);
  Live();
  // Its id is another one each time.
  if (IsNews("plan " + plan.hash)) log_.OnPlan(plan);
}

void RunVoice::OnRequest(std::string_view method, std::string_view route, int status, std::string_view result,
                         std::chrono::microseconds latency) {
  const std::lock_guard lock(mutex_);
  Live();
  constexpr int kServerError = 500;
  (status > 0 && status < kServerError ? target_signs_.answered_at : target_signs_.failed_at) = clock_.Now();
  metrics_.OnRequest(method, route, status, result, latency);
  log_.OnRequest(method, route, status, result, latency);
}

void RunVoice::OnOutcome(const Operation& operation, std::string_view verdict, bool done) {
  const std::lock_guard lock(mutex_);
  Live();
  metrics_.OnOutcome(operation, verdict, done);
  log_.OnOutcome(operation, verdict, done);
}

void RunVoice::OnRetry(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  Live();
  metrics_.OnRetry(reason);
  if (!again_) log_.OnRetry(reason);
}

RunVoice::Progress RunVoice::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

RunVoice::TargetSigns RunVoice::target_signs() const {
  const std::lock_guard lock(mutex_);
  return target_signs_;
}

}  // namespace ucaas_sync::service
