// A UCaaS account over HTTP for the program under test: the sandbox, served by the test, which can count, slow it down
// and make it fail while a command is under way. The account lies in `account.db` of the Cli's folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/ucaas/sandbox/sandbox.h"
#include "tests/support/cli.h"

namespace ucaas_sync::testing {

class Service {
 public:
  /// Starts it, and writes the key file that Target() names.
  explicit Service(Cli& cli, std::size_t max_page_length = 100);

  /// The configuration's target: this service, with retries that end soon.
  std::string Target() const;
  /// The same with token authentication, for the portal account whose password is `password`.
  std::string LoginTarget(const std::string& password = "let me in") const;
  sandbox::Sandbox& sandbox() { return *sandbox_; }
  sandbox::Counters counters() const { return sandbox_->counters(); }
  /// Every request waits so long before it takes effect.
  void SlowDown(std::chrono::milliseconds latency);
  /// From the next request on it fails as this rule says, and has no other fault.
  void Fault(std::string_view rule);
  /// Nobody listens any more, until Start.
  void Stop() { sandbox_.reset(); }
  /// On the same port; the counters begin anew.
  void Start();

 private:
  std::string TargetWith(const std::string& credentials) const;

  sandbox::Options options_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
};

}  // namespace ucaas_sync::testing
