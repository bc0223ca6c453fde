#include "daemon/model/trace.h"

#include <algorithm>

#include "daemon/model/text.h"

namespace ucaas_sync {
namespace {

// A group's name is in the records of all its people: some of them show what there is to see.
constexpr std::size_t kMostRecords = 12;
constexpr std::size_t kMostNear = 5;

}  // namespace

Trace::Trace(std::string_view who) : who_(Nfc(Trim(who))), folded_(FoldCase(who_)) {
  keys_.insert(who_);
}

bool Trace::Wants(std::string_view key, std::string_view address) {
  if (!key.empty() && keys_.contains(std::string(key))) return true;
  if (!address.empty() && (address.size() == who_.size() || !IsAscii(address)) && FoldCase(address) == folded_) {
    if (!key.empty()) keys_.emplace(key);
    return true;
  }
  if (key.size() == who_.size() && near_.size() < kMostNear && FoldCase(key) == folded_) near_.emplace(key);
  return false;
}

bool Trace::IsNamed(std::string_view value) const {
  if (keys_.contains(std::string(value))) return true;
  // An e-mail ignores case; a key does not.
  return who_.find('@') != std::string::npos && FoldCase(value) == folded_;
}

void Trace::OnRecord(RecordTrace record) {
  if (records_.size() >= kMostRecords) {
    ++records_left_out_;
  } else {
    records_.push_back(std::move(record));
  }
}

void Trace::OnReject(const RejectView& reject, const std::string& source) {
  const bool is_meant = std::any_of(reject.values.begin(), reject.values.end(),
                                    [this](std::string_view value) { return IsNamed(value); });
  if (is_meant && rejects_.size() < kMostRecords) {
    rejects_.push_back({.source = source, .line = reject.line, .reason = std::string(reject.reason)});
  }
}

EntityTrace* Trace::Find(Kind kind, std::string_view key) {
  const auto found = std::find_if(entities_.begin(), entities_.end(),
                                  [&](const EntityTrace& entity) { return entity.kind == kind && entity.key == key; });
  return found == entities_.end() ? nullptr : &*found;
}

EntityTrace& Trace::Of(Kind kind, std::string_view key) {
  if (EntityTrace* found = Find(kind, key); found != nullptr) return *found;
  EntityTrace& entity = entities_.emplace_back();
  entity.kind = kind;
  entity.key = key;
  return entity;
}

}  // namespace ucaas_sync
