// The read-only HTTP endpoints on `listen`: what to answer is the Pages' business, this is the server. GET and HEAD
// alone; connections, sizes and times are bounded; every reply forbids scripts and storing.
// Owns its socket and one thread, on which `pages` is called.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ucaas_sync::service {

struct PageRequest {
  std::string path;                          ///< Unescaped: "/runs/20261123T181323-4f2a".
  std::map<std::string, std::string> query;  ///< Unescaped; of one name the last.
};

struct PageReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

class Endpoints {
 public:
  /// `listen` as the configuration has it, checked: "127.0.0.1:9847", "[::1]:9847", "unix:/path". Throws Failure
  /// (kConfig) when it cannot be listened on.
  Endpoints(const std::string& listen, std::function<PageReply(const PageRequest&)> pages);
  ~Endpoints();
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::service
