#include "tests/apply/faults.h"

#include <array>
#include <cstdint>
#include <ctime>
#include <utility>

namespace ucaas_sync::apply {
namespace {

using test::Drip;
using test::Reply;
using test::Reset;
using test::Script;
using test::Send;
using test::Stall;
using Way = Fault::Way;

constexpr const char* kPage = "<html><body><h1>One moment, please</h1></body></html>";
const std::string kClose = "Connection: close\r\n";

std::string RealReply(const HttpReply& real, const std::string& status = "200 OK") {
  return Reply(status, real.body, kClose);
}

/// gzip without compression (RFC 1951, section 3.2.4), for bodies of less than 64 KiB.
std::string Packed(const std::string& text, bool is_sound) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  crc = ~crc;
  if (!is_sound) crc ^= 1U;
  const auto append = [](std::string& out, std::uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>((number >> (8U * static_cast<unsigned>(i))) & 0xFFU);
  };
  const auto size = static_cast<std::uint32_t>(text.size());
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11);
  append(out, size, 2);
  append(out, ~size, 2);
  out += text;
  append(out, crc, 4);
  append(out, size, 4);
  return out;
}

std::string HttpDate(Instant instant) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(instant.time_since_epoch()).count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

class Rows {
 public:
  void Add(Fault fault) { rows_.push_back(std::move(fault)); }
  /// An answer that is the same for every request; the target has done nothing.
  void Answer(const std::string& name, const std::string& bytes) {
    Add({.name = name, .script = [bytes](const HttpReply&) { return Script{Send(bytes)}; }});
  }
  /// Twice: the target has not, and has, done what it was asked.
  void Either(Fault fault) {
    fault.is_done = false;
    Add(fault);
    fault.is_done = true;
    Add(std::move(fault));
  }
  void EitherAnswer(const std::string& name, const std::string& bytes) {
    Either({.name = name, .script = [bytes](const HttpReply&) { return Script{Send(bytes)}; }});
  }
  std::vector<Fault> Take() { return std::move(rows_); }

 private:
  std::vector<Fault> rows_;
};

void AddWordsOfTheApi(Rows& rows) {
  rows.Answer("200 with result 1002", Reply("200 OK", R"({"result":1002,"msg":"Invalid request"})", kClose));
  rows.Answer("200 with result 0", Reply("200 OK", R"({"result":"0","msg":"Error"})", kClose));
  rows.Answer("200 with result 1504 (duplicate)", Reply("200 OK", R"({"result":1504,"msg":"Duplicate"})", kClose));
  rows.Answer("406 with result 406", Reply("406 Not Acceptable", R"({"result":406,"msg":"Too long"})", kClose));
  rows.Answer("409 with an empty body", Reply("409 Conflict", "", kClose));
  rows.Answer("404 with result 404", Reply("404 Not Found", R"({"result":404,"msg":"Not found"})", kClose));
  rows.Answer("400 with error_code INVALID_PARAM",
              Reply("400 Bad Request",
                    R"({"status":"error","error_code":"INVALID_PARAM","message":"no","request_id":"r-1"})", kClose));
  rows.Answer("500 with error_code INTERNAL",
              Reply("500 Internal Server Error",
                    R"({"status":"error","error_code":"INTERNAL","message":"no","request_id":"r-2"})", kClose));
  rows.Add({.name = "500 with a success in the body", .is_done = true, .script = [](const HttpReply& real) {
              return Script{Send(RealReply(real, "500 Internal Server Error"))};
            }});
}

void AddRefusals(Rows& rows) {
  rows.Answer("401", Reply("401 Unauthorized", R"({"result":401,"msg":"Not authenticated"})", kClose));
  rows.Answer("403", Reply("403 Forbidden", R"({"result":403,"msg":"Not allowed"})", kClose));
  const std::array<std::pair<const char*, std::string>, 3> stale{
      {{"401 for the token", Reply("401 Unauthorized", R"({"result":401,"msg":"Not authenticated"})", kClose)},
       {"403 for the token", Reply("403 Forbidden", "", kClose)},
       {"200 with result 1001 for the token", Reply("200 OK", R"({"result":"1001","msg":"Invalid token"})", kClose)}}};
  for (const auto& [name, bytes] : stale) {
    rows.Add({.name = name, .with_token = true, .script = [bytes = bytes](const HttpReply&) {
                return Script{Send(bytes)};
              }});
  }
}

