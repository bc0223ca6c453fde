#include "daemon/plan/candidate_store.h"

#include <cstring>

namespace ucaas_sync::plan {
namespace {

// Lengths are four plain bytes of this machine: the store never leaves the process.
void PutText(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  char bytes[sizeof size];
  std::memcpy(bytes, &size, sizeof size);
  out.append(bytes, sizeof bytes).append(text);
}

std::string_view TakeText(const char*& at) {
  std::uint32_t size = 0;
  std::memcpy(&size, at, sizeof size);
  const std::string_view text(at + sizeof size, size);
  at += sizeof size + size;
  return text;
}

}  // namespace

std::uint32_t CandidateStore::Add(SlotId slot, const EntityView& entity, const Hash128& fingerprint) {
  scratch_.clear();
  PutText(scratch_, entity.key);
  PutText(scratch_, entity.dn);
  PutText(scratch_, entity.reason);
  for (const FieldView& field : entity.fields) {
    scratch_ += static_cast<char>(field.state);
    if (field.state == FieldState::kValue) PutText(scratch_, field.text);
  }
  entries_.push_back({.fingerprint = fingerprint, .packed = arena_.Copy(scratch_).data(), .slot = slot});
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

Candidate CandidateStore::Get(std::uint32_t index) const {
  const Entry& entry = entries_[index];
  const char* at = entry.packed;
  Candidate out;
  out.slot = entry.slot;
  out.fingerprint = entry.fingerprint;
  out.key = TakeText(at);
  out.dn = TakeText(at);
  out.reason = TakeText(at);
  for (FieldView& field : out.fields) {
    field.state = static_cast<FieldState>(*at++);
    if (field.state == FieldState::kValue) field.text = TakeText(at);
  }
  return out;
}

std::string_view CandidateStore::KeyOf(std::uint32_t index) const {
  const char* at = entries_[index].packed;
  return TakeText(at);
}

}  // namespace ucaas_sync::plan
