// The account that is kept in step, ready to be called: the remote one, or the built-in sandbox on its own port.
// Owns its connections (and the sandbox's server) until it goes. Single-threaded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
struct TargetPause;

class Target {
 public:
  /// Connects nothing yet, but starts the sandbox. Throws Failure.
  Target(const Program& program, const Clock& clock, Observer& observer, std::function<bool()> stop_requested);
  /// How long it is waited for while it gives no answer: as target.retry says, or some seconds at most, where nothing
  /// is to be written and the question keeps.
  enum class Patience : std::uint8_t { kAsConfigured, kLittle };
  /// Over the context's transport where it has one; rests as long as the target has asked earlier runs to.
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
  struct Parts;
  Target(const Program& program, const Clock& clock, Observer& observer, std::function<bool()> stop_requested,
         Transport* transport, std::uint64_t seed, Patience patience);

  const Program& program_;
  const Clock& clock_;
  Observer& observer_;
  TargetPause* pause_ = nullptr;
  std::unique_ptr<Parts> parts_;
};

}  // namespace ucaas_sync::run
