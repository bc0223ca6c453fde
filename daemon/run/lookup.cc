#include "daemon/run/lookup.h"

#include <algorithm>
#include <utility>

namespace ucaas_sync::run {
namespace {

using ucaas::CallResult;
using ucaas::Verdict;

// A target that ignores the search lists everybody: beyond this many pages nothing is known.
constexpr std::uint32_t kMostSearchPages = 20;

std::vector<std::optional<CallResult>> AskAll(apply::Caller& caller, const std::vector<ucaas::Call>& calls) {
  std::vector<std::optional<CallResult>> answers(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    caller.Submit(calls[i], [&answers, i](const CallResult& result, std::uint32_t) { answers[i] = result; });
  }
  caller.Drain();
  return answers;
}

const std::string& AddressOf(const StoredEntity& entity) {
  return entity.fields[NaturalKeyField(entity.kind)].text;
}

LookedUp Unclear(const apply::Caller& caller, const std::optional<CallResult>& answer) {
  LookedUp out;
  if (answer) {
    out.why = answer->message;
    out.may_pass = answer->verdict == Verdict::kRetry;
  } else if (caller.stopped()) {
    out.why = caller.stopped()->because;
  }
  return out;
}

LookedUp There(Kind kind, const ucaas::RemoteObject& object) {
  return {.presence = Presence::kThere, .object = AsListed(kind, object), .why = {}};
}

/// `answer`: to the search for its address, or to the list for one that has none.
LookedUp JudgeSearch(const apply::Caller& caller, const StoredEntity& entity, const std::optional<CallResult>& by_id,
                     const std::optional<CallResult>& answer) {
  const bool is_list = AddressOf(entity).empty();
  const bool is_answer =
      answer && (answer->verdict == Verdict::kOk || (!is_list && answer->verdict == Verdict::kMissing));
  if (!is_answer) return Unclear(caller, answer);
  const auto found =
      std::find_if(answer->objects.begin(), answer->objects.end(),
                   [&](const ucaas::RemoteObject& object) { return object.remote_id == entity.remote_id; });
  if (found != answer->objects.end()) return There(entity.kind, *found);
  // A target that ignores the search shows page after page of others; then its word by id has to do.
  if (by_id->verdict != Verdict::kMissing && (is_list || answer->may_have_more)) return Unclear(caller, by_id);
  return {.presence = Presence::kGone, .object = {}, .why = {}};
}

void AddNew(std::vector<ucaas::RemoteObject>& found, const std::vector<ucaas::RemoteObject>& shown) {
  for (const ucaas::RemoteObject& object : shown) {
    const bool is_known = std::any_of(found.begin(), found.end(), [&](const ucaas::RemoteObject& known) {
      return known.remote_id == object.remote_id;
    });
    if (!is_known) found.push_back(object);
  }
}

}  // namespace

plan::TargetListing::Object AsListed(Kind kind, const ucaas::RemoteObject& object) {
  return {.kind = kind,
          .remote_id = object.remote_id,
          .fields = object.fields,
          .group_ids = object.group_ids,
          .has_group_ids = object.has_group_ids};
}

std::optional<CallResult> Ask(apply::Caller& caller, ucaas::Call call) {
  return AskAll(caller, {std::move(call)}).front();
}

std::vector<FoundThere> Search(apply::Caller& caller, const std::vector<Place>& places) {
  std::vector<FoundThere> found(places.size());
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < places.size(); ++i) {
    found[i].emplace();
    open.push_back(i);
  }
  for (std::uint32_t page = 1; page <= kMostSearchPages && !open.empty(); ++page) {
    std::vector<ucaas::Call> calls;
    for (const std::size_t i : open) {
      ucaas::Call call;
      call.verb = ucaas::Verb::kFind;
      call.kind = places[i].kind;
      call.address = places[i].address;
      call.page = page;
      calls.push_back(std::move(call));
    }
    const std::vector<std::optional<CallResult>> answers = AskAll(caller, calls);
    std::vector<std::size_t> unfinished;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const std::optional<CallResult>& answer = answers[i];
      FoundThere& there = found[open[i]];
      if (!answer || (answer->verdict != Verdict::kOk && answer->verdict != Verdict::kMissing)) {
        there.reset();
        continue;
      }
      AddNew(*there, answer->objects);
      if (answer->may_have_more && there->size() < 2) unfinished.push_back(open[i]);
    }
    open = std::move(unfinished);
  }
  for (const std::size_t i : open) {
    if (found[i]->empty()) found[i].reset();
  }
  return found;
}

std::vector<LookedUp> LookUp(apply::Caller& caller, const std::vector<StoredEntity>& entities) {
  std::vector<ucaas::Call> calls;
  for (const StoredEntity& entity : entities) {
    ucaas::Call call;
    call.verb = ucaas::Verb::kGet;
    call.kind = entity.kind;
    call.remote_id = entity.remote_id;
    calls.push_back(std::move(call));
  }
  const std::vector<std::optional<CallResult>> by_id = AskAll(caller, calls);
  std::vector<LookedUp> out(entities.size());
  std::vector<std::size_t> searched;
  calls.clear();
  for (std::size_t i = 0; i < entities.size(); ++i) {
    const StoredEntity& entity = entities[i];
    const std::optional<CallResult>& answer = by_id[i];
    // A target that shows something else than it was asked for says nothing of this one.
    const bool is_shown = answer && answer->verdict == Verdict::kOk && !answer->objects.empty() &&
                          answer->objects.front().remote_id == entity.remote_id;
    if (is_shown) {
      out[i] = There(entity.kind, answer->objects.front());
    } else if (answer && answer->verdict != Verdict::kRetry && answer->verdict != Verdict::kDenied) {
      // "Not found" is said by a wrong route as well: where there is no address, the list has to be there at least.
      ucaas::Call call;
      call.address = AddressOf(entity);
      call.verb = call.address.empty() ? ucaas::Verb::kList : ucaas::Verb::kFind;
      call.kind = entity.kind;
      calls.push_back(std::move(call));
      searched.push_back(i);
    } else {
      out[i] = Unclear(caller, answer);
    }
  }
  const std::vector<std::optional<CallResult>> by_address = AskAll(caller, calls);
  for (std::size_t i = 0; i < searched.size(); ++i) {
    out[searched[i]] = JudgeSearch(caller, entities[searched[i]], by_id[searched[i]], by_address[i]);
  }
  return out;
}

}  // namespace ucaas_sync::run
