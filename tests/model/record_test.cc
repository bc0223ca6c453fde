// Records and operations as they are kept in memory: what goes in comes out.
#include "daemon/model/record.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/operation.h"

namespace ucaas_sync {
namespace {

TEST_CASE("attributes are told apart without ASCII case, and keep their first spelling") {
  AttributeTable table = AttributeTable::Selected();
  const Slot mail = table.Need("Mail");
  CHECK(table.Need("MAIL") == mail);
  CHECK(table.Find("mail") == mail);
  CHECK(table.NameOf(mail) == "Mail");
  CHECK(table.Need("mail;lang-de") != mail);
  CHECK(table.Find("phone") == kNoSlot);
  CHECK(table.size() == 2);
}

TEST_CASE("a table of everything keeps what it is asked for") {
  AttributeTable table = AttributeTable::Everything();
  const Slot phone = table.Find("Phone");
  CHECK(phone != kNoSlot);
  CHECK(table.Find("PHONE") == phone);
  CHECK(table.Find("") != phone);
  CHECK(table.size() == 2);
}

TEST_CASE("values of one attribute stay in the order of the file, and an empty value is not an absent one") {
  Record record;
  record.Add(5, "first");
  record.Add(2, "");
  record.Add(5, "second");
  record.Add(5, "third");
  CHECK(record.First(5) == "first");
  CHECK(record.Has(2));
  CHECK(record.First(2).empty());
  CHECK_FALSE(record.Has(3));
  CHECK_FALSE(record.Has(99));
  CHECK(record.First(99).empty());
  std::string all;
  record.ForEach(5, [&all](std::string_view value) { all.append(value).append(" "); });
  CHECK(all == "first second third ");
  record.ForEach(kNoSlot, [](std::string_view) { FAIL("nobody has no slot"); });
}

TEST_CASE("a record filled again and again forgets the one before") {
  std::mt19937 random(5);
  Record record;
  const std::vector<std::string> words{"a", "b", "c", ""};
  for (int round = 0; round < 2'000; ++round) {
    record.Clear();
    REQUIRE(record.cells().empty());
    REQUIRE(record.line == 0);
    std::map<Slot, std::vector<std::string_view>> model;
    for (std::size_t left = random() % 12; left > 0; --left) {
      const auto slot = static_cast<Slot>(random() % 9);
      const std::string_view word = words[random() % words.size()];
      record.Add(slot, word);
      model[slot].push_back(word);
    }
    record.line = static_cast<std::uint64_t>(round) + 1;
    for (Slot slot = 0; slot < 12; ++slot) {
      std::vector<std::string_view> values;
      record.ForEach(slot, [&values](std::string_view value) { values.push_back(value); });
      REQUIRE(values == model[slot]);
      REQUIRE(record.Has(slot) == !values.empty());
    }
  }
}

Operation RandomOperation(std::mt19937& random) {
  const auto text = [&random] {
    static constexpr std::size_t kLengths[] = {0, 1, 5, 127, 128, 300};
    std::string out(kLengths[random() % std::size(kLengths)], 'x');
    for (char& c : out) c = static_cast<char>(random() % 256);
    return out;
  };
  const auto number = [&random] {
    static constexpr std::uint64_t kNumbers[] = {0, 1, 127, 128, 16'384, std::numeric_limits<std::uint64_t>::max()};
    return kNumbers[random() % std::size(kNumbers)];
  };
  const auto field = [&] {
    const auto state = static_cast<FieldState>(random() % 4);
    return Field(state, state == FieldState::kValue ? text() : std::string());
  };
  Operation operation;
  operation.kind = kAllKinds[random() % kKindCount];
  operation.action = kAllActions[random() % kActionCount];
  operation.key = text();
  operation.remote_id = text();
  operation.entity_id = static_cast<std::int64_t>(number());
  for (std::size_t i = random() % 4; i > 0; --i) {
    operation.changes.push_back({.field = static_cast<FieldId>(i), .before = field(), .after = field()});
  }
  if (random() % 2 == 0) {
    operation.groups.emplace();
    for (std::size_t i = random() % 3; i > 0; --i) operation.groups->before.push_back(text());
    for (std::size_t i = random() % 3; i > 0; --i) operation.groups->after.push_back(text());
  }
  operation.reason = text();
  operation.source = {.name = text(), .line = number(), .dn = text()};
  operation.fingerprint = {.high = number(), .low = number()};
  return operation;
}

TEST_CASE("packed operations come out as they went in, in any order of asking, also from a copy") {
  std::mt19937 random(17);
  std::vector<Operation> model;
  OperationList list;
  CHECK(list.empty());
  for (std::size_t i = 0; i < 500; ++i) {
    Operation operation = RandomOperation(random);
    operation.seq = 4711;  // the list numbers by itself
    list.Add(operation);
    operation.seq = i + 1;
    model.push_back(std::move(operation));
  }
  const OperationList copy = list;
  list.Add(RandomOperation(random));
  REQUIRE(copy.size() == model.size());
  for (int i = 0; i < 2'000; ++i) {
    const std::size_t index = random() % model.size();
    REQUIRE(copy.At(index) == model[index]);
    REQUIRE(list.At(index) == model[index]);
  }
  std::size_t next = 0;
  copy.ForEach([&](const Operation& operation) { REQUIRE(operation == model[next++]); });
  CHECK(next == model.size());
  CHECK_THROWS_AS(copy.At(model.size()), std::out_of_range);
}

TEST_CASE("a create that is packed from views comes out as the operation that it is") {
  std::mt19937 random(19);
  OperationList list;
  std::vector<Operation> model;
  for (std::size_t i = 0; i < 500; ++i) {
    const Operation texts = RandomOperation(random);  // of which the views are
    CreateView view{.kind = texts.kind,
                    .key = texts.key,
                    .entity_id = static_cast<std::int64_t>(random() % 3),
                    .fields = {},
                    .reason = texts.reason,
                    .source = texts.source.name,
                    .line = texts.source.line,
                    .dn = texts.source.dn,
                    .fingerprint = texts.fingerprint};
    for (const FieldChange& change : texts.changes) view.fields[change.field] = change.after.view();
    list.AddCreate(view);
    Operation operation = Own(view);
    CHECK(operation.action == Action::kCreate);
    CHECK(operation.key == texts.key);
    CHECK(operation.source == texts.source);
    for (const FieldChange& change : operation.changes) {
      CHECK(change.before == Field());
      CHECK(change.after.view() == view.fields[change.field]);
      CHECK(change.after.state == FieldState::kValue);
    }
    operation.seq = i + 1;
    model.push_back(std::move(operation));
  }
  for (std::size_t i = 0; i < model.size(); ++i) REQUIRE(list.At(i) == model[i]);
}

TEST_CASE("the change of a field is found, and only if there is one") {
  Operation operation;
  operation.changes.push_back({.field = kUserDepartment, .before = Field::Empty(), .after = Field::Value("R&D")});
  REQUIRE(FindChange(operation, kUserDepartment) != nullptr);
  CHECK(FindChange(operation, kUserDepartment)->after == Field::Value("R&D"));
  CHECK(FindChange(operation, kUserStatus) == nullptr);
}

TEST_CASE("a set of fields and its view say the same") {
  FieldSet fields;
  fields[kUserDepartment] = Field::Value("R&D");
  fields[kUserStatus] = Field::Empty();
  fields[kUserMiddleName] = Field(FieldState::kUnknown, {});
  CHECK(Own(View(fields)) == fields);
}

}  // namespace
}  // namespace ucaas_sync
