#include "tests/sim/network.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace ucaas_sync::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// target.rate and target.concurrency as they are by default.
constexpr std::size_t kRate = 20;
constexpr std::size_t kConcurrency = 8;
// The first request of a run goes out at once.
constexpr std::size_t kAtOnce = 1;
constexpr Duration kTimeout{30'000};

constexpr std::string_view kWebPage = "<!DOCTYPE html><html><body><h1>Sign in to the guest network</h1></body></html>";

HttpReply Page(int status, std::string_view body) {
  HttpReply reply;
  reply.status = status;
  reply.body = body;
  return reply;
}

/// "Mon, 26 Oct 2026 08:49:37 GMT"
std::string HttpDate(Instant at) {
  const auto days = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss time(std::chrono::floor<seconds>(at - days));
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[40];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays[std::chrono::weekday(days).c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text;
}

}  // namespace

void Network::BeginRun(const Weather& weather) {
  weather_ = weather;
  strict_.NoteStart();
  sent_.clear();
  // A crash is no excuse.
  not_before_ = clock_.ticks + std::max(Duration(0), rests_until_ - clock_.now);
  asked_at_.reset();
  out_until_.reset();
  requests_ = 0;
  writes.clear();
  had_trouble_ = false;
}

void Network::EndRun(bool crashed) {
  // What is still under way is answered to nobody.
  for (const auto& [at, flight] : flying_) strict_.NoteUnanswered(flight.request);
  had_trouble_ = had_trouble_ || !flying_.empty();
  flying_.clear();
  if (!crashed) return;
  strict_.NoteCrash();
  // It may have died before it could remember what it was just asked.
  if (asked_at_ == clock_.ticks) rests_until_ = asked_before_;
}

void Network::WatchPace() {
  const Monotonic now = clock_.ticks;
  while (!sent_.empty() && sent_.front() <= now - seconds(1)) sent_.pop_front();
  sent_.push_back(now);
  if (sent_.size() > kRate + kAtOnce) strict_.Complain(std::to_string(sent_.size()) + " requests in one second");
  if (flying_.size() >= kConcurrency) strict_.Complain(std::to_string(flying_.size() + 1) + " requests at once");
  if (now < not_before_) strict_.Complain("a request before the time that Retry-After named");
}

bool Network::IsOut() {
  if (weather_.outage_after != 0 && requests_ == weather_.outage_after) out_until_ = clock_.ticks + weather_.outage;
  return out_until_ && clock_.ticks < *out_until_;
}

void Network::Do(Flight& flight) {
  HttpRequest request = flight.request;
  const std::string asked = "page_length=100";
  const std::size_t at = request.path.find(asked);
  if (weather_.page_length != 0 && at != std::string::npos) {
    request.path.replace(at, asked.size(), "page_length=" + std::to_string(weather_.page_length));
  }
  flight.reply = strict_.Answer(request);
}

Network::Flight Network::Take(HttpRequest request, Duration& latency) {
  Flight flight;
  flight.request = std::move(request);
  latency = milliseconds(20 + random_.Below(180));
  if (IsOut()) {
    had_trouble_ = true;
    flight.reply = weather_.is_misrouted ? Misrouted() : testing::Breaks(TransportOutcome::kNotConnected);
    return flight;
  }
  if (weather_.limit != 0 && sent_.size() > weather_.limit) {
    had_trouble_ = true;
    flight.reply = testing::Says(429, "429", "slow down");
    flight.reply.retry_after = "1";
    flight.pause = seconds(1);
    return flight;
  }
  if (weather_.faults != 0 && random_.Chance(weather_.faults)) {
    had_trouble_ = true;
    return Spoil(std::move(flight), latency);
  }
  Do(flight);
  flight.is_answer = true;
  return flight;
}

HttpReply Network::Misrouted() {
  switch (random_.Below(4)) {
    case 0:
      return Page(404, "");
    case 1:
      return Page(404, R"({"message":"no Route matched with those values"})");
    case 2:
      return Page(404, R"({"status":"error","error_code":"NOT_FOUND","message":"no such API","request_id":"1"})");
    default:
      return testing::Says(404, "404", "not found");
  }
}

Network::Flight Network::Spoil(Flight flight, Duration& latency) {
  const bool is_list = flight.request.method == "GET" && flight.request.path.find('?') != std::string::npos;
  const auto breaks = [&](TransportOutcome outcome, bool has_effect) {
    if (has_effect) Do(flight);
    flight.reply = testing::Breaks(outcome);
    strict_.NoteUnanswered(flight.request);
  };
  const auto says = [&](HttpReply reply, bool has_effect) {
    if (has_effect) Do(flight);
    flight.reply = std::move(reply);
    strict_.NoteUnanswered(flight.request);
  };
  switch (random_.Below(22)) {
    case 0:
      flight.reply = testing::Breaks(TransportOutcome::kNotResolved);
      break;
    case 1:
      flight.reply = testing::Breaks(TransportOutcome::kNotConnected);
      break;
    case 2:
      breaks(TransportOutcome::kReset, false);
      break;
    case 3:
    case 4:
      breaks(TransportOutcome::kReset, true);
      break;
    case 5:
      breaks(TransportOutcome::kTimeout, false);
      latency = kTimeout;
      break;
    case 6:
    case 7:
      breaks(TransportOutcome::kTimeout, true);
      latency = kTimeout;
      break;
    case 8:
      breaks(TransportOutcome::kTruncated, true);
      break;
    case 9:
      breaks(TransportOutcome::kTooLarge, true);
      break;
    case 10: {
      const int pause = 1 + static_cast<int>(random_.Below(30));
      flight.reply = testing::Says(429, "429", "slow down");
      flight.reply.retry_after = std::to_string(pause);
      flight.pause = seconds(pause);
      break;
    }
    case 11: {
      const int pause = 2 + static_cast<int>(random_.Below(30));
      flight.reply = Page(503, "");
      flight.reply.date = HttpDate(clock_.now);
      flight.reply.retry_after = HttpDate(clock_.now + seconds(pause));
      flight.pause = seconds(pause - 1);
      break;
    }
    case 12:
      says(Page(500, ""), random_.Chance(50));
      break;
    case 13:
      says(Page(502, kWebPage), random_.Chance(50));
      break;
    case 14:
      says(Page(504, "upstream timed out"), true);
      break;
    case 15:
      says(Page(200, kWebPage), random_.Chance(50));
      break;
    case 16:
      says(Page(200, ""), true);
      break;
    case 17:
      Do(flight);
      says(Page(200, flight.reply.body.substr(0, flight.reply.body.size() / 2)), false);
      break;
    case 18:
      if (is_list && flight.request.path.find("?page=1&") == std::string::npos &&
          flight.request.path.find("search_by") == std::string::npos) {
        flight.reply = testing::Says(404, "404", "no such page");
        break;
      }
      [[fallthrough]];
    case 19:
      if (!is_list && (flight.request.method == "GET" || flight.request.method == "PATCH")) {
        flight.reply = Misrouted();
        break;
      }
      [[fallthrough]];
    default:
      Do(flight);
      flight.is_answer = true;
      latency = milliseconds(1000 + random_.Below(25'000));
      break;
  }
  return flight;
}

ExchangeId Network::Start(HttpRequest request) {
  fuse_.Burn();
  ++requests_;
  WatchPace();
  const std::string line = request.method + ' ' + request.path;
  if (request.method != "GET") writes.push_back(line);
  Duration latency{0};
  Flight flight = Take(std::move(request), latency);
  flight.reply.id = ++last_;
  flight.reply.latency = latency;
  trace.push_back(FormatInstant(clock_.now) + ' ' + line + ' ' + flight.request.body + " → " +
                  std::to_string(flight.reply.status) + ' ' + flight.reply.body + ' ' + flight.reply.error);
  flying_.emplace(clock_.ticks + latency, std::move(flight));
  fuse_.Burn();
  return last_;
}

void Network::NotePause(Duration pause) {
  if (asked_at_ != clock_.ticks) asked_before_ = rests_until_;
  asked_at_ = clock_.ticks;
  not_before_ = std::max(not_before_, clock_.ticks + pause);
  rests_until_ = std::max(rests_until_, clock_.now + pause);
}

std::vector<HttpReply> Network::Wait(Monotonic until) {
  if (clock_.ticks > Monotonic(std::chrono::hours(24))) throw std::logic_error("waits for ever");
  clock_.AdvanceTo(flying_.empty() ? until : std::min(until, flying_.begin()->first));
  std::vector<HttpReply> replies;
  while (!flying_.empty() && flying_.begin()->first <= clock_.ticks) {
    fuse_.Burn();
    Flight flight = std::move(flying_.extract(flying_.begin()).mapped());
    if (flight.is_answer) strict_.NoteAnswered(flight.request, flight.reply);
    if (flight.pause != Duration(0)) NotePause(flight.pause);
    replies.push_back(std::move(flight.reply));
  }
  return replies;
}

}  // namespace ucaas_sync::sim
