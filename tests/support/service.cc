#include "tests/support/service.h"

#include <variant>

namespace ucaas_sync::testing {

Service::Service(Cli& cli, std::size_t max_page_length) {
  options_.max_page_length = max_page_length;
  options_.db = cli.folder() / "account.db";
  options_.access_id = "hr-sync";
  options_.access_key = "correct horse battery staple";
  options_.logins = {{.email = "boss@example.com", .password = "let me in"}};
  Start();
  options_.port = sandbox_->port();
  cli.Write("access-key", options_.access_key + '\n');
}

std::string Service::Target() const {
  return TargetWith("basic: { id: hr-sync, key_file: access-key }");
}

std::string Service::LoginTarget(const std::string& password) const {
  return TargetWith("login: { api_id: hr-sync, email: boss@example.com, password: \"" + password + "\" }");
}

std::string Service::TargetWith(const std::string& credentials) const {
  return "target:\n  base_url: http://127.0.0.1:" + std::to_string(options_.port) + "/ucaas/v1/\n  " + credentials +
         "\n  rate: 10000/s\n"
         "  retry: { attempts: 2, first_delay: 1ms, max_delay: 10ms, give_up: 1s }\n";
}

void Service::SlowDown(std::chrono::milliseconds latency) {
  sandbox::Faults faults;
  faults.latency = latency;
  sandbox_->SetFaults(faults);
}

void Service::Fault(std::string_view rule) {
  sandbox::Faults faults;
  faults.rules.push_back(std::get<sandbox::FaultRule>(sandbox::ParseFault(rule)));
  sandbox_->SetFaults(faults);
}

void Service::Start() {
  sandbox_ = std::make_unique<sandbox::Sandbox>(options_);
}

}  // namespace ucaas_sync::testing
