#include <rapidjson/writer.h>

#include <array>
#include <cstdio>
#include <memory>
#include <ostream>

#include "daemon/model/sha256.h"
#include "daemon/plan/plan_json.h"

namespace ucaas_sync::plan {
namespace {

/// Where the bytes go, in blocks, to a stream or into a digest. Puts a line break where asked, so that a plan can be
/// read and compared line by line.
class Output {
 public:
  using Ch = char;

  explicit Output(std::ostream& out) : out_(&out) {}
  explicit Output(Sha256& sha) : sha_(&sha) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() { Flush(); }

  void Put(char c) {
    if (used_ + 2 > block_.size()) Drain();
    if (break_next_) {
      break_next_ = false;
      if (c != ',') {
        block_[used_++] = '\n';
      } else {
        block_[used_++] = c;
        c = '\n';
      }
    }
    block_[used_++] = c;
  }
  /// Called by RapidJSON at the end of a document: nothing to do, the destructor drains.
  void Flush() { Drain(); }
  /// The next value begins on a line of its own.
  void BreakLine() { break_next_ = true; }

 private:
  void Drain() {
    const std::string_view bytes(block_.data(), used_);
    if (out_ != nullptr) out_->write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (sha_ != nullptr) sha_->Update(bytes);
    used_ = 0;
  }

  std::ostream* out_ = nullptr;
  Sha256* sha_ = nullptr;
  std::array<char, 32768> block_{};
  std::size_t used_ = 0;
  bool break_next_ = false;
};

enum class Parts { kAll, kHashed };

class PlanWriter {
 public:
  explicit PlanWriter(Output& output) : output_(output), json_(output) {}

  void Write(const Plan& plan, Parts parts) {
    json_.StartObject();
    Number("plan_version", kPlanVersion);
    if (parts == Parts::kAll) {
      Text("id", plan.id);
      Text("created_at", FormatInstant(plan.created_at));
      Text("hash", plan.hash);
    }
    Text("config_hash", plan.config_hash);
    Number("state_version", plan.state_version);
    Array("sources", plan.sources, [&](const PlanSource& source) { WriteSource(source); });
    WriteSummary(plan);
    Array("guards", plan.guards, [&](const GuardVerdict& verdict) { WriteGuard(verdict); });
    Bool("held", plan.held);
    Operations("operations", plan.operations);
    if (plan.waiting.size() != 0) Operations("waiting", plan.waiting);
    Array("quarantine", plan.quarantine, [&](const QuarantineItem& item) {
      output_.BreakLine();
      WriteQuarantine(item);
    });
    if (!plan.warnings.empty()) Texts("warnings", plan.warnings);
    json_.EndObject();
    output_.Put('\n');
  }

