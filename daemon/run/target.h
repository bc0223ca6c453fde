// The account that is kept in step, ready to be called: the remote one, or the built-in sandbox on its own port.
// A run asks it in several parts. What these share holds for the whole run: its connections (and the sandbox's server),
// a login, the gate with pace, repeats and breaker, and a refusal that would be the same next time. Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/apply/caller.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"
#include "daemon/model/transport.h"
#include "daemon/plan/planner.h"
#include "daemon/run/program.h"

namespace ucaas_sync::run {

/// What state is bound to: the base URL (or "sandbox:FILE") and the credential's id.
struct AccountName {
  std::string base_url;
  std::string credential_id;
};
AccountName AccountOf(const config::TargetConfig& target);

struct Context;

/// What the parts of one run share. Made of nothing until the first of them asks. Must outlive them.
class TargetOfRun {
 public:
  /// Told, before anything else happens, until when the target asks to be left alone, by Retry-After: a run that is
  /// killed while it waits leaves it to the next one. Rounded up to whole seconds, never earlier than what was told
  /// before. May be empty.
  using Keep = std::function<void(Instant until)>;

  /// `rests_until`: what earlier runs were told.
  TargetOfRun(std::optional<Instant> rests_until, Keep keep);
  ~TargetOfRun();
  TargetOfRun(const TargetOfRun&) = delete;
  TargetOfRun& operator=(const TargetOfRun&) = delete;

 private:
  friend class Target;
  struct Parts;

  void Connect(const Context& context);
  void Rest(Instant until);

  std::optional<Instant> rests_until_;
  Keep keep_;
  std::unique_ptr<Parts> parts_;
};

class Target {
 public:
  /// How long it is waited for while it gives no answer: as target.retry says, or some seconds at most from now on,
  /// where nothing is to be written and the question keeps.
  enum class Patience : std::uint8_t { kAsConfigured, kLittle };
  /// Connects nothing yet, but starts the sandbox. Goes over the context's transport where it has one, and shares the
  /// context's TargetOfRun. Throws Failure.
  explicit Target(const Context& context, Patience patience = Patience::kAsConfigured);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  apply::Caller& caller();
  enum class Need : std::uint8_t { kWhole, kAsFarAsItGoes };
  /// Everything the target holds of the kinds that rules speak of. When a list ends early, such a list proves nothing:
  /// with kWhole throws TargetFailure, else goes on with what it showed and says why in `warnings`.
  plan::TargetListing List(Need need, std::vector<Warning>& warnings);

 private:
  const Program& program_;
  const Clock& clock_;
  Observer& observer_;
  std::unique_ptr<TargetOfRun> own_;  // where the context has none
  TargetOfRun& shared_;
  std::optional<apply::Caller> caller_;
};

}  // namespace ucaas_sync::run
