// The file of `plan --out`: written while the plan is made, beside its final place, so that whoever reads FILE finds a
// whole plan or none. People's names are in it: for us alone. What goes wrong before Finish is told by Finish; nothing
// stays of a file that was not finished, unless the process is killed. For one thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <streambuf>

#include "connectors/bytes/unique_fd.h"
#include "daemon/model/problem.h"

namespace ucaas_sync::commands {

/// A file as a stream writes it: without a buffer, since a plan comes in blocks, and with the first error, for whoever
/// finds the stream broken comes later.
class FileBuffer : public std::streambuf {
 public:
  /// In place of what it wrote before.
  void Begin(bytes::UniqueFd file);
  /// Closes the file; the first error of its writing or closing as errno has it, 0 when there was none.
  int Close();

 protected:
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int_type overflow(int_type character) override;
  pos_type seekoff(off_type offset, std::ios_base::seekdir from, std::ios_base::openmode which) override;
  pos_type seekpos(pos_type place, std::ios_base::openmode which) override;

 private:
  bytes::UniqueFd file_;
  int error_ = 0;
};

class PlanOutput {
 public:
  explicit PlanOutput(std::filesystem::path named) : named_(std::move(named)) {}
  ~PlanOutput() { Discard(); }
  PlanOutput(const PlanOutput&) = delete;
  PlanOutput& operator=(const PlanOutput&) = delete;

  /// Where the plan is to be written, empty again at each call.
  std::ostream& Begin();
  /// Puts what was written since Begin in its place. Throws Failure when that, or anything before, went wrong.
  void Finish();

 private:
  void Open();
  void Discard();
  Failure Broken(const std::string& what, int error) const;

  const std::filesystem::path named_;
  std::filesystem::path file_;     // where links lead
  std::filesystem::path partial_;  // empty when there is none
  FileBuffer buffer_;
  std::ostream stream_{&buffer_};
  std::optional<Failure> failure_;
};

}  // namespace ucaas_sync::commands