 private:
  void Key(std::string_view key) { json_.Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }
  void String(std::string_view text) {
    // A null pointer, which an empty view may hold, is refused by RapidJSON.
    json_.String(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void Text(std::string_view key, std::string_view text) {
    Key(key);
    String(text);
  }
  void Number(std::string_view key, std::uint64_t number) {
    Key(key);
    json_.Uint64(number);
  }
  void Bool(std::string_view key, bool value) {
    Key(key);
    json_.Bool(value);
  }
  void Texts(std::string_view key, const std::vector<std::string>& texts) {
    Array(key, texts, [&](const std::string& text) { String(text); });
  }
  void Operations(std::string_view key, const OperationList& operations) {
    Key(key);
    json_.StartArray();
    for (std::size_t i = 0; i < operations.size(); ++i) {
      output_.BreakLine();
      WriteOperation(operations.At(i));
    }
    json_.EndArray();
  }
  template <typename Range, typename Visit>
  void Array(std::string_view key, const Range& range, Visit&& visit) {
    Key(key);
    json_.StartArray();
    for (const auto& item : range) visit(item);
    json_.EndArray();
  }

  void WriteSource(const PlanSource& source) {
    json_.StartObject();
    Text("name", source.name);
    Text("location", source.location);
    Number("records", source.records);
    Number("rejected", source.rejected);
    Bool("complete", source.complete);
    Text("hash", source.hash);
    json_.EndObject();
  }

  void WriteSummary(const Plan& plan) {
    Key("summary");
    json_.StartObject();
    for (const Kind kind : kAllKinds) {
      Key(Name(kind));
      json_.StartObject();
      for (const Action action : kAllActions) Number(Name(action), plan.summary_of(kind).of(action));
      Number("unchanged", plan.summary_of(kind).unchanged);
      json_.EndObject();
    }
    json_.EndObject();
  }

  void WriteGuard(const GuardVerdict& verdict) {
    json_.StartObject();
    Text("name", verdict.name);
    Number("limit", verdict.limit);
    Number("actual", verdict.actual);
    Bool("held", verdict.held);
    if (!verdict.holds_everything) Text("holds", "group removals");
    if (!verdict.subject.empty()) Text("subject", verdict.subject);
    if (!verdict.examples.empty()) Texts("examples", verdict.examples);
    if (verdict.more != 0) Number("more", verdict.more);
    if (!verdict.meaning.empty()) Text("meaning", verdict.meaning);
    if (!verdict.advice.empty()) Text("advice", verdict.advice);
    if (!verdict.approved_by.empty()) Text("approved_by", verdict.approved_by);
    json_.EndObject();
  }

  void WriteOperation(const Operation& operation) {
    json_.StartObject();
    Number("seq", operation.seq);
    Text("kind", Name(operation.kind));
    Text("action", Name(operation.action));
    Text("key", operation.key);
    Text("remote_id", operation.remote_id);
    if (!operation.who.empty()) Text("who", operation.who);
    WriteSide("before", operation, &FieldChange::before, &GroupsChange::before);
    WriteSide("after", operation, &FieldChange::after, &GroupsChange::after);
    if (operation.existing) WriteExisting(operation);
    Text("reason", operation.reason);
    WriteSourceRef(operation.source);
    if (!operation.fingerprint.is_zero()) WriteFingerprint(operation.fingerprint);
    json_.EndObject();
  }

  void WriteExisting(const Operation& operation) {
    Key("existing");
    json_.StartObject();
    const auto specs = FieldsOf(operation.kind);
    for (const auto& [field, value] : operation.existing->fields) {
      Key(specs[field].name);
      WriteValue(specs[field], value);
    }
    if (operation.kind == Kind::kContact) Texts("groups", operation.existing->groups);
    json_.EndObject();
  }

  void WriteValue(const FieldSpec& spec, const Field& field) {
    if (spec.type == FieldType::kBoolean && (field.text == "true" || field.text == "false")) {
      json_.Bool(field.text == "true");
    } else {
      String(field.text);
    }
  }

  void WriteSide(std::string_view name, const Operation& operation, Field FieldChange::*side,
                 std::vector<std::string> GroupsChange::*groups) {
    Key(name);
    json_.StartObject();
    const auto specs = FieldsOf(operation.kind);
    for (const FieldChange& change : operation.changes) {
      const FieldSpec& spec = specs[change.field];
      const Field& field = change.*side;
      if (spec.secret || field.state == FieldState::kUnmapped || field.state == FieldState::kUnknown) continue;
      Key(spec.name);
      WriteValue(spec, field);
    }
    if (operation.groups) Texts("groups", (*operation.groups).*groups);
    json_.EndObject();
  }

  void WriteSourceRef(const SourceRef& source) {
    Key("source");
    json_.StartObject();
    Text("name", source.name);
    if (source.line != 0) Number("line", source.line);
    if (!source.dn.empty()) Text("dn", source.dn);
    json_.EndObject();
  }

  void WriteFingerprint(const Hash128& fingerprint) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    for (const std::uint64_t word : {fingerprint.high, fingerprint.low}) {
      for (int shift = 60; shift >= 0; shift -= 4) hex += kDigits[(word >> static_cast<unsigned>(shift)) & 0xFU];
    }
    Text("fingerprint", hex);
  }

  void WriteQuarantine(const QuarantineItem& item) {
    json_.StartObject();
    Text("kind", item.kind);
    Text("key", item.key);
    Text("reason", item.reason);
    Bool("new", item.is_new);
    WriteSourceRef(item.source);
    json_.EndObject();
  }

  Output& output_;
  rapidjson::Writer<Output> json_;
};

}  // namespace

void WritePlan(const Plan& plan, std::ostream& out) {
  const auto output = std::make_unique<Output>(out);
  PlanWriter(*output).Write(plan, Parts::kAll);
}

std::string HashOfPlan(const Plan& plan) {
  Sha256 sha;
  {
    const auto output = std::make_unique<Output>(sha);
    PlanWriter(*output).Write(plan, Parts::kHashed);
  }
  return sha.Hex();
}

bool VerifyHash(const Plan& plan) {
  return plan.hash == HashOfPlan(plan);
}

}  // namespace ucaas_sync::plan
