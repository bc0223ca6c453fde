// What the sandbox's tests need: a real HTTP client, a directory that goes away, a clock that tests move.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/ucaas/sandbox/sandbox.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::sandbox {

struct HttpAnswer {
  int error = 0;  ///< CURLcode
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< Names in lower case.

  /// The value at a JSON pointer as text: "1", "true", "abc" (texts without quotes); "(none)" if there is none.
  std::string at(const std::string& pointer) const;
  /// The type there: "string", "number", "boolean", "array", "object", "none".
  std::string type_at(const std::string& pointer) const;
  std::string result() const { return at("/result"); }
};

/// One kept connection; one thread at a time.
class HttpClient {
 public:
  HttpClient(std::string base_url, std::string user, std::string key);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer Send(const std::string& method, const std::string& path, const std::string& body = {},
                  const std::vector<std::string>& headers = {});
  /// Only the headers given: no credentials, no content type.
  HttpAnswer SendBare(const std::string& method, const std::string& path, const std::string& body,
                      const std::vector<std::string>& headers);

 private:
  std::string base_url_;
  std::string authorization_;
  void* handle_;
};

/// A sandbox with a client and a clock that stands still until it is moved.
class Bench {
 public:
  Bench() : Bench(Options{}) {}
  explicit Bench(Options options);

  Sandbox& sandbox() { return *sandbox_; }
  HttpClient& http() { return *http_; }
  void Advance(Duration by) { now_ += by.count(); }
  /// Stops the server and starts another one on the same file.
  void Restart();
  std::string Database() const { return options_.db.string(); }

  /// Creates something and returns its id; the test fails if it is refused.
  std::string Create(const std::string& collection, const std::string& body);

 private:
  testing::TemporaryFolder directory_;
  std::atomic<std::int64_t> now_{1'764'000'000'000};
  Options options_;
  std::unique_ptr<Sandbox> sandbox_;
  std::unique_ptr<HttpClient> http_;
};

/// A valid body of a new user.
std::string UserBody(const std::string& email, const std::string& more = {});

}  // namespace ucaas_sync::sandbox
