// The UCaaS API without sockets: a Transport over objects in memory, on a fake clock, that does wrong on demand.
// Single-threaded. Waiting moves the clock; a test that waits a virtual day is stuck, and Wait says so by throwing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/transport.h"
#include "tests/support/fake_clock.h"

namespace ucaas_sync::testing {

class FakeTarget final : public Transport {
 public:
  struct Object {
    std::string id;
    std::map<std::string, std::string> fields;
    std::vector<std::string> group_ids;
  };
  struct Fault {
    std::string request;      ///< What "METHOD path" begins with: "POST users".
    HttpReply reply;          ///< Instead of the target's own.
    bool has_effect = false;  ///< The target did it all the same.
    int skip = 0;             ///< So many such requests are answered as usual first.
    int times = 1;
    int every = 1;  ///< Of those after that, every which one.
  };

  /// `log` gets a line for each request: "POST users". Both must outlive the target.
  FakeTarget(FakeClock& clock, std::vector<std::string>& log) : clock_(clock), log_(log) {}

  std::string Add(Kind kind, std::map<std::string, std::string> fields);
  const Object* Find(Kind kind, std::string_view id) const;
  /// By e-mail or name.
  const Object* With(Kind kind, std::string_view address) const;
  std::size_t CountOf(Kind kind) const;
  /// Bodies of the requests that begin so.
  std::vector<std::string> BodiesOf(std::string_view request) const;
  std::size_t CountRequests(std::string_view request = {}) const { return BodiesOf(request).size(); }

  std::map<Kind, std::vector<Object>> objects;
  std::vector<Fault> faults;
  Duration latency{20};
  std::size_t most_in_flight = 0;
  bool ignores_search = false;
  bool ignores_paging = false;
  /// What a signal would do: called before each request is taken.
  std::function<void(const HttpRequest&)> on_request;

  /// Does what `request` asks, at once and without a fault.
  HttpReply Answer(const HttpRequest& request);

  ExchangeId Start(HttpRequest request) override;
  std::vector<HttpReply> Wait(Monotonic until) override;
  std::size_t InFlight() const override { return flying_.size(); }

 private:
  HttpReply Create(Kind kind, const std::string& body);
  HttpReply Change(Kind kind, const std::string& id, const HttpRequest& request);
  HttpReply List(Kind kind, const std::string& query) const;

  FakeClock& clock_;
  std::vector<std::string>& log_;
  std::vector<std::pair<std::string, std::string>> requests_;  // "METHOD path", body
  std::multimap<Monotonic, HttpReply> flying_;
  ExchangeId last_ = 0;
  std::uint64_t next_id_ = 70001;
};

/// {"result":CODE,"msg":MESSAGE}
HttpReply Says(int status, const std::string& result, const std::string& message = "no");
/// An exchange that did not come to a reply.
HttpReply Breaks(TransportOutcome outcome);

}  // namespace ucaas_sync::testing
