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

struct Target::Parts {
  std::optional<sandbox::Sandbox> sandbox;
  std::optional<ucaas::CurlTransport> transport;
  std::optional<ucaas::TokenTransport> tokens;  // with target.login
  std::optional<ucaas::Client> client;
  std::optional<apply::Gate> gate;
  std::optional<apply::Caller> caller;
};

Target::Target(const Program& program, const Clock& clock, Observer& observer, std::function<bool()> stop_requested)
    : Target(program, clock, observer, std::move(stop_requested), nullptr, RandomSeed(), Patience::kAsConfigured) {}

Target::Target(const Context& context, Patience patience)
    : Target(context.program, context.clock, context.observer, context.stop_requested, context.transport,
             RandomNumber(context), patience) {
  pause_ = context.pause_of_target;
  if (pause_ == nullptr || !pause_->until) return;
  const Duration left = *pause_->until - clock_.Now();
  if (left > Duration::zero()) {
    observer_.OnEvent(
        {.id = EventId::kRequestRetried,
         .text = "the target has asked an earlier run to leave it alone for another " + FormatDuration(left)});
  }
  const Monotonic ticks = clock_.Ticks();
  parts_->gate->RestUntil(ticks, ticks + left);
}

Target::Target(const Program& program, const Clock& clock, Observer& observer, std::function<bool()> stop_requested,
               Transport* outside, std::uint64_t seed, Patience patience)
    : program_(program), clock_(clock), observer_(observer), parts_(std::make_unique<Parts>()) {
  const config::TargetConfig& target = program.config.target;
  apply::GatePolicy policy = apply::GatePolicy::From(target, seed);
  if (patience == Patience::kLittle) policy.retry.give_up = std::min(policy.retry.give_up, kLittlePatience);
  std::optional<ucaas::CurlOptions> options;
  if (outside == nullptr) options = ucaas::OptionsFrom(target, UCAAS_SYNC_VERSION);
  if (options && !target.sandbox.empty()) {
    sandbox::Options sandbox;
    sandbox.db = target.sandbox.value;
    sandbox.access_id = kSandboxId;
    sandbox.access_key = RandomKey();
    options->authorization = ucaas::BasicAuthorization(sandbox.access_id, config::Secret(sandbox.access_key));
    parts_->sandbox.emplace(sandbox);
    options->base_url = parts_->sandbox->base_url();
    // A limit that protects a shared service protects nobody here, unless somebody wrote it down.
    constexpr double kSandboxRate = 1'000'000;
    if (target.rate == config::TargetConfig{}.rate) policy.rate = kSandboxRate;
  }
  if (options) parts_->transport.emplace(*options);
  Transport& network = outside != nullptr ? *outside : *parts_->transport;
  if (target.login) parts_->tokens.emplace(network, clock, *target.login, program.routes.Login(), program.codes);
  if (parts_->tokens) {
    parts_->tokens->OnEachLogin([&observer](const HttpReply& reply, std::string_view result) {
      observer.OnRequest("POST", "login", reply.status, result, reply.latency);
    });
  }
  Transport& transport = parts_->tokens ? static_cast<Transport&>(*parts_->tokens) : network;
  parts_->client.emplace(transport, program.routes, program.codes, target.page_length);
  parts_->gate.emplace(policy, clock.Ticks());
  parts_->caller.emplace(*parts_->client, *parts_->gate, clock, observer, std::move(stop_requested),
                         program.config.log.people);
}

Target::~Target() {
  if (pause_ == nullptr) return;
  const std::optional<Instant>& asked = parts_->caller->asked_to_rest_until();
  if (asked && *asked > pause_->until.value_or(Instant{})) pause_->until = asked;
}

apply::Caller& Target::caller() {
  return *parts_->caller;
}

plan::TargetListing Target::List(Need need, std::vector<Warning>& warnings) {
  plan::TargetListing listing;
  for (const Kind kind : kAllKinds) {
    if (!IsListed(program_.policy, kind)) continue;
    apply::Listing objects = apply::ListAll(*parts_->caller, kind, observer_);
    if (objects.incomplete && need == Need::kAsFarAsItGoes && !parts_->caller->stopped()) {
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
