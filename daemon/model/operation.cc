#include "daemon/model/operation.h"

#include <bit>
#include <cstring>

namespace ucaas_sync {
namespace {

// The packed form lives in this process only: numbers as LEB128, texts as length and bytes.
void PutNumber(std::string& out, std::uint64_t number) {
  while (number >= 0x80) {
    out += static_cast<char>((number & 0x7FU) | 0x80U);
    number >>= 7U;
  }
  out += static_cast<char>(number);
}

void PutText(std::string& out, std::string_view text) {
  PutNumber(out, text.size());
  out.append(text);
}

void PutField(std::string& out, const Field& field) {
  PutNumber(out, static_cast<std::uint64_t>(field.state));
  if (field.state == FieldState::kValue) PutText(out, field.text);
}

void PutTexts(std::string& out, const std::vector<std::string>& texts) {
  PutNumber(out, texts.size());
  for (const std::string& text : texts) PutText(out, text);
}

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Number() {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return number;
    }
  }
  std::string Text() {
    const std::size_t length = Number();
    std::string text(bytes_.substr(at_, length));
    at_ += length;
    return text;
  }
  Field ReadField() {
    Field field;
    field.state = static_cast<FieldState>(Number());
    if (field.state == FieldState::kValue) field.text = Text();
    return field;
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> texts(Number());
    for (std::string& text : texts) text = Text();
    return texts;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

const FieldChange* FindChange(const Operation& operation, FieldId field) {
  for (const FieldChange& change : operation.changes) {
    if (change.field == field) return &change;
  }
  return nullptr;
}

Hash128 RefusalMark(const Hash128& fingerprint, std::string_view config_hash) {
  if (fingerprint.is_zero()) return {};
  std::string both(config_hash);
  both += '/' + std::to_string(fingerprint.high) + '/' + std::to_string(fingerprint.low);
  return HashOf(both);
}

std::string WhoOf(const Operation& operation) {
  std::string who = operation.who;
  if (who.empty()) {
    FieldSetView fields;
    for (const FieldChange& change : operation.changes) fields[change.field] = change.after.view();
    who = DisplayName(operation.kind, fields);
  }
  return who == operation.key ? std::string() : who;
}

void OperationList::Add(Operation operation) {
  offsets_.push_back(bytes_.size());
  PutNumber(bytes_, static_cast<std::uint64_t>(operation.kind));
  PutNumber(bytes_, static_cast<std::uint64_t>(operation.action));
  PutText(bytes_, operation.key);
  PutText(bytes_, operation.remote_id);
  PutNumber(bytes_, std::bit_cast<std::uint64_t>(operation.entity_id));
  PutNumber(bytes_, operation.changes.size());
  for (const FieldChange& change : operation.changes) {
    PutNumber(bytes_, change.field);
    PutField(bytes_, change.before);
    PutField(bytes_, change.after);
  }
  PutNumber(bytes_, operation.groups ? 1 : 0);
  if (operation.groups) {
    PutTexts(bytes_, operation.groups->before);
    PutTexts(bytes_, operation.groups->after);
  }
  PutNumber(bytes_, operation.existing ? 1 : 0);
  if (operation.existing) {
    PutNumber(bytes_, operation.existing->fields.size());
    for (const auto& [field, value] : operation.existing->fields) {
      PutNumber(bytes_, field);
      PutField(bytes_, value);
    }
    PutTexts(bytes_, operation.existing->groups);
  }
  PutText(bytes_, operation.who);
  PutText(bytes_, operation.reason);
  PutText(bytes_, operation.source.name);
  PutNumber(bytes_, operation.source.line);
  PutText(bytes_, operation.source.dn);
  PutNumber(bytes_, operation.fingerprint.high);
  PutNumber(bytes_, operation.fingerprint.low);
}

Operation OperationList::At(std::size_t index) const {
  Unpacker in(std::string_view(bytes_).substr(offsets_.at(index)));
  Operation operation;
  operation.seq = index + 1;
  operation.kind = static_cast<Kind>(in.Number());
  operation.action = static_cast<Action>(in.Number());
  operation.key = in.Text();
  operation.remote_id = in.Text();
  operation.entity_id = std::bit_cast<std::int64_t>(in.Number());
  operation.changes.resize(in.Number());
  for (FieldChange& change : operation.changes) {
    change.field = static_cast<FieldId>(in.Number());
    change.before = in.ReadField();
    change.after = in.ReadField();
  }
  if (in.Number() == 1) {
    GroupsChange groups;
    groups.before = in.Texts();
    groups.after = in.Texts();
    operation.groups = std::move(groups);
  }
  if (in.Number() == 1) {
    ExistingObject existing;
    existing.fields.resize(in.Number());
    for (auto& [field, value] : existing.fields) {
      field = static_cast<FieldId>(in.Number());
      value = in.ReadField();
    }
    existing.groups = in.Texts();
    operation.existing = std::move(existing);
  }
  operation.who = in.Text();
  operation.reason = in.Text();
  operation.source.name = in.Text();
  operation.source.line = in.Number();
  operation.source.dn = in.Text();
  operation.fingerprint.high = in.Number();
  operation.fingerprint.low = in.Number();
  return operation;
}

}  // namespace ucaas_sync
