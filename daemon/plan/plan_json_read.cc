#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <array>
#include <istream>
#include <memory>
#include <set>

#include "daemon/model/problem.h"
#include "daemon/model/text.h"
#include "daemon/plan/plan_json.h"
#include "daemon/plan/plan_json_input.h"
#include "daemon/plan/plan_json_places.h"

namespace ucaas_sync::plan {
namespace {

constexpr std::size_t kMostText = std::size_t{64} << 20U;

/// A value as it comes: text, number or truth.
struct Value {
  enum class Type { kText, kNumber, kBool } type = Type::kText;
  std::string_view text;
  std::uint64_t number = 0;
  bool flag = false;

  std::string Text() const {
    if (type != Type::kText) throw Unfit{"a text was expected"};
    return std::string(text);
  }
  std::uint64_t Number() const {
    if (type != Type::kNumber) throw Unfit{"a whole number was expected"};
    return number;
  }
  bool Bool() const {
    if (type != Type::kBool) throw Unfit{"true or false was expected"};
    return flag;
  }
};

class PlanHandler {
 public:
  PlanHandler(std::uint32_t max_depth, const MakeSpillFile& make_spill_file) : max_depth_(max_depth) {
    plan_.operations = OperationList(make_spill_file);
    stack_.push_back({.place = Place::kStart, .key = {}, .seen = {}});
  }

  Plan Take() { return std::move(plan_); }
  bool is_done() const { return stack_.size() == 1 && stack_.front().place == Place::kEnd; }

  // RapidJSON's handler concept.
  bool Null() { throw Unfit{"null does not occur in a plan"}; }
  bool Bool(bool flag) { return Scalar({.type = Value::Type::kBool, .text = {}, .number = 0, .flag = flag}); }
  bool Int(int) { throw Unfit{"a negative number does not occur in a plan"}; }
  bool Uint(unsigned number) { return Uint64(number); }
  bool Int64(std::int64_t) { throw Unfit{"a negative number does not occur in a plan"}; }
  bool Uint64(std::uint64_t number) {
    return Scalar({.type = Value::Type::kNumber, .text = {}, .number = number, .flag = false});
  }
  bool Double(double) { throw Unfit{"a fraction does not occur in a plan"}; }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    if (size > kMostText) throw Unfit{"a text is too long"};
    RequireUtf8({text, size});
    return Scalar({.type = Value::Type::kText, .text = {text, size}, .number = 0, .flag = false});
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    RequireUtf8({text, size});
    Frame& frame = stack_.back();
    frame.key.assign(text, size);
    if (!frame.seen.insert(frame.key).second) throw Unfit{"the key \"" + frame.key + "\" stands there twice"};
    return true;
  }
  bool StartObject() { return Enter(false); }
  bool StartArray() { return Enter(true); }
  bool EndObject(rapidjson::SizeType) { return Leave(); }
  bool EndArray(rapidjson::SizeType) { return Leave(); }

 private:
  struct Frame {
    Place place = Place::kStart;
    std::string key;
    std::set<std::string, std::less<>> seen;
  };

  /// RapidJSON lets an escaped low surrogate stand alone, and gives bytes for it that are not UTF-8.
  static void RequireUtf8(std::string_view text) {
    if (!IsUtf8(text)) throw Unfit{"half a surrogate pair stands in a text"};
  }

  [[noreturn]] void UnknownKey() const { throw Unfit{"\"" + Printable(stack_.back().key) + "\" is not known here"}; }

  bool Enter(bool is_array) {
    if (stack_.size() > max_depth_) throw Unfit{"it is nested too deeply"};
    const std::optional<Place> below = PlaceBelow(stack_.back().place, stack_.back().key);
    if (!below) UnknownKey();
    const Place place = *below;
    if (SpecOf(place).is_array != is_array)
      throw Unfit{is_array ? "a list was not expected" : "an object was not expected"};
    Begin(place);
    stack_.push_back({.place = place, .key = {}, .seen = {}});
    return true;
  }

  void Begin(Place place) {
    switch (place) {
      case Place::kSource:
        plan_.sources.emplace_back();
        break;
      case Place::kGuard:
        plan_.guards.emplace_back();
        break;
      case Place::kOperation:
        operation_ = {};
        before_.clear();
        after_.clear();
        existing_.clear();
        groups_.reset();
        break;
      case Place::kGroupsBefore:
      case Place::kGroupsAfter:
        if (!groups_) groups_.emplace();
        break;
      case Place::kExisting:
        operation_.existing.emplace();
        break;
      case Place::kItem:
        plan_.quarantine.emplace_back();
        break;
      default:
        break;
    }
  }

  bool Leave() {
    const Frame frame = std::move(stack_.back());
    stack_.pop_back();
    for (const std::string_view key : SpecOf(frame.place).required) {
      if (!frame.seen.contains(key)) throw Unfit{"\"" + std::string(key) + "\" is missing"};
    }
    if (frame.place == Place::kOperation) FinishOperation();
    if (stack_.back().place == Place::kStart) stack_.back().place = Place::kEnd;
    return true;
  }

