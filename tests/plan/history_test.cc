// Random histories: whatever happens to a company, a plan that was taken leaves nothing to do, nobody is touched for
// nothing, and a person who left is never active.
#include <doctest/doctest.h>

#include <random>

#include "tests/plan/world.h"

namespace ucaas_sync::plan {
namespace {

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    world_.policy.rules[0].delete_after = std::chrono::hours(24 * 5);
    for (const std::string name : {"Sales", "Finance", "Ops"}) world_.Add(Group(name));
    for (int i = 0; i < 12; ++i) Join();
  }

  void Day() {
    for (std::uint64_t i = Pick(4); i > 0; --i) Happen();
    world_.bad_rows.clear();
    if (Pick(6) == 0) world_.bad_rows.push_back({.line = 99, .values = {"garbage"}});
    const bool whole = Pick(8) != 0;
    world_.snapshots[0].incomplete.reset();
    if (!whole) world_.snapshots[0].incomplete.emplace().what = "ends inside a row";
    const auto result = world_.Sync();
    const auto again = world_.Plan();
    const std::vector<std::string> left = Lines(again.plan);
    CHECK((left.empty() ? std::string() : left.front()) == "");
    CHECK(again.notes.fingerprints.empty());
    if (!whole) CHECK(result.plan.operations.empty());
    CheckLeavers(whole);
    world_.Pass(std::chrono::hours(13));
  }

 private:
  std::uint64_t Pick(std::uint64_t below) { return random_() % below; }

  void Join() {
    const std::string key = "E" + std::to_string(++last_key_);
    world_.Add(User(key, {{"department", Department()}}));
    world_.Add(Contact(key, {Department()}));
  }

  std::string Department() { return std::vector<std::string>{"Sales", "Finance", "Ops"}[Pick(3)]; }

  void Happen() {
    if (Pick(4) == 0) return Join();
    if (Pick(6) == 0 && !away_.empty()) {
      for (Row& row : away_.back()) world_.rows.push_back(row);
      away_.pop_back();
      return;
    }
    std::vector<std::string> keys;
    for (const Row& row : world_.rows) {
      if (row.kind == Kind::kUser) keys.push_back(row.key);
    }
    if (keys.empty()) return;
    const std::string key = keys[Pick(keys.size())];
    Row& user = world_.Get(Kind::kUser, key);
    Row& contact = world_.Get(Kind::kContact, key);
    switch (Pick(6)) {
      case 0:
        user.fields["department"] = Department();
        contact.groups = {Department()};
        return;
      case 1:
        user.fields["last_name"] = "Married" + std::to_string(Pick(1000));
        return;
      case 2:
        user.fields["email"] = contact.fields["email"] = "new" + std::to_string(++last_mail_) + "@example.com";
        return;
      case 3:
        user.standing = contact.standing = user.standing == Standing::kLeft ? Standing::kPresent : Standing::kLeft;
        return;
      case 4:
        user.fields["status"] = Pick(2) == 0 ? "S" : "A";
        return;
      default:
        away_.push_back({user, contact});
        world_.Remove(Kind::kUser, key);
        world_.Remove(Kind::kContact, key);
        return;
    }
  }

  void CheckLeavers(bool whole) {
    if (!whole) return;
    for (const auto& [id, row] : world_.state.rows) {
      for (const Row& record : world_.rows) {
        if (record.kind != row.entity.kind || record.key != row.entity.key) continue;
        if (record.standing == Standing::kLeft) CHECK(row.entity.lifecycle != Lifecycle::kActive);
        const bool inactive = record.fields.contains("status") && record.fields.at("status") == "S";
        if (record.standing == Standing::kPresent && !inactive) CHECK(row.entity.lifecycle == Lifecycle::kActive);
      }
    }
  }

  std::mt19937_64 random_;
  World world_;
  std::vector<std::vector<Row>> away_;
  int last_key_ = 0;
  int last_mail_ = 0;
};

TEST_CASE("after any random history, a plan that was taken leaves nothing to do") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    History history(seed);
    for (int day = 0; day < 30; ++day) history.Day();
  }
}

}  // namespace
}  // namespace ucaas_sync::plan
