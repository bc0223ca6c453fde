#include "config/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace ucaas_sync::config {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

Unreadable SystemError(const char* what) {
  return {std::string(what) + ": " + std::generic_category().message(errno)};
}

}  // namespace

std::variant<SmallFile, Unreadable> ReadSmallFile(const std::filesystem::path& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (file.number() < 0) return SystemError("cannot be opened");
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return SystemError("cannot be looked at");
  if (S_ISDIR(status.st_mode)) return Unreadable{"is a folder, not a file"};
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) return Unreadable{"is not a regular file"};

  SmallFile result;
  result.mode = status.st_mode & 07777U;
  // Reserved once: a string that grows would leave copies of a secret behind.
  result.bytes.reserve(S_ISREG(status.st_mode) && static_cast<std::size_t>(status.st_size) <= limit
                           ? static_cast<std::size_t>(status.st_size) + 1
                           : limit);
  std::array<char, 16384> block{};
  while (true) {
    const ssize_t count = ::read(file.number(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("cannot be read");
    if (count == 0) break;
    if (result.bytes.size() + static_cast<std::size_t>(count) > limit) {
      return Unreadable{"is larger than " + std::to_string(limit / 1024) + " KiB"};
    }
    result.bytes.append(block.data(), static_cast<std::size_t>(count));
  }
  explicit_bzero(block.data(), block.size());
  return result;
}

}  // namespace ucaas_sync::config
