#include "connectors/bytes/decoding_stream.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "connectors/bytes/source_problem.h"
#include "connectors/bytes/text_check.h"
#include "daemon/model/text.h"

namespace ucaas_sync::bytes {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16LeMark = "\xFF\xFE";
constexpr std::string_view kUtf16BeMark = "\xFE\xFF";
constexpr std::size_t kPendingBytes = std::size_t{64} << 10U;
constexpr std::size_t kLeastBuffer = 16;

bool Is(const std::string& encoding, std::string_view name) {
  return EqualsIgnoreAsciiCase(encoding, name);
}

bool MeansUtf8(const std::string& encoding) {
  return encoding.empty() || Is(encoding, "utf-8") || Is(encoding, "utf8");
}

bool MeansUtf16ByMark(const std::string& encoding) {
  return Is(encoding, "utf-16") || Is(encoding, "utf16");
}

}  // namespace

class DecodingStream::Converter {
 public:
  explicit Converter(const std::string& encoding) : name_(encoding) {
    // "//TRANSLIT" and "//IGNORE" would let text through that is not what the file says.
    if (encoding.find('/') == std::string::npos) handle_ = ::iconv_open("UTF-8", encoding.c_str());
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (is_open()) ::iconv_close(handle_);
  }

  bool is_open() const { return handle_ != None(); }
  const std::string& name() const { return name_; }

  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    int error = 0;  // E2BIG, EILSEQ or EINVAL (a character is cut off) as iconv says, or 0
  };
  Step Run(std::span<char> input, std::span<char> output) {
    char* in = input.data();
    char* out = output.data();
    std::size_t in_left = input.size();
    std::size_t out_left = output.size();
    const std::size_t result = ::iconv(handle_, &in, &in_left, &out, &out_left);
    return {.consumed = input.size() - in_left,
            .produced = output.size() - out_left,
            .error = result == static_cast<std::size_t>(-1) ? errno : 0};
  }

 private:
  static iconv_t None() { return reinterpret_cast<iconv_t>(-1); }  // as iconv_open(3) defines it
  std::string name_;
  iconv_t handle_ = None();
};

bool IsKnownEncoding(const std::string& encoding) {
  return MeansUtf8(encoding) || DecodingStream::CanConvert(encoding);
}

bool DecodingStream::CanConvert(const std::string& encoding) {
  return Converter(encoding).is_open();
}

DecodingStream::DecodingStream(std::unique_ptr<ByteStream> input, std::string encoding)
    : input_(std::move(input)), encoding_(std::move(encoding)), pending_(kPendingBytes) {
  if (!IsKnownEncoding(encoding_)) {
    throw SourceFailure(ProblemAt(input_->location(), 0, 0, "the encoding \"" + encoding_ + "\" is not known",
                                  "write a name from \"iconv --list\", for example windows-1252 or iso-8859-15"));
  }
}

DecodingStream::~DecodingStream() = default;

std::optional<Problem> DecodingStream::Finish() {
  return input_->Finish();
}

std::size_t DecodingStream::Read(std::span<char> buffer) {
  if (buffer.size() < kLeastBuffer) throw std::invalid_argument("DecodingStream: the buffer is too small");
  if (!begun_) {
    Begin();
    begun_ = true;
  }
  return converter_ == nullptr ? PassThrough(buffer) : Convert(buffer);
}

