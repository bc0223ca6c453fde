#include <array>
#include <functional>
#include <future>
#include <ostream>
#include <string>
#include <utility>

#include "daemon/model/sha256.h"
#include "daemon/plan/plan_json.h"
#include "daemon/plan/plan_json_output.h"

namespace ucaas_sync::plan {
namespace {

/// Whether a piece of the text counts for the plan's hash. What does not, stands together near the beginning and ends
/// with the hash.
enum class Part { kHashed, kNotHashed };

/// Where the text goes, in blocks: to a stream or into a digest.
using Sink = std::function<void(std::string_view, Part)>;

class PlanWriter {
 public:
  explicit PlanWriter(Sink sink) : sink_(std::move(sink)), plan_(text_), line_(text_) {}

  void Write(const Plan& plan) {
    json_->StartObject();
    Number("plan_version", kPlanVersion);
    Drain(Part::kHashed);
    Text("id", plan.id);
    Text("created_at", FormatInstant(plan.created_at));
    Text("hash", plan.hash);
    Drain(Part::kNotHashed);
    Text("config_hash", plan.config_hash);
    Number("state_version", plan.state_version);
    Array("sources", plan.sources, [&](const PlanSource& source) { WriteSource(source); });
    WriteSummary(plan);
    Array("guards", plan.guards, [&](const GuardVerdict& verdict) { WriteGuard(verdict); });
    Bool("held", plan.held);
    Lines("operations", plan.operations, [&](const Operation& operation) { WriteOperation(operation); });
    if (!plan.waiting.empty()) {
      Lines("waiting", plan.waiting, [&](const Operation& operation) { WriteOperation(operation); });
    }
    Lines("quarantine", plan.quarantine, [&](const QuarantineItem& item) { WriteQuarantine(item); });
    if (!plan.warnings.empty()) Texts("warnings", plan.warnings);
    json_->EndObject();
    text_.Put('\n');
    Drain(Part::kHashed);
  }

 private:
  void Key(std::string_view key) { json_->Key(key.data(), static_cast<rapidjson::SizeType>(key.size())); }
  void String(std::string_view text) {
    // A null pointer, which an empty view may hold, is refused by RapidJSON.
    json_->String(text.empty() ? "" : text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
  void Text(std::string_view key, std::string_view text) {
    Key(key);
    String(text);
  }
  void Number(std::string_view key, std::uint64_t number) {
    Key(key);
    json_->Uint64(number);
  }
  void Bool(std::string_view key, bool value) {
    Key(key);
    json_->Bool(value);
  }
  void Texts(std::string_view key, const std::vector<std::string>& texts) {
    Array(key, texts, [&](const std::string& text) { String(text); });
  }
  /// A list that may be long, an item a line, so that a plan can be read and compared line by line. RapidJSON has no
  /// word for a line's end in its midst: each item is a document of its own to it.
  template <typename List, typename Visit>
  void Lines(std::string_view key, const List& list, Visit&& visit) {
    Key(key);
    json_->StartArray();
    json_ = &line_;
    bool is_first = true;
    ForEachOf(list, [&](const auto& item) {
      if (!std::exchange(is_first, false)) text_.Put(',');
      text_.Put('\n');
      line_.Reset(text_);
      visit(item);
      if (text_.text().size() >= kBlock) Drain(Part::kHashed);
    });
    json_ = &plan_;
    json_->EndArray();
  }
  template <typename Visit>
  static void ForEachOf(const OperationList& operations, Visit&& visit) {
    operations.ForEach(visit);
  }
  template <typename Item, typename Visit>
  static void ForEachOf(const std::vector<Item>& items, Visit&& visit) {
    for (const Item& item : items) visit(item);
  }
  void Drain(Part part) {
    sink_(text_.text(), part);
    text_.Clear();
  }
  template <typename Range, typename Visit>
  void Array(std::string_view key, const Range& range, Visit&& visit) {
    Key(key);
    json_->StartArray();
    for (const auto& item : range) visit(item);
    json_->EndArray();
  }

  void WriteSource(const PlanSource& source) {
    json_->StartObject();
    Text("name", source.name);
    Text("location", source.location);
    Number("records", source.records);
    Number("rejected", source.rejected);
    Bool("complete", source.complete);
    Text("hash", source.hash);
    json_->EndObject();
  }

  void WriteSummary(const Plan& plan) {
    Key("summary");
    json_->StartObject();
    for (const Kind kind : kAllKinds) {
      Key(Name(kind));
      json_->StartObject();
      for (const Action action : kAllActions) Number(Name(action), plan.summary_of(kind).of(action));
      Number("unchanged", plan.summary_of(kind).unchanged);
      json_->EndObject();
    }
    json_->EndObject();
  }

  void WriteGuard(const GuardVerdict& verdict) {
    json_->StartObject();
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
    json_->EndObject();
  }

  void WriteOperation(const Operation& operation) {
    json_->StartObject();
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
    json_->EndObject();
  }

  void WriteExisting(const Operation& operation) {
    Key("existing");
    json_->StartObject();
    const auto specs = FieldsOf(operation.kind);
    for (const auto& [field, value] : operation.existing->fields) {
      Key(specs[field].name);
      WriteValue(specs[field], value);
    }
    if (operation.kind == Kind::kContact) Texts("groups", operation.existing->groups);
    json_->EndObject();
  }

  void WriteValue(const FieldSpec& spec, const Field& field) {
    if (spec.type == FieldType::kBoolean && (field.text == "true" || field.text == "false")) {
      json_->Bool(field.text == "true");
    } else {
      String(field.text);
    }
  }

  void WriteSide(std::string_view name, const Operation& operation, Field FieldChange::*side,
                 std::vector<std::string> GroupsChange::*groups) {
    Key(name);
    json_->StartObject();
    const auto specs = FieldsOf(operation.kind);
    for (const FieldChange& change : operation.changes) {
      const FieldSpec& spec = specs[change.field];
      const Field& field = change.*side;
      if (spec.secret || field.state == FieldState::kUnmapped || field.state == FieldState::kUnknown) continue;
      Key(spec.name);
      WriteValue(spec, field);
    }
    if (operation.groups) Texts("groups", (*operation.groups).*groups);
    json_->EndObject();
  }

  void WriteSourceRef(const SourceRef& source) {
    Key("source");
    json_->StartObject();
    Text("name", source.name);
    if (source.line != 0) Number("line", source.line);
    if (!source.dn.empty()) Text("dn", source.dn);
    json_->EndObject();
  }

  void WriteFingerprint(const Hash128& fingerprint) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<char, 32> hex;
    auto at = hex.begin();
    for (const std::uint64_t word : {fingerprint.high, fingerprint.low}) {
      for (int shift = 60; shift >= 0; shift -= 4) *at++ = kDigits[(word >> static_cast<unsigned>(shift)) & 0xFU];
    }
    Text("fingerprint", {hex.data(), hex.size()});
  }

  void WriteQuarantine(const QuarantineItem& item) {
    json_->StartObject();
    Text("kind", item.kind);
    Text("key", item.key);
    Text("reason", item.reason);
    Bool("new", item.is_new);
    WriteSourceRef(item.source);
    json_->EndObject();
  }

  static constexpr std::size_t kBlock = std::size_t{64} << 10U;

  using Writer = rapidjson::Writer<Output>;
  Sink sink_;
  Output text_;
  Writer plan_;
  Writer line_;
  Writer* json_ = &plan_;
};

/// Does its work with a long text on another thread while more of it is written: of a million people it has 400 MB.
class Behind {
 public:
  using Work = std::function<void(std::string_view)>;

