// A server for tests that says exactly the bytes it is told to, also the wrong ones: it answers, stalls, drips, closes
// and resets on command, over plain TCP or TLS, on loopback and a port of its own.
// Each connection runs its script in its own thread; the destructor ends them all. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ucaas_sync::test {

struct Step {
  enum class What : std::uint8_t {
    kReadRequest,  ///< One whole HTTP request (by its Content-Length), kept in requests().
    kReadHead,     ///< As kReadRequest, but its body stays unread.
    kSend,
    kDrip,   ///< Byte by byte, with pauses.
    kStall,  ///< Until the peer closes, or the server ends.
    kReset,  ///< RST instead of an orderly end.
  };
  What what = What::kReadRequest;
  std::string bytes;
  std::size_t times = 1;  ///< kSend
};

/// When the script is over the connection is closed.
using Script = std::vector<Step>;

Step ReadRequest();
Step ReadHead();
Step Send(std::string bytes, std::size_t times = 1);
Step Drip(std::string bytes);
Step Stall();
Step Reset();

/// "HTTP/1.1 200 OK" with Content-Length and the body; `headers` are whole lines, each with its \r\n.
std::string Reply(std::string_view status, std::string_view body, std::string_view headers = {});
/// ReadRequest and Send(Reply(…)), for a connection that is kept.
Script Answer(std::string_view status, std::string_view body, std::string_view headers = {});

/// A certificate and its key as PEM, made for a test; it is its own authority.
struct TlsIdentity {
  std::string certificate;
  std::string key;
  /// `valid_days` is counted from now; a negative one has expired.
  static TlsIdentity SelfSigned(const std::string& host_or_ip, int valid_days);
};

/// What to do with a request that was read; then the connection is closed. Called from the connections' threads.
using Responder = std::function<Script(const std::string& request)>;

class ScriptedServer {
 public:
  /// The n-th connection runs the n-th script; all after the last run the last. No scripts: connections are closed.
  explicit ScriptedServer(std::vector<Script> scripts);
  ScriptedServer(std::vector<Script> scripts, const TlsIdentity& identity);
  /// Each connection carries one request, and the answer is made when it came.
  explicit ScriptedServer(Responder responder);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const;
  /// "http://127.0.0.1:PORT/v1/", or https.
  std::string base_url() const;
  /// What was read so far, head and body.
  std::vector<std::string> requests() const;
  std::size_t connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A port of loopback on which nobody listens, nor can while this process lives: a test beside this one might.
std::uint16_t RefusingPort();
/// A port of loopback to listen on.
std::uint16_t FreePort();

}  // namespace ucaas_sync::test
