#include "tests/apply/detour.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/connectors/ucaas/exchange.h"

namespace ucaas_sync::apply {
namespace {

/// "PATCH users/70001"
std::string LineOf(const HttpRequest& request) {
  return request.method + ' ' + request.path;
}

bool IsCall(const std::string& line, MatrixCall call) {
  const bool is_search = line.find("search_by=") != std::string::npos;
  switch (call) {
    case MatrixCall::kList:
      return line.starts_with("GET ") && line.find("?page=1&") != std::string::npos;
    case MatrixCall::kFind:
      return line.starts_with("GET ") && is_search;
    case MatrixCall::kGet:
    case MatrixCall::kLook:
      return line.starts_with("GET ") && line.find('?') == std::string::npos;
    case MatrixCall::kCreate:
      return line.starts_with("POST ") && line != "POST login";
    case MatrixCall::kUpdate:
    case MatrixCall::kSuspend:
    case MatrixCall::kReactivate:
      return line.starts_with("PATCH ");
    case MatrixCall::kDelete:
      return line.starts_with("DELETE ");
    case MatrixCall::kLogin:
      return line == "POST login";
  }
  return false;
}

HttpRequest Parsed(const std::string& bytes) {
  const std::size_t method_end = bytes.find(' ');
  const std::size_t path_end = bytes.find(' ', method_end + 1);
  const std::size_t head_end = bytes.find("\r\n\r\n");
  const std::string prefix = "/v1/";
  HttpRequest request;
  request.method = bytes.substr(0, method_end);
  request.path = bytes.substr(method_end + 1 + prefix.size(), path_end - method_end - 1 - prefix.size());
  request.body = bytes.substr(head_end + 4);
  return request;
}

}  // namespace

std::string_view Name(MatrixCall call) {
  switch (call) {
    case MatrixCall::kList:
      return "list";
    case MatrixCall::kFind:
      return "find";
    case MatrixCall::kGet:
      return "get";
    case MatrixCall::kLook:
      return "look";
    case MatrixCall::kCreate:
      return "create";
    case MatrixCall::kUpdate:
      return "update";
    case MatrixCall::kSuspend:
      return "suspend";
    case MatrixCall::kReactivate:
      return "reactivate";
    case MatrixCall::kDelete:
      return "delete";
    case MatrixCall::kLogin:
      return "login";
  }
  return "";
}

HttpReply Backend::Handle(const std::string& bytes) {
  const HttpRequest request = Parsed(bytes);
  const std::lock_guard lock(mutex_);
  if (LineOf(request) == "POST login") {
    HttpReply reply;
    reply.status = 200;
    reply.body = R"({"result":1,"token":"token-)" + std::to_string(++tokens_) + R"("})";
    return reply;
  }
  target.Start(request);
  for (;;) {
    for (HttpReply& reply : target.Wait(clock_.ticks + std::chrono::seconds(1))) return std::move(reply);
  }
}

Detour::Detour(Transport& sound, Transport& faulty, testing::FakeClock& clock, MatrixCall call, bool is_lasting)
    : sound_(sound), faulty_(faulty), clock_(clock), call_(call), left_(is_lasting ? kAlways : 1) {}

ExchangeId Detour::Start(HttpRequest request) {
  const std::string line = LineOf(request);
  if (line_.empty() && IsCall(line, call_)) line_ = line;
  const bool is_the_call = line == line_;
  if (is_the_call) ++sent_;
  Flight flight;
  flight.is_faulty = is_the_call && left_ != 0;
  if (flight.is_faulty && left_ != kAlways) --left_;
  ++(flight.is_faulty ? to_faulty_ : to_sound_);
  flight.inner = Of(flight).Start(std::move(request));
  flight.outer = ++last_;
  flying_.push_back(flight);
  return last_;
}

std::vector<HttpReply> Detour::Wait(Monotonic until) {
  if (flying_.empty()) {
    clock_.AdvanceTo(until);
    return {};
  }
  Transport& busy = Of(flying_.front());
  std::vector<HttpReply> replies = busy.Wait(ucaas::In(30'000));
  if (replies.empty()) throw std::runtime_error("an exchange does not end");
  for (HttpReply& reply : replies) {
    const auto ended = std::find_if(flying_.begin(), flying_.end(), [&](const Flight& flight) {
      return flight.inner == reply.id && &Of(flight) == &busy;
    });
    if (ended == flying_.end()) throw std::runtime_error("a reply to nothing");
    reply.id = ended->outer;
    flying_.erase(ended);
  }
  return replies;
}

}  // namespace ucaas_sync::apply
