#include "daemon/apply/listing.h"

#include <string_view>
#include <unordered_set>

#include "connectors/ucaas/said.h"

namespace ucaas_sync::apply {
namespace {

// A target that never runs out of pages must not keep us for ever.
constexpr std::uint32_t kMostPages = 1'000'000;

}  // namespace

Listing ListAll(Caller& caller, Kind kind, Observer& observer) {
  Listing listing;
  std::unordered_set<std::string> seen;
  for (std::uint32_t page = 1;; ++page) {
    ucaas::Call call;
    call.verb = ucaas::Verb::kList;
    call.kind = kind;
    call.page = page;
    std::optional<ucaas::CallResult> answer;
    caller.Submit(call, [&answer](const ucaas::CallResult& result, std::uint32_t) { answer = result; });
    caller.Drain();
    const std::string where = "the list of " + std::string(Name(kind)) + "s, page " + std::to_string(page);
    if (!answer || answer->verdict != ucaas::Verdict::kOk) {
      const std::string why = answer             ? ucaas::ToldOf(*answer)
                              : caller.stopped() ? caller.stopped()->because
                                                 : "no answer";
      listing.incomplete = where + ": " + why;
      listing.code = caller.stopped() ? caller.stopped()->code : ExitCode::kUnavailable;
      return listing;
    }
    if (answer->objects.empty()) return listing;
    bool is_new = false;
    for (ucaas::RemoteObject& object : answer->objects) {
      if (!seen.insert(object.remote_id).second) continue;
      is_new = true;
      listing.objects.push_back(std::move(object));
    }
    observer.OnProgress("list", listing.objects.size(), 0);
    if (!is_new || page == kMostPages) {
      listing.incomplete = where + ": " + (is_new ? "there is no end to it" : "it repeats an earlier page");
      listing.code = ExitCode::kUnavailable;
      return listing;
    }
  }
}

}  // namespace ucaas_sync::apply
