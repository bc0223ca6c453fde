#include "connectors/ucaas/sandbox/random_text.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace ucaas_sync::sandbox {

std::string RandomHex(std::size_t digits) {
  std::array<unsigned char, 64> bytes{};
  std::string text;
  text.reserve(digits);
  while (text.size() < digits) {
    // One system call; std::random_device costs as much as the whole rest of a request.
    const ssize_t count = getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    for (ssize_t i = 0; i < count && text.size() < digits; ++i) {
      text += "0123456789abcdef"[bytes[static_cast<std::size_t>(i)] & 15U];
    }
  }
  return text;
}

}  // namespace ucaas_sync::sandbox
