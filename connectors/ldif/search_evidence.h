// What ldapsearch says about its own output: evidence for or against its being whole.
// Single-threaded; lines come in the order of the file, entries are counted between them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/model/problem.h"

namespace ucaas_sync::ldif {

class SearchEvidence {
 public:
  /// A comment between records, with its "#", without its newline.
  void OnComment(std::string_view comment, std::uint64_t line) {
    if (comment.size() > 2 && (comment[2] == 'e' || comment[2] == 'n' || comment[2] == 'p')) Weigh(comment, line);
  }
  /// A line of a block that begins with `search:` or `result:`.
  void OnTrailer(std::string_view name, std::string_view value, std::uint64_t line);
  void OnEntry() { ++entries_; }

  /// The file is the full output of ldapsearch (without -L): referrals are part of it, and a result must follow.
  bool is_search_output() const { return is_search_output_; }

  /// After the last line: why entries must be missing. `file` and `lines` say where the file ends.
  std::optional<Problem> Verdict(const std::string& file, std::uint64_t lines) const;

 private:
  struct Complaint {
    std::string what;
    std::string remedy;
    std::uint64_t line = 0;
  };

  void Weigh(std::string_view comment, std::uint64_t line);
  void Complain(std::string what, std::string remedy, std::uint64_t line);

  bool is_search_output_ = false;
  bool awaits_result_ = false;
  std::uint64_t pages_follow_ = 0;  // line of a cookie that promises a further page
  std::uint64_t entries_ = 0;       // since the last count
  std::optional<Complaint> complaint_;
};

}  // namespace ucaas_sync::ldif
