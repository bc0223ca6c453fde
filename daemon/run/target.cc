#include "daemon/run/target.h"

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

#include "connectors/ucaas/client.h"
#include "connectors/ucaas/curl_transport.h"
#include "connectors/ucaas/sandbox/sandbox.h"
#include "connectors/ucaas/token_transport.h"
#include "daemon/apply/gate.h"
#include "daemon/apply/listing.h"
#include "daemon/model/text.h"
#include "daemon/run/lookup.h"
#include "daemon/run/pipeline.h"
#include "daemon/run/refresh.h"
#include "daemon/run/steps.h"

namespace ucaas_sync::run {
namespace {

constexpr std::string_view kSandboxId = "sandbox";
constexpr Duration kLittlePatience = std::chrono::seconds(10);

std::uint64_t RandomSeed() {
  std::random_device device;
  return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

// The sandbox inside this process is reached over loopback, where others could reach it too: its key lives as long as
// the process does.
std::string RandomKey() {
  return std::to_string(RandomSeed()) + std::to_string(RandomSeed());
}

}  // namespace

AccountName AccountOf(const config::TargetConfig& target) {
  if (!target.sandbox.empty())
    return {.base_url = "sandbox:" + target.sandbox.value, .credential_id = std::string(kSandboxId)};
  std::string id;
  if (target.basic) id = target.basic->id.value;
  // Two people of one API id may see different users.
  if (target.login) id = target.login->api_id.value + ' ' + FoldCase(target.login->email.value);
  return {.base_url = target.base_url.value, .credential_id = std::move(id)};
}

struct TargetOfRun::Parts {
  std::optional<sandbox::Sandbox> sandbox;
  std::optional<ucaas::CurlTransport> transport;
  std::optional<ucaas::TokenTransport> tokens;  // with target.login
  std::optional<ucaas::Client> client;
  std::optional<apply::Gate> gate;
  std::optional<apply::Stop> refusal;  // that a later part would meet as well
  std::string trouble;                 // as the last part left it
  Monotonic asked_last;
};

TargetOfRun::TargetOfRun(std::optional<Instant> rests_until, Keep keep)
    : rests_until_(rests_until), keep_(std::move(keep)) {}

TargetOfRun::~TargetOfRun() = default;

void TargetOfRun::Connect(const Context& context) {
  const Program& program = context.program;
  const config::TargetConfig& target = program.config.target;
  auto parts = std::make_unique<Parts>();
  apply::GatePolicy policy = apply::GatePolicy::From(target, RandomNumber(context));
  std::optional<ucaas::CurlOptions> options;
  if (context.transport == nullptr) options = ucaas::OptionsFrom(target, UCAAS_SYNC_VERSION);
  if (options && !target.sandbox.empty()) {
    sandbox::Options sandbox;
    sandbox.db = target.sandbox.value;
    sandbox.access_id = kSandboxId;
    sandbox.access_key = RandomKey();
    options->authorization = ucaas::BasicAuthorization(sandbox.access_id, config::Secret(sandbox.access_key));
    parts->sandbox.emplace(sandbox);
    options->base_url = parts->sandbox->base_url();
    // A limit that protects a shared service protects nobody here, unless somebody wrote it down.
    constexpr double kSandboxRate = 1'000'000;
    if (target.rate == config::TargetConfig{}.rate) policy.rate = kSandboxRate;
  }
  if (options) parts->transport.emplace(*options);
  Transport& network = context.transport != nullptr ? *context.transport : *parts->transport;
  if (target.login) parts->tokens.emplace(network, context.clock, *target.login, program.routes.Login(), program.codes);
  if (parts->tokens) {
    parts->tokens->OnEachLogin([&observer = context.observer](const HttpReply& reply, std::string_view result) {
      observer.OnRequest("POST", "login", reply.status, result, reply.latency);
    });
  }
  Transport& transport = parts->tokens ? static_cast<Transport&>(*parts->tokens) : network;
  parts->client.emplace(transport, program.routes, program.codes, target.page_length);
  const Monotonic now = context.clock.Ticks();
  parts->gate.emplace(policy, now);
  parts->asked_last = now;
  const Duration left = rests_until_ ? *rests_until_ - context.clock.Now() : Duration::zero();
  if (left > Duration::zero()) {
    context.observer.OnEvent(
        {.id = EventId::kRequestRetried,
         .text = "the target has asked an earlier run to leave it alone for another " + FormatDuration(left)});
    parts->gate->RestUntil(now, now + left);
  }
  parts_ = std::move(parts);
}

void TargetOfRun::Rest(Instant until) {
  const Instant whole = std::chrono::ceil<std::chrono::seconds>(until);
  if (rests_until_ && whole <= *rests_until_) return;
  rests_until_ = whole;
  if (keep_) keep_(whole);
}

Target::Target(const Context& context, Patience patience)
    : program_(context.program),
      clock_(context.clock),
      observer_(context.observer),
      own_(context.target_of_run != nullptr ? nullptr : std::make_unique<TargetOfRun>(std::nullopt, nullptr)),
      shared_(own_ ? *own_ : *context.target_of_run) {
  if (!shared_.parts_) shared_.Connect(context);
  TargetOfRun::Parts& parts = *shared_.parts_;
  parts.gate->OnIdle(parts.asked_last, clock_.Ticks());
  if (patience == Patience::kLittle) parts.gate->GiveUpWithin(kLittlePatience);
  caller_.emplace(*parts.client, *parts.gate, clock_, observer_, context.stop_requested, program_.config.log.people);
  caller_->OnRest([&shared = shared_](Instant until) { shared.Rest(until); });
  caller_->GoOnFrom(parts.trouble);
  if (parts.refusal) caller_->RequestStop(*parts.refusal);
}

Target::~Target() {
  TargetOfRun::Parts& parts = *shared_.parts_;
  parts.asked_last = clock_.Ticks();
  parts.trouble = caller_->trouble();
  if (caller_->stopped() && caller_->stopped()->is_lasting) parts.refusal = caller_->stopped();
}

apply::Caller& Target::caller() {
  return *caller_;
}

plan::TargetListing Target::List(Need need, std::vector<Warning>& warnings) {
  plan::TargetListing listing;
  for (const Kind kind : kAllKinds) {
    if (!IsListed(program_.policy, kind)) continue;
    apply::Listing objects = apply::ListAll(*caller_, kind, observer_);
    if (objects.incomplete && need == Need::kAsFarAsItGoes && !caller_->stopped()) {
      listing.complete = false;
      const std::string text = "the target's objects cannot all be listed, so nobody is known to be gone there";
      warnings.push_back(Warning(text + ": " + *objects.incomplete, text, {}));
    } else if (objects.incomplete) {
      throw TargetFailure(objects.code,
                          "the target's objects cannot be listed, and without the list nothing can be matched: " +
                              *objects.incomplete + "; nothing was written");
    }
    for (const ucaas::RemoteObject& object : objects.objects) {
      listing.objects[Index(kind)].push_back(AsListed(kind, object));
    }
  }
  return listing;
}

}  // namespace ucaas_sync::run
