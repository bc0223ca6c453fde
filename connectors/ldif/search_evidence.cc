#include "connectors/ldif/search_evidence.h"

#include <utility>

#include "daemon/model/text.h"

namespace ucaas_sync::ldif {
namespace {

constexpr std::string_view kExportAgain = "export again, and let the export replace the file only when it succeeded";

}  // namespace

void SearchEvidence::OnTrailer(std::string_view name, std::string_view value, std::uint64_t line) {
  value = Trim(value);
  if (EqualsIgnoreAsciiCase(name, "result")) {
    awaits_result_ = false;
    pages_follow_ = 0;
    if (value != "0" && !value.starts_with("0 ")) {
      Complain("the search ended with result " + Shorten(value, 80) + ", so entries are missing",
               "raise the server's limit or search in pages (ldapsearch -E pr=500/noprompt), then export again", line);
    }
  } else if (EqualsIgnoreAsciiCase(name, "pagedresults")) {
    pages_follow_ = value == "cookie=" ? 0 : line;
  }
}

void SearchEvidence::Weigh(std::string_view comment, std::uint64_t line) {
  constexpr std::string_view kEntries = "# numEntries:";
  constexpr std::string_view kCookie = "# pagedresults: cookie=";
  if (comment == "# extended LDIF") {
    is_search_output_ = true;
    awaits_result_ = true;
    pages_follow_ = 0;
  } else if (comment.starts_with(kCookie)) {
    pages_follow_ = Trim(comment.substr(kCookie.size())).empty() ? 0 : line;
  } else if (comment.starts_with(kEntries)) {
    const auto count = ParseUnsigned(Trim(comment.substr(kEntries.size())));
    if (!count) return;
    if (*count != entries_) {
      Complain("the export counts " + Counted(*count, "entry", "entries") + ", but " +
                   Counted(entries_, "entry was", "entries were") + " read",
               std::string(kExportAgain), line);
    }
    entries_ = 0;
  }
}

void SearchEvidence::Complain(std::string what, std::string remedy, std::uint64_t line) {
  if (!complaint_) complaint_ = Complaint{std::move(what), std::move(remedy), line};
}

std::optional<Problem> SearchEvidence::Verdict(const std::string& file, std::uint64_t lines) const {
  Complaint found;
  if (complaint_) {
    found = *complaint_;
  } else if (awaits_result_) {
    found = {"the output of ldapsearch breaks off: its last lines (\"search:\", \"result:\") are missing",
             std::string(kExportAgain), lines};
  } else if (pages_follow_ != 0) {
    found = {"the output of ldapsearch breaks off: the server had a further page", std::string(kExportAgain),
             pages_follow_};
  } else {
    return std::nullopt;
  }
  Problem problem;
  problem.at.file = file;
  problem.at.line = found.line;
  problem.what = std::move(found.what);
  problem.remedy = std::move(found.remedy);
  return problem;
}

}  // namespace ucaas_sync::ldif
