// SHA-256 over a stream of bytes (FIPS 180-4, by libcrypto), for the hash of a source, a configuration and a plan.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ucaas_sync {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Update(std::string_view bytes);
  /// The digest in lower-case hexadecimal, 64 characters; the object can then only be destroyed.
  std::string Hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);

}  // namespace ucaas_sync
