// OpenSSL's server side for the scripted server. Owns its SSL_CTX; what cannot be set up throws.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "tests/support/scripted_server.h"

namespace ucaas_sync::test {

class TlsContext {
 public:
  explicit TlsContext(const TlsIdentity& identity);
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace ucaas_sync::test
