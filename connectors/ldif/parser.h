// From lines to records: takes one block (the lines up to an empty line) after the other from a window.
// Nothing is kept of a block that is not wholly in the window: it is parsed again once more was read, which is rare
// (once for each block of bytes) and saves all bookkeeping in the loop over lines.
// Single-threaded. What a block is worth comes back as a value; nothing is thrown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/ldif/ldif_source.h"
#include "connectors/ldif/names.h"
#include "connectors/ldif/search_evidence.h"
#include "connectors/ldif/window.h"
#include "daemon/model/problem.h"
#include "daemon/model/record.h"
#include "daemon/model/source.h"

namespace ucaas_sync::ldif {

class Parser {
 public:
  enum class Step : std::uint8_t {
    kNeedMore,  ///< The window ends inside a block, or there was nothing in it.
    kRecord,    ///< See record().
    kReject,    ///< See reject().
    kSkipped,   ///< Something that is no record was dealt with.
    kRefused,   ///< See refusal(); the parser must not go on.
  };

  /// `file` is how messages call the file; it must outlive the parser.
  Parser(AttributeTable& table, const std::string& file, const Options& options);

  Step Next(Window& window);

  /// These are valid until the next call of Next(), or until the window is filled.
  const Record& record() const { return record_; }
  const Reject& reject() const { return reject_; }

  const Problem& refusal() const { return refusal_; }
  const SearchEvidence& evidence() const { return evidence_; }
  /// Lines wholly dealt with.
  std::uint64_t lines() const { return lines_; }

 private:
  /// A logical line: unfolded, without its line end.
  struct Line {
    const char* begin = nullptr;
    const char* end = nullptr;
    const char* next = nullptr;   // the physical line after it; nullptr: the window ends before that is known
    std::uint64_t physical = 1;   // lines it takes in the file
    char* unfolded_at = nullptr;  // where it was unfolded to in the scratch memory, if it was
    std::string_view text() const { return {begin, static_cast<std::size_t>(end - begin)}; }
  };
  /// The value of a line, or why it has none.
  struct Value {
    std::string_view text;
    const char* error = nullptr;
    bool is_base64 = false;
    bool is_url = false;
  };
  Step ParseRecord(Window& window);
  Step ParseReject(Window& window, std::string reason);
  Step ParseTrailer(Window& window);
  Step SkipBlock(Window& window);
  Step Refuse(std::uint64_t line, std::string what, std::string remedy);
  /// Where the window ends for one block: however much is in it, a block that is too large is none.
  const char* EndFor(const Window& window) const;

  Line ReadLine(const char* at, const char* end);
  void Unfold(Line& line, const char* newline, const char* end);
  Value ReadValue(const Line& line, const char* at);
  const char* CheckDn(const Window& window, const Line& line, const Value& value) const;
  std::optional<Step> CheckRole(const Name& name, const Value& value, std::uint64_t line);
  void MarkOpenRanges();

  const std::string& file_;
  const Options& options_;
  Names names_;
  SearchEvidence evidence_;
  Record record_;
  Reject reject_;
  std::string reason_;
  std::vector<std::string_view> reject_values_;
  Problem refusal_;
  std::vector<Names::Index> ranges_;  // of the current record, each once
  std::uint64_t lines_ = 0;
  char* scratch_ = nullptr;
  bool in_comment_ = false;  // the last line dealt with between blocks was a comment, which may be folded
};

}  // namespace ucaas_sync::ldif
