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
  scratch_.assign(reinterpret_cast<const char*>(&fingerprint), sizeof fingerprint);
  PutText(scratch_, entity.dn);
  PutText(scratch_, entity.reason);
  for (const FieldView& field : entity.fields) {
    scratch_ += static_cast<char>(field.state);
    if (field.state == FieldState::kValue) PutText(scratch_, field.text);
  }
  entries_.push_back({.key = keys_.Keep(entity.key), .rest = packed_.Append(scratch_), .slot = slot});
  return static_cast<std::uint32_t>(entries_.size() - 1);
}

Candidate CandidateStore::Get(std::uint32_t index) const {
  const Entry& entry = entries_[index];
  Candidate out;
  out.slot = entry.slot;
  out.key = KeyOf(index);
  const std::string_view packed = packed_.Read(entry.rest);
  const char* at = packed.data();
  if (!packed_.IsInMemory(entry.rest)) {
    out.bytes = std::make_unique<char[]>(packed.size());
    std::memcpy(out.bytes.get(), packed.data(), packed.size());
    at = out.bytes.get();
  }
  std::memcpy(&out.fingerprint, at, sizeof out.fingerprint);
  at += sizeof out.fingerprint;
  out.dn = TakeText(at);
  out.reason = TakeText(at);
  for (FieldView& field : out.fields) {
    field.state = static_cast<FieldState>(*at++);
    if (field.state == FieldState::kValue) field.text = TakeText(at);
  }
  return out;
}

}  // namespace ucaas_sync::plan