  bool Scalar(const Value& value) {
    const Frame& frame = stack_.back();
    switch (frame.place) {
      case Place::kPlan:
        return OfPlan(frame.key, value);
      case Place::kSource:
        return OfSource(frame.key, plan_.sources.back(), value);
      case Place::kSummaryKind:
        return OfSummary(frame.key, value);
      case Place::kGuard:
        return OfGuard(frame.key, plan_.guards.back(), value);
      case Place::kExamples:
        plan_.guards.back().examples.push_back(value.Text());
        return true;
      case Place::kOperation:
        return OfOperation(frame.key, value);
      case Place::kBefore:
        before_.emplace_back(frame.key, TextOf(value));
        return true;
      case Place::kAfter:
        after_.emplace_back(frame.key, TextOf(value));
        return true;
      case Place::kExisting:
        existing_.emplace_back(frame.key, TextOf(value));
        return true;
      case Place::kGroupsExisting:
        operation_.existing->groups.push_back(value.Text());
        return true;
      case Place::kGroupsBefore:
        groups_->before.push_back(value.Text());
        return true;
      case Place::kGroupsAfter:
        groups_->after.push_back(value.Text());
        return true;
      case Place::kOperationSource:
        return OfSourceRef(frame.key, operation_.source, value);
      case Place::kItem:
        return OfItem(frame.key, plan_.quarantine.back(), value);
      case Place::kItemSource:
        return OfSourceRef(frame.key, plan_.quarantine.back().source, value);
      case Place::kWarnings:
        plan_.warnings.push_back(value.Text());
        return true;
      default:
        throw Unfit{"a single value was not expected"};
    }
  }

  static std::string TextOf(const Value& value) {
    if (value.type == Value::Type::kBool) return value.flag ? "true" : "false";
    return value.Text();
  }

  bool OfPlan(const std::string& key, const Value& value) {
    if (key == "plan_version") {
      if (value.Number() != kPlanVersion) throw Unfit{"it is a plan of another version of this program"};
    } else if (key == "id") {
      plan_.id = value.Text();
    } else if (key == "created_at") {
      const auto at = ParseInstant(value.Text());
      if (!at) throw Unfit{"created_at is no time"};
      plan_.created_at = *at;
    } else if (key == "hash") {
      plan_.hash = value.Text();
    } else if (key == "config_hash") {
      plan_.config_hash = value.Text();
    } else if (key == "state_version") {
      plan_.state_version = value.Number();
    } else if (key == "held") {
      plan_.held = value.Bool();
    } else {
      UnknownKey();
    }
    return true;
  }

  bool OfSource(const std::string& key, PlanSource& source, const Value& value) {
    if (key == "name") {
      source.name = value.Text();
    } else if (key == "location") {
      source.location = value.Text();
    } else if (key == "records") {
      source.records = value.Number();
    } else if (key == "rejected") {
      source.rejected = value.Number();
    } else if (key == "complete") {
      source.complete = value.Bool();
    } else if (key == "hash") {
      source.hash = value.Text();
    } else {
      UnknownKey();
    }
    return true;
  }

  bool OfSummary(const std::string& key, const Value& value) {
    KindSummary& summary = plan_.summary_of(*KindNamed(stack_[stack_.size() - 2].key));
    if (const auto action = ActionNamed(key)) {
      summary.actions[Index(*action)] = value.Number();
    } else if (key == "unchanged") {
      summary.unchanged = value.Number();
    } else {
      UnknownKey();
    }
    return true;
  }

  bool OfGuard(const std::string& key, GuardVerdict& verdict, const Value& value) {
    if (key == "name") {
      verdict.name = value.Text();
    } else if (key == "limit") {
      verdict.limit = value.Number();
    } else if (key == "actual") {
      verdict.actual = value.Number();
    } else if (key == "held") {
      verdict.held = value.Bool();
    } else if (key == "holds" && value.Text() == "group removals") {
      verdict.holds_everything = false;
    } else if (key == "subject") {
      verdict.subject = value.Text();
    } else if (key == "more") {
      verdict.more = value.Number();
    } else if (key == "meaning") {
      verdict.meaning = value.Text();
    } else if (key == "advice") {
      verdict.advice = value.Text();
    } else if (key == "approved_by") {
      verdict.approved_by = value.Text();
    } else {
      UnknownKey();
    }
    return true;
  }

  bool OfOperation(const std::string& key, const Value& value) {
    if (key == "seq") {
      if (value.Number() != ListAt(stack_[stack_.size() - 2].place).size() + 1)
        throw Unfit{"the operations are not numbered one after another"};
    } else if (key == "kind") {
      const auto kind = KindNamed(value.Text());
      if (!kind) throw Unfit{"there is no kind \"" + Printable(value.text) + "\""};
      operation_.kind = *kind;
    } else if (key == "action") {
      const auto action = ActionNamed(value.Text());
      if (!action) throw Unfit{"there is no action \"" + Printable(value.text) + "\""};
      operation_.action = *action;
    } else if (key == "key") {
      operation_.key = value.Text();
    } else if (key == "remote_id") {
      operation_.remote_id = value.Text();
    } else if (key == "who") {
      operation_.who = value.Text();
    } else if (key == "reason") {
      operation_.reason = value.Text();
    } else if (key == "fingerprint") {
      operation_.fingerprint = ParseFingerprint(value.Text());
    } else {
      UnknownKey();
    }
    return true;
  }

