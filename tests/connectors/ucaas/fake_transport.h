// A Transport that answers what the test prepared.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/transport.h"

namespace ucaas_sync::ucaas {

/// Keeps what is sent and answers with what the test prepared, in order.
class FakeTransport final : public Transport {
 public:
  ExchangeId Start(HttpRequest request) override {
    requests.push_back(std::move(request));
    return ++last_id_;
  }
  std::vector<HttpReply> Wait(Monotonic /*until*/) override {
    std::vector<HttpReply> ended;
    while (!replies.empty() && answered_ < last_id_) {
      ended.push_back(std::move(replies.front()));
      replies.pop_front();
      ended.back().id = ++answered_;
    }
    return ended;
  }
  std::size_t InFlight() const override { return last_id_ - answered_; }

  void WillAnswer(int status, std::string body) {
    HttpReply reply;
    reply.status = status;
    reply.body = std::move(body);
    replies.push_back(std::move(reply));
  }
  void WillFail(TransportOutcome outcome, std::string error) {
    HttpReply reply;
    reply.outcome = outcome;
    reply.error = std::move(error);
    replies.push_back(std::move(reply));
  }

  std::vector<HttpRequest> requests;
  std::deque<HttpReply> replies;

 private:
  ExchangeId last_id_ = 0;
  ExchangeId answered_ = 0;
};

}  // namespace ucaas_sync::ucaas
