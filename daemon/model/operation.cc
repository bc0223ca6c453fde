#include "daemon/model/operation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace ucaas_sync {
namespace {

// The packed form lives in this process only: numbers as LEB128, texts as length and bytes, hashes as they are.
void PutNumber(std::string& out, std::uint64_t number) {
  if (number < 0x80) {  // nearly always
    out.push_back(static_cast<char>(number));
    return;
  }
  std::array<char, 10> bytes;
  std::size_t used = 0;
  while (number >= 0x80) {
    bytes[used++] = static_cast<char>((number & 0x7FU) | 0x80U);
    number >>= 7U;
  }
  bytes[used++] = static_cast<char>(number);
  out.append(bytes.data(), used);
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

void PutHash(std::string& out, const Hash128& hash) {
  std::array<char, sizeof hash> bytes;
  std::memcpy(bytes.data(), &hash, sizeof hash);
  out.append(bytes.data(), bytes.size());
}

/// Reads into what is there, whose memory it uses again.
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
  void Text(std::string& text) {
    const std::size_t length = Number();
    text.assign(bytes_.substr(at_, length));
    at_ += length;
  }
  void ReadField(Field& field) {
    field.state = static_cast<FieldState>(Number());
    if (field.state == FieldState::kValue) {
      Text(field.text);
    } else {
      field.text.clear();
    }
  }
  void Texts(std::vector<std::string>& texts) {
    texts.resize(Number());
    for (std::string& text : texts) Text(text);
  }
  void ReadHash(Hash128& hash) {
    std::memcpy(&hash, bytes_.data() + at_, sizeof hash);
    at_ += sizeof hash;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Operation Own(const CreateView& create) {
  Operation operation;
  operation.kind = create.kind;
  operation.action = Action::kCreate;
  operation.key = create.key;
  operation.entity_id = create.entity_id;
  for (std::size_t i = 0; i < create.fields.size(); ++i) {
    if (create.fields[i].state != FieldState::kValue) continue;
    operation.changes.push_back({.field = static_cast<FieldId>(i), .before = {}, .after = Field(create.fields[i])});
  }
  operation.reason = create.reason;
  operation.source = {.name = std::string(create.source), .line = create.line, .dn = std::string(create.dn)};
  operation.fingerprint = create.fingerprint;
  return operation;
}

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

void OperationList::Add(const Operation& operation) {
  scratch_.clear();
  PutNumber(scratch_, static_cast<std::uint64_t>(operation.kind));
  PutNumber(scratch_, static_cast<std::uint64_t>(operation.action));
  PutText(scratch_, operation.key);
  PutText(scratch_, operation.remote_id);
  PutNumber(scratch_, std::bit_cast<std::uint64_t>(operation.entity_id));
  PutNumber(scratch_, operation.changes.size());
  for (const FieldChange& change : operation.changes) {
    PutNumber(scratch_, change.field);
    PutField(scratch_, change.before);
    PutField(scratch_, change.after);
  }
  PutNumber(scratch_, operation.groups ? 1 : 0);
  if (operation.groups) {
    PutTexts(scratch_, operation.groups->before);
    PutTexts(scratch_, operation.groups->after);
  }
  PutNumber(scratch_, operation.existing ? 1 : 0);
  if (operation.existing) {
    PutNumber(scratch_, operation.existing->fields.size());
    for (const auto& [field, value] : operation.existing->fields) {
      PutNumber(scratch_, field);
      PutField(scratch_, value);
    }
    PutTexts(scratch_, operation.existing->groups);
  }
  PutText(scratch_, operation.who);
  PutText(scratch_, operation.reason);
  PutText(scratch_, operation.source.name);
  PutNumber(scratch_, operation.source.line);
  PutText(scratch_, operation.source.dn);
  PutHash(scratch_, operation.fingerprint);
  places_.push_back(bytes_.Append(scratch_));
}

void OperationList::AddCreate(const CreateView& create) {
  const auto has_value = [](const FieldView& field) { return field.state == FieldState::kValue; };
  scratch_.clear();
  PutNumber(scratch_, static_cast<std::uint64_t>(create.kind));
  PutNumber(scratch_, static_cast<std::uint64_t>(Action::kCreate));
  PutText(scratch_, create.key);
  PutText(scratch_, {});  // remote_id
  PutNumber(scratch_, std::bit_cast<std::uint64_t>(create.entity_id));
  PutNumber(scratch_, static_cast<std::uint64_t>(std::ranges::count_if(create.fields, has_value)));
  for (std::size_t i = 0; i < create.fields.size(); ++i) {
    if (!has_value(create.fields[i])) continue;
    PutNumber(scratch_, i);
    PutNumber(scratch_, static_cast<std::uint64_t>(FieldState::kUnmapped));  // before
    PutNumber(scratch_, static_cast<std::uint64_t>(FieldState::kValue));
    PutText(scratch_, create.fields[i].text);
  }
  PutNumber(scratch_, 0);  // groups
  PutNumber(scratch_, 0);  // existing
  PutText(scratch_, {});   // who
  PutText(scratch_, create.reason);
  PutText(scratch_, create.source);
  PutNumber(scratch_, create.line);
  PutText(scratch_, create.dn);
  PutHash(scratch_, create.fingerprint);
  places_.push_back(bytes_.Append(scratch_));
}

Operation OperationList::At(std::size_t index) const {
  Operation operation;
  Unpack(index, operation);
  return operation;
}

void OperationList::Unpack(std::size_t index, Operation& operation) const {
  Unpacker in(bytes_.Read(places_.at(index)));
  operation.seq = index + 1;
  operation.kind = static_cast<Kind>(in.Number());
  operation.action = static_cast<Action>(in.Number());
  in.Text(operation.key);
  in.Text(operation.remote_id);
  operation.entity_id = std::bit_cast<std::int64_t>(in.Number());
  operation.changes.resize(in.Number());
  for (FieldChange& change : operation.changes) {
    change.field = static_cast<FieldId>(in.Number());
    in.ReadField(change.before);
    in.ReadField(change.after);
  }
  operation.groups.reset();
  if (in.Number() == 1) {
    operation.groups.emplace();
    in.Texts(operation.groups->before);
    in.Texts(operation.groups->after);
  }
  operation.existing.reset();
  if (in.Number() == 1) {
    operation.existing.emplace();
    operation.existing->fields.resize(in.Number());
    for (auto& [field, value] : operation.existing->fields) {
      field = static_cast<FieldId>(in.Number());
      in.ReadField(value);
    }
    in.Texts(operation.existing->groups);
  }
  in.Text(operation.who);
  in.Text(operation.reason);
  in.Text(operation.source.name);
  operation.source.line = in.Number();
  in.Text(operation.source.dn);
  in.ReadHash(operation.fingerprint);
}

}  // namespace ucaas_sync
