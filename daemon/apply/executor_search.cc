// The executor's look-ups by address: whether an object is gone that the target says it does not know, and which groups
// it is in.
#include <algorithm>
#include <utility>

#include "daemon/apply/executor.h"
#include "daemon/apply/executor_work.h"
#include "daemon/apply/rows.h"
#include "daemon/model/text.h"

namespace ucaas_sync::apply {
namespace {

using ucaas::CallResult;
using ucaas::RemoteObject;
using ucaas::Verdict;

// A target that ignores the search lists everybody: beyond this many pages nothing is known.
constexpr std::uint32_t kMostSearchPages = 20;

bool Holds(const std::vector<RemoteObject>& found, const std::string& remote_id) {
  return std::any_of(found.begin(), found.end(),
                     [&](const RemoteObject& object) { return object.remote_id == remote_id; });
}

CallResult CannotTell(std::string why) {
  CallResult result;
  result.verdict = Verdict::kRetry;
  result.message = std::move(why);
  return result;
}

}  // namespace

void Executor::LookUp(const WorkPtr& work, const std::string& address, Found then) {
  auto search = std::make_shared<Search>();
  search->address = address;
  search->then = std::move(then);
  SearchPage(work, std::move(search));
}

void Executor::SearchPage(const WorkPtr& work, std::shared_ptr<Search> search) {
  ucaas::Call call;
  call.verb = ucaas::Verb::kFind;
  call.kind = work->operation.kind;
  call.address = search->address;
  call.page = search->page;
  caller_.Submit(
      std::move(call),
      [this, work, search](const CallResult& result, std::uint32_t attempts) {
        NoteRequests(work, result, attempts);
        const bool is_refused = result.verdict == Verdict::kInvalid && search->may_be_refused;
        if (result.verdict != Verdict::kOk && result.verdict != Verdict::kMissing && !is_refused) {
          OnLookUpFailed(work, result);
          return;
        }
        for (const RemoteObject& object : result.objects) {
          if (!Holds(search->found, object.remote_id)) search->found.push_back(object);
        }
        const bool is_told = search->wanted.empty() ? search->found.size() > 1 : Holds(search->found, search->wanted);
        const bool is_end = !result.may_have_more || is_told;
        if (!is_end && search->page < kMostSearchPages) {
          ++search->page;
          SearchPage(work, search);
        } else if (is_end || !search->found.empty() || search->is_missing) {
          search->then(search->found);
        } else {
          OnLookUpFailed(work,
                         CannotTell("asked for one address, the target shows page after page of others: whether it "
                                    "has this one cannot be told"));
        }
      },
      Work::TrailOf(work));
}

void Executor::OnLookUpFailed(const WorkPtr& work, const CallResult& result) {
  if (caller_.stopped() && result.verdict != Verdict::kDenied) return;
  if (work->was_sent) {
    FinishUnknown(work, result);
  } else {
    FinishFailed(work, result, /*quarantine=*/false, {});
  }
}

std::vector<std::string> Executor::AddressesOf(const Work& work) const {
  std::vector<std::string> addresses;
  AddAddress(addresses, AddressAfter(work.row, work.operation));
  AddAddress(addresses, AddressBefore(work.row, work.operation));
  if (const auto more = options_.addresses_in_doubt.find(work.operation.entity_id);
      more != options_.addresses_in_doubt.end()) {
    for (const std::string& address : more->second) AddAddress(addresses, address);
  }
  return addresses;
}

void Executor::ConfirmGone(const WorkPtr& work, Found then) {
  ConfirmGoneAt(work, AddressesOf(*work), {}, std::move(then));
}

void Executor::ConfirmGoneAt(const WorkPtr& work, std::vector<std::string> addresses, std::vector<RemoteObject> others,
                             Found then) {
  if (addresses.empty()) {
    then(others);
    return;
  }
  auto search = std::make_shared<Search>();
  search->address = std::move(addresses.front());
  addresses.erase(addresses.begin());
  search->wanted = work->operation.remote_id;
  search->is_missing = true;
  search->then = [this, work, addresses = std::move(addresses), others = std::move(others),
                  then = std::move(then)](const std::vector<RemoteObject>& found) {
    if (Holds(found, work->operation.remote_id)) {
      FinishFailed(work, CannotTell({}), /*quarantine=*/false,
                   "the target does not know it by its id, and shows it all the same: it is not taken for gone");
    } else {
      ConfirmGoneAt(work, addresses, others.empty() ? found : others, then);
    }
  };
  SearchPage(work, std::move(search));
}

void Executor::SearchForeignGroups(const WorkPtr& work, std::vector<std::string> addresses) {
  if (addresses.empty()) {
    NoteGroups(work, {});
    SendChange(work);
    return;
  }
  auto search = std::make_shared<Search>();
  search->address = std::move(addresses.back());
  addresses.pop_back();
  search->wanted = work->operation.remote_id;
  search->may_be_refused = true;
  search->then = [this, work, addresses = std::move(addresses)](const std::vector<RemoteObject>& found) {
    if (caller_.stopped()) return;
    if (!Holds(found, work->operation.remote_id)) {
      SearchForeignGroups(work, addresses);
      return;
    }
    NoteGroups(work, found);
    SendChange(work);
  };
  SearchPage(work, std::move(search));
}

}  // namespace ucaas_sync::apply
