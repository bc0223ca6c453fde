// A spill file on disk that has no name: nobody finds it, and it is gone with the process, however that ends. Only the
// user of the process may read it.
#pragma once

#include <filesystem>
#include <vector>

#include "connectors/bytes/unique_fd.h"
#include "daemon/model/spill.h"

namespace ucaas_sync::bytes {

class UnlinkedFile : public SpillFile {
 public:
  /// In `folder`; null when no file can be made there: there is no such folder, it is not ours, or its disk is full.
  static std::unique_ptr<SpillFile> In(const std::filesystem::path& folder);
  explicit UnlinkedFile(UniqueFd file) : file_(std::move(file)) {}

  std::optional<std::uint64_t> Append(std::string_view bytes) override;
  void ReadAt(std::uint64_t place, std::span<char> into) const override;

 private:
  UniqueFd file_;
  std::uint64_t size_ = 0;
};

/// In the first of `folders` that takes one.
MakeSpillFile UnlinkedFilesIn(std::vector<std::filesystem::path> folders);

}  // namespace ucaas_sync::bytes