  explicit Behind(Work work) : work_(std::move(work)) {}

  void Add(std::string_view text) {
    next_ += text;
    if (next_.size() < kBlock) return;
    if (working_.valid()) working_.get();
    std::swap(block_, next_);
    next_.clear();
    working_ = std::async(std::launch::async, [this] { work_(block_); });
  }
  /// Returns when the work with all that was added is done. More may be added.
  void Finish() {
    if (working_.valid()) working_.get();
    work_(next_);
    next_.clear();
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20U;

  Work work_;
  std::string block_;          // the thread's, while there is one
  std::string next_;           // follows it
  std::future<void> working_;  // Last: its end waits for the thread.
};

}  // namespace

void WritePlan(const Plan& plan, std::ostream& out) {
  PlanWriter([&out](std::string_view text, Part /*part*/) {
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
  }).Write(plan);
}

std::string HashOfPlan(const Plan& plan) {
  Sha256 sha;
  Behind hashing([&sha](std::string_view text) { sha.Update(text); });
  PlanWriter([&hashing](std::string_view text, Part part) {
    if (part == Part::kHashed) hashing.Add(text);
  }).Write(plan);
  hashing.Finish();
  return sha.Hex();
}

void SealPlan(Plan& plan, std::ostream& out) {
  constexpr std::size_t kHexDigits = 64;
  Sha256 sha;
  const auto write = [&out](std::string_view text) {
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
  };
  Behind hashing([&](std::string_view text) {
    sha.Update(text);
    write(text);
  });
  std::streamoff hash_at = 0;
  plan.hash.assign(kHexDigits, '0');  // keeps its place
  PlanWriter([&](std::string_view text, Part part) {
    if (part == Part::kHashed) {
      hashing.Add(text);
      return;
    }
    hashing.Finish();
    write(text);
    hash_at = std::streamoff{out.tellp()} - static_cast<std::streamoff>(kHexDigits + 1);  // and the quote behind it
  }).Write(plan);
  hashing.Finish();
  plan.hash = sha.Hex();
  out.seekp(hash_at);
  write(plan.hash);
  out.seekp(0, std::ios::end);
}

bool VerifyHash(const Plan& plan) {
  return plan.hash == HashOfPlan(plan);
}

}  // namespace ucaas_sync::plan