void DecodingStream::Begin() {
  while (pending_end_ < kUtf8Mark.size() && !input_ended_) FillPending();
  const std::string_view head(pending_.data(), pending_end_);
  const bool has_utf8_mark = head.starts_with(kUtf8Mark);
  const bool has_le_mark = head.starts_with(kUtf16LeMark);
  const bool has_be_mark = head.starts_with(kUtf16BeMark);
  const bool is_wide = AsciiLower(encoding_).starts_with("utf-32") || AsciiLower(encoding_).starts_with("ucs-4");

  const auto refuse = [&](std::string what, std::string remedy) {
    throw SourceFailure(ProblemAt(location(), 1, 0, std::move(what), std::move(remedy)));
  };
  const auto refuse_mark = [&](std::string_view mark) {
    refuse("the file begins with the byte-order mark of " + std::string(mark) + ", but its encoding is set to " +
               encoding_,
           "take \"encoding:\" out, or correct it");
  };

  if (MeansUtf8(encoding_)) {
    if (has_utf8_mark) pending_begin_ = kUtf8Mark.size();
    if (has_le_mark) converter_ = std::make_unique<Converter>("UTF-16LE");
    if (has_be_mark) converter_ = std::make_unique<Converter>("UTF-16BE");
  } else if (MeansUtf16ByMark(encoding_)) {
    if (has_utf8_mark) refuse_mark("UTF-8");
    if (!has_le_mark && !has_be_mark && !head.empty()) {
      refuse("the file has no byte-order mark, so nothing tells which UTF-16 it is",
             "write \"encoding: utf-16le\" (from Windows, most likely) or \"encoding: utf-16be\"");
    }
    converter_ = std::make_unique<Converter>(has_be_mark ? "UTF-16BE" : "UTF-16LE");
  } else {
    if (has_utf8_mark) refuse_mark("UTF-8");
    if (has_le_mark && !is_wide && !Is(encoding_, "utf-16le")) refuse_mark("UTF-16LE");
    if (has_be_mark && !is_wide && !Is(encoding_, "utf-16be")) refuse_mark("UTF-16BE");
    converter_ = std::make_unique<Converter>(encoding_);
  }
}

// Moves what is left to the front and reads more behind it.
void DecodingStream::FillPending() {
  std::copy(pending_.begin() + static_cast<std::ptrdiff_t>(pending_begin_),
            pending_.begin() + static_cast<std::ptrdiff_t>(pending_end_), pending_.begin());
  pending_end_ -= pending_begin_;
  pending_begin_ = 0;
  const std::size_t count = input_->Read(std::span(pending_).subspan(pending_end_));
  pending_end_ += count;
  if (count == 0) input_ended_ = true;
}

std::size_t DecodingStream::PassThrough(std::span<char> buffer) {
  if (pending_begin_ == pending_end_) return input_ended_ ? 0 : input_->Read(buffer);
  const std::size_t count = std::min(buffer.size(), pending_end_ - pending_begin_);
  std::memcpy(buffer.data(), pending_.data() + pending_begin_, count);
  pending_begin_ += count;
  return count;
}

std::size_t DecodingStream::Convert(std::span<char> buffer) {
  while (true) {
    if (pending_begin_ == pending_end_) {
      if (!input_ended_) FillPending();
      if (pending_begin_ == pending_end_) return 0;
    }
    const Converter::Step step =
        converter_->Run(std::span(pending_).subspan(pending_begin_, pending_end_ - pending_begin_), buffer);
    pending_begin_ += step.consumed;
    offset_ += step.consumed;
    std::size_t produced = step.produced;
    if (!has_begun_text_ && produced > 0) {
      has_begun_text_ = true;
      if (std::string_view(buffer.data(), produced).starts_with(kUtf8Mark)) {
        produced -= kUtf8Mark.size();
        std::memmove(buffer.data(), buffer.data() + kUtf8Mark.size(), produced);
      }
    }
    if (produced > 0) {
      CountLinesOf({buffer.data(), produced});
      return produced;
    }
    if (step.error == EILSEQ || (step.error == EINVAL && input_ended_)) {
      throw SourceFailure(ProblemAt(location(), line_, 0,
                                    step.error == EILSEQ
                                        ? "byte " + HexByte(pending_[pending_begin_]) + " at offset " +
                                              std::to_string(offset_) + " is not " + converter_->name()
                                        : "the file ends inside a character (" + converter_->name() + ")",
                                    step.error == EILSEQ ? "correct \"encoding:\", or the file at this place"
                                                         : "the file was cut: fetch it again"));
    }
    if (step.error == EINVAL) FillPending();  // a character that the block cut
  }
}

void DecodingStream::CountLinesOf(std::string_view text) {
  for (const char c : text) {
    if (c == '\r' || (c == '\n' && !after_cr_)) ++line_;
    after_cr_ = c == '\r';
  }
}

}  // namespace ucaas_sync::bytes
