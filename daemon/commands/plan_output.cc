#include "daemon/commands/plan_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

namespace ucaas_sync::commands {

void FileBuffer::Begin(bytes::UniqueFd file) {
  file_ = std::move(file);
  error_ = 0;
}

int FileBuffer::Close() {
  if (file_.is_open() && ::close(file_.Release()) != 0 && error_ == 0) error_ = errno;
  return error_;
}

std::streamsize FileBuffer::xsputn(const char* text, std::streamsize size) {
  std::streamsize done = 0;
  while (done < size) {
    const ssize_t count = ::write(file_.get(), text + done, static_cast<std::size_t>(size - done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (error_ == 0) error_ = errno;
      break;
    }
    done += count;
  }
  return done;
}

FileBuffer::int_type FileBuffer::overflow(int_type character) {
  if (traits_type::eq_int_type(character, traits_type::eof())) return traits_type::not_eof(character);
  const char one = traits_type::to_char_type(character);
  return xsputn(&one, 1) == 1 ? character : traits_type::eof();
}

FileBuffer::pos_type FileBuffer::seekoff(off_type offset, std::ios_base::seekdir from,
                                         std::ios_base::openmode /*which*/) {
  const int whence = from == std::ios_base::beg ? SEEK_SET : from == std::ios_base::cur ? SEEK_CUR : SEEK_END;
  const off_t place = ::lseek(file_.get(), offset, whence);
  if (place < 0 && error_ == 0) error_ = errno;
  return {off_type{place}};
}

FileBuffer::pos_type FileBuffer::seekpos(pos_type place, std::ios_base::openmode which) {
  return seekoff(off_type{place}, std::ios_base::beg, which);
}

std::ostream& PlanOutput::Begin() {
  failure_.reset();
  stream_.clear();
  try {
    Open();
  } catch (const Failure& failure) {
    failure_ = failure;
    stream_.setstate(std::ios_base::badbit);  // spares the writing
  }
  return stream_;
}

void PlanOutput::Open() {
  std::error_code unknown;
  file_ = std::filesystem::weakly_canonical(named_, unknown);
  if (unknown || (std::filesystem::exists(file_, unknown) && !std::filesystem::is_regular_file(file_, unknown))) {
    throw Failure(ExitCode::kUsage,
                  named_.string() + " is no regular file, and is left as it is; name a file with --out");
  }
  const std::string partial = file_.string() + ".partial";
  bytes::UniqueFd file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) throw Broken("cannot be made", errno);
  partial_ = partial;
  buffer_.Begin(std::move(file));
}

void PlanOutput::Finish() {
  if (failure_) throw Failure(*failure_);
  const int error = buffer_.Close();
  if (error != 0 || !stream_) throw Broken("cannot be written", error != 0 ? error : EIO);
  std::error_code not_moved;
  std::filesystem::rename(partial_, file_, not_moved);
  if (not_moved) {
    throw Failure(ExitCode::kError, named_.string() + ": " + not_moved.message() + "; the plan was not written");
  }
  partial_.clear();
}

void PlanOutput::Discard() {
  if (!partial_.empty()) ::unlink(partial_.c_str());
  partial_.clear();
}

Failure PlanOutput::Broken(const std::string& what, int error) const {
  return {ExitCode::kError, named_.string() + ": " + what + ": " + std::strerror(error) + "; the plan was not written"};
}

}  // namespace ucaas_sync::commands