void AddPacing(Rows& rows, Instant now) {
  const std::string busy = "429 Too Many Requests";
  const std::string body = R"({"result":429,"msg":"Slow down"})";
  rows.Answer("429", Reply(busy, body, kClose));
  rows.Answer("429 with Retry-After: 3", Reply(busy, body, kClose + "Retry-After: 3\r\n"));
  rows.Answer(
      "429 with Retry-After as a date",
      Reply(busy, body,
            kClose + "Date: " + HttpDate(now) + "\r\nRetry-After: " + HttpDate(now + Duration(3'000)) + "\r\n"));
  rows.Answer("200 with error_code RATE_LIMITED",
              Reply("200 OK", R"({"status":"error","error_code":"RATE_LIMITED","message":"no"})", kClose));
  rows.Answer("503 with Retry-After: 3", Reply("503 Service Unavailable", "", kClose + "Retry-After: 3\r\n"));
}

void AddFailures(Rows& rows) {
  rows.EitherAnswer("500", Reply("500 Internal Server Error", R"({"result":500,"msg":"Oops"})", kClose));
  rows.EitherAnswer("502 with a web page", Reply("502 Bad Gateway", kPage, kClose));
  rows.Answer("503", Reply("503 Service Unavailable", "", kClose));
  rows.EitherAnswer("504", Reply("504 Gateway Timeout", "", kClose));
  rows.Answer("404 with a web page", Reply("404 Not Found", kPage, kClose));
}

void AddBodies(Rows& rows) {
  rows.EitherAnswer("200 with an empty body", Reply("200 OK", "", kClose));
  rows.EitherAnswer("200 with a web page", Reply("200 OK", kPage, kClose));
  rows.EitherAnswer("200 with half a JSON body", Reply("200 OK", R"({"result":1,"user":{"user_id":"7)", kClose));
  rows.Either({.name = "200 with a body of 100 MB", .script = [](const HttpReply&) {
                 return Script{Send("HTTP/1.1 200 OK\r\n" + kClose + "\r\n{\"result\":1,\"msg\":\""),
                               Send(std::string(1'000'000, 'x'), 100), Send("\"}")};
               }});
  rows.Add({.name = "200, compressed", .is_done = true, .script = [](const HttpReply& real) {
              return Script{Send(Reply("200 OK", Packed(real.body, true), kClose + "Content-Encoding: gzip\r\n"))};
            }});
  rows.EitherAnswer("200, wrongly compressed",
                    Reply("200 OK", Packed(R"({"result":1})", false), kClose + "Content-Encoding: gzip\r\n"));
}

void AddRedirects(Rows& rows, const std::string& elsewhere) {
  for (const char* status :
       {"301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"}) {
    rows.Answer(std::string(status).substr(0, 3) + " to elsewhere",
                Reply(status, "", kClose + "Location: " + elsewhere + "\r\n"));
  }
}

void AddConnections(Rows& rows) {
  rows.Add({.name = "connection refused", .way = Way::kRefused});
  rows.Add({.name = "name does not resolve", .way = Way::kNoName});
  rows.Add({.name = "certificate of another name", .way = Way::kWrongName});
  rows.Add({.name = "certificate expired", .way = Way::kExpired});
  rows.Either({.name = "connection reset", .script = [](const HttpReply&) { return Script{Reset()}; }});
  rows.Either({.name = "stall", .runs_out_of_time = true, .script = [](const HttpReply&) { return Script{Stall()}; }});
  rows.EitherAnswer("reply broken off", "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"result\":1,");
  rows.Either({.name = "slow drip beyond the time limit", .runs_out_of_time = true, .script = [](const HttpReply&) {
                 return Script{Drip(Reply("200 OK", std::string(20'000, ' ')))};
               }});
  rows.Add(
      {.name = "slow drip within the time limit", .is_done = true, .script = [](const HttpReply& real) {
         const std::string bytes = RealReply(real);
         constexpr std::size_t kDripped = 10;
         return Script{Send(bytes.substr(0, bytes.size() - kDripped)), Drip(bytes.substr(bytes.size() - kDripped))};
       }});
}

}  // namespace

std::vector<Fault> AllFaults(const std::string& elsewhere, Instant now) {
  Rows rows;
  AddWordsOfTheApi(rows);
  AddRefusals(rows);
  AddPacing(rows, now);
  AddFailures(rows);
  AddBodies(rows);
  AddRedirects(rows, elsewhere);
  AddConnections(rows);
  return rows.Take();
}

}  // namespace ucaas_sync::apply
