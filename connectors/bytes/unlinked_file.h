// A spill file on disk that has no name: nobody finds it, and it is gone with the process, however that ends. What is
// in it is encrypted with a key that the process alone has, since blocks of a disk outlive their file and a plan holds
// people's data and first passwords.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "connectors/bytes/unique_fd.h"
#include "daemon/model/spill.h"

namespace ucaas_sync::bytes {

class UnlinkedFile : public SpillFile {
 public:
  using Key = std::array<unsigned char, 32>;
  /// What is left free of the disk for others, the journal above all.
  static constexpr std::uint64_t kReserve = std::uint64_t{256} << 20U;

  /// In `folder`; null when no file can be made there: there is no such folder, or we may not write to it.
  static std::unique_ptr<SpillFile> In(const std::filesystem::path& folder, std::uint64_t reserve = kReserve);
  UnlinkedFile(UniqueFd file, const Key& key, std::uint64_t reserve)
      : file_(std::move(file)), key_(key), reserve_(reserve) {}

  std::optional<std::uint64_t> Append(std::string_view bytes) override;
  void ReadAt(std::uint64_t place, std::span<char> into) const override;

 private:
  bool HasRoomFor(std::uint64_t bytes) const;

  UniqueFd file_;
  const Key key_;
  const std::uint64_t reserve_;
  std::uint64_t size_ = 0;
};

/// In the first of `folders` that takes one.
MakeSpillFile UnlinkedFilesIn(std::vector<std::filesystem::path> folders);

}  // namespace ucaas_sync::bytes