  bool OfSourceRef(const std::string& key, SourceRef& source, const Value& value) {
    if (key == "name") {
      source.name = value.Text();
    } else if (key == "line") {
      source.line = value.Number();
    } else if (key == "dn") {
      source.dn = value.Text();
    } else {
      UnknownKey();
    }
    return true;
  }

  bool OfItem(const std::string& key, QuarantineItem& item, const Value& value) {
    if (key == "kind") {
      item.kind = value.Text();
    } else if (key == "key") {
      item.key = value.Text();
    } else if (key == "reason") {
      item.reason = value.Text();
    } else if (key == "new") {
      item.is_new = value.Bool();
    } else {
      UnknownKey();
    }
    return true;
  }

  static Hash128 ParseFingerprint(const std::string& hex) {
    constexpr std::size_t kDigits = 32;
    Hash128 hash;
    if (hex.size() != kDigits) throw Unfit{"a fingerprint has 32 digits"};
    for (std::size_t i = 0; i < kDigits; ++i) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(hex[i]);
      if (digit == std::string_view::npos) throw Unfit{"a fingerprint is hexadecimal in lower case"};
      std::uint64_t& word = i < kDigits / 2 ? hash.high : hash.low;
      word = (word << 4U) | digit;
    }
    return hash;
  }

  static Field FieldOf(const std::string& text) { return text.empty() ? Field::Empty() : Field::Value(text); }

  FieldId FieldNamed(const std::string& name) const {
    const auto field = FindField(operation_.kind, name);
    if (!field) throw Unfit{"a " + std::string(Name(operation_.kind)) + " has no field \"" + Printable(name) + "\""};
    return *field;
  }

  /// Before and after come apart in the file and are joined here: the kind need not come before its fields.
  void FinishOperation() {
    std::array<FieldChange, kMaxFields> changes;
    std::array<bool, kMaxFields> is_set{};
    const auto take = [&](const std::vector<std::pair<std::string, std::string>>& side, Field FieldChange::*part) {
      for (const auto& [name, text] : side) {
        const FieldId field = FieldNamed(name);
        changes[field].field = field;
        changes[field].*part = FieldOf(text);
        is_set[field] = true;
      }
    };
    take(before_, &FieldChange::before);
    take(after_, &FieldChange::after);
    for (std::size_t i = 0; i < kMaxFields; ++i) {
      if (is_set[i]) operation_.changes.push_back(std::move(changes[i]));
    }
    for (const auto& [name, text] : existing_)
      operation_.existing->fields.emplace_back(FieldNamed(name), FieldOf(text));
    operation_.groups = std::move(groups_);
    groups_.reset();
    ListAt(stack_.back().place).Add(operation_);
  }

  OperationList& ListAt(Place place) { return place == Place::kWaiting ? plan_.waiting : plan_.operations; }

  const std::uint32_t max_depth_;
  std::vector<Frame> stack_;
  Plan plan_;
  Operation operation_;
  std::vector<std::pair<std::string, std::string>> before_;
  std::vector<std::pair<std::string, std::string>> after_;
  std::vector<std::pair<std::string, std::string>> existing_;
  std::optional<GroupsChange> groups_;
};

}  // namespace

Plan ReadPlan(std::istream& in, const std::string& name, const ReadLimits& limits,
              const MakeSpillFile& make_spill_file) {
  const auto refuse = [&](std::uint64_t byte, const std::string& what) -> Failure {
    return {ExitCode::kStale, name + ": not a plan of this program, or altered since: " + what + " (byte " +
                                  std::to_string(byte) + "); make a new one with 'ucaas-sync plan --out'"};
  };
  std::unique_ptr<Input> input;
  try {
    input = std::make_unique<Input>(in, limits.max_bytes);
    PlanHandler handler(limits.max_depth, make_spill_file);
    rapidjson::Reader reader;
    // Iterative and validating: a file is as hostile as any other input.
    constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
    const rapidjson::ParseResult result = reader.Parse<kFlags>(*input, handler);
    if (result.IsError()) throw refuse(result.Offset(), rapidjson::GetParseError_En(result.Code()));
    // The parser takes a NUL for the end of its input.
    if (!input->is_at_end()) throw refuse(input->Tell(), "a NUL byte");
    if (!handler.is_done()) throw refuse(input->Tell(), "it is no object");
    if (in.bad()) throw refuse(input->Tell(), "it could not be read to its end");
    return handler.Take();
  } catch (const Unfit& unfit) {
    throw refuse(input ? input->Tell() : limits.max_bytes, unfit.what);
  }
}

}  // namespace ucaas_sync::plan
