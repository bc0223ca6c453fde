#include "connectors/bytes/unlinked_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "daemon/model/problem.h"

namespace ucaas_sync::bytes {
namespace {

constexpr std::size_t kCipherBlock = 16;

Failure Unreadable(const std::string& why) {
  return {ExitCode::kError, "the file that holds a part of the plan cannot be used: " + why +
                                "; check the disk of the state and of /var/tmp, then run again"};
}

/// Not every file system can make a file without a name: there it has one for a moment.
UniqueFd Make(const std::filesystem::path& folder) {
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.is_open() || (errno != EOPNOTSUPP && errno != EISDIR)) return file;
  std::string name = (folder / "ucaas-sync-XXXXXX").string();
  file = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
  if (file.is_open()) ::unlink(name.c_str());
  return file;
}

/// The bytes that belong at `place`, encrypted or decrypted in place: AES-256 in counter mode, the counter by block of
/// the file.
void Crypt(const UnlinkedFile::Key& key, std::uint64_t place, std::span<char> bytes) {
  std::array<unsigned char, kCipherBlock> counter{};
  std::uint64_t block = place / kCipherBlock;
  for (std::size_t i = counter.size(); block != 0; block >>= 8U) counter[--i] = static_cast<unsigned char>(block);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  auto* const data = reinterpret_cast<unsigned char*>(bytes.data());
  std::array<unsigned char, kCipherBlock> before{};
  int done = 0;
  const bool is_done =
      context && EVP_EncryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr, key.data(), counter.data()) == 1 &&
      EVP_EncryptUpdate(context.get(), before.data(), &done, before.data(), static_cast<int>(place % kCipherBlock)) ==
          1 &&
      EVP_EncryptUpdate(context.get(), data, &done, data, static_cast<int>(bytes.size())) == 1;
  if (!is_done) throw Unreadable("OpenSSL cannot encrypt");
}

}  // namespace

std::unique_ptr<SpillFile> UnlinkedFile::In(const std::filesystem::path& folder, std::uint64_t reserve) {
  UniqueFd file = Make(folder);
  Key key;
  if (!file.is_open() || ::RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) return nullptr;
  return std::make_unique<UnlinkedFile>(std::move(file), key, reserve);
}

bool UnlinkedFile::HasRoomFor(std::uint64_t bytes) const {
  struct statvfs disk {};
  return ::fstatvfs(file_.get(), &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize >= bytes + reserve_;
}

std::optional<std::uint64_t> UnlinkedFile::Append(std::string_view bytes) {
  constexpr std::size_t kSlice = std::size_t{64} << 10U;
  if (!HasRoomFor(bytes.size())) return std::nullopt;
  const std::uint64_t place = size_;
  // Also of what cannot be written: no part of the key's stream is used for two texts.
  size_ += bytes.size();
  std::string slice;
  for (std::uint64_t at = place; !bytes.empty();) {
    slice = bytes.substr(0, kSlice);
    Crypt(key_, at, slice);
    for (std::string_view left = slice; !left.empty();) {
      const ssize_t count = ::pwrite(file_.get(), left.data(), left.size(), static_cast<off_t>(at));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        // The room that it took is for others. When it cannot be given back, it is when the file goes.
        [[maybe_unused]] const int given_back = ::ftruncate(file_.get(), static_cast<off_t>(place));
        return std::nullopt;
      }
      at += static_cast<std::uint64_t>(count);
      left.remove_prefix(static_cast<std::size_t>(count));
    }
    bytes.remove_prefix(slice.size());
  }
  return place;
}

void UnlinkedFile::ReadAt(std::uint64_t place, std::span<char> into) const {
  std::span<char> left = into;
  for (std::uint64_t at = place; !left.empty();) {
    const ssize_t count = ::pread(file_.get(), left.data(), left.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      throw Unreadable(count == 0 ? "it is shorter than what was written" : std::generic_category().message(errno));
    }
    at += static_cast<std::uint64_t>(count);
    left = left.subspan(static_cast<std::size_t>(count));
  }
  Crypt(key_, place, into);
}

MakeSpillFile UnlinkedFilesIn(std::vector<std::filesystem::path> folders) {
  return [folders = std::move(folders)] {
    std::unique_ptr<SpillFile> file;
    for (const std::filesystem::path& folder : folders) {
      if ((file = UnlinkedFile::In(folder))) break;
    }
    return file;
  };
}

}  // namespace ucaas_sync::bytes
