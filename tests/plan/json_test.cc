// The plan's JSON: the bytes, the way back, the hash, and what is refused.
#include <doctest/doctest.h>
#include <rapidjson/stringbuffer.h>

#include <clocale>
#include <cstdlib>
#include <ctime>
#include <random>
#include <sstream>
#include <utility>

#include "daemon/model/problem.h"
#include "daemon/model/sha256.h"
#include "daemon/plan/plan_json.h"
#include "daemon/plan/plan_json_output.h"
#include "tests/plan/world.h"
#include "tests/support/spill_in_memory.h"

namespace ucaas_sync::plan {
namespace {

World Busy() {
  World world;
  world.Add(User("E17", {{"department", "Sales"}, {"status", "A"}}));
  world.Add(User("E18"));
  world.Add(Group("Sales", {{"shared", "true"}}));
  world.Add(Contact("C1", {"Sales"}));
  world.Sync();
  world.Get(Kind::kUser, "E17").fields["department"] = "Finance \"R&D\"\n\xE2\x82\xAC";
  world.Get(Kind::kUser, "E18").standing = Standing::kLeft;
  world.Get(Kind::kContact, "C1").groups.clear();
  world.Get(Kind::kGroup, "Sales").fields["shared"] = "false";
  world.Add(User("E20", {{"password", "hunter2"}, {"send_welcome_mail", "false"}}));
  Row bad = User("E99");
  bad.standing = Standing::kQuarantined;
  bad.reason = "e-mail missing";
  world.Add(bad);
  world.policy.guards = DefaultGuards();
  world.policy.guards.kinds[Index(Kind::kUser)].create.at_least = 0;
  return world;
}

std::string Refusal(const std::string& text, const ReadLimits& limits = {}) {
  std::istringstream in(text);
  try {
    ReadPlan(in, "plan.json", limits);
  } catch (const Failure& failure) {
    CHECK(failure.code() == ExitCode::kStale);
    return failure.what();
  }
  return "";
}

/// What a planner writes itself, while it hashes.
std::string WrittenWhileMade(World& world) {
  std::ostringstream out;
  world.file = [&out]() -> std::ostream& { return out; };
  const ucaas_sync::Plan plan = world.Plan().plan;
  world.file = {};
  CHECK(plan.hash == HashOfPlan(plan));
  return out.str();
}

constexpr const char* kEmptyPlan =
    R"({"plan_version":1,"id":"r1","created_at":"2026-11-01T00:00:00Z","hash":"a2b3d0d6c1d43aeaabc6aaf2f94b1a1c1ea6bd11f0b2ee21c1ac1a6a7d17ebd7","config_hash":"c0","state_version":17,"sources":[],"summary":{"user":{"create":0,"adopt":0,"update":0,"suspend":0,"reactivate":0,"delete":0,"unchanged":3},"group":{"create":0,"adopt":0,"update":0,"suspend":0,"reactivate":0,"delete":0,"unchanged":0},"contact":{"create":0,"adopt":0,"update":0,"suspend":0,"reactivate":0,"delete":0,"unchanged":0}},"guards":[{"name":"user.suspend","limit":60,"actual":0,"held":false}],"held":false,"operations":[
{"seq":1,"kind":"user","action":"update","key":"E17","remote_id":"70012","before":{"department":"Sales"},"after":{"department":"Finance"},"reason":"department changed","source":{"name":"hr","line":18}}],"quarantine":[
{"kind":"user","key":"E99","reason":"e-mail missing","new":true,"source":{"name":"hr","line":101}}]}
)";

TEST_CASE("the bytes are those of the contract, and reading and writing gives them again") {
  std::istringstream in(kEmptyPlan);
  const ucaas_sync::Plan plan = ReadPlan(in, "plan.json");
  CHECK(plan.state_version == 17);
  CHECK(plan.operations.At(0).changes.at(0).after == Field::Value("Finance"));
  CHECK(AsJson(plan) == kEmptyPlan);
}

TEST_CASE("a busy plan survives the round trip, but for passwords and rows") {
  World world = Busy();
  const ucaas_sync::Plan plan = world.Plan().plan;
  CHECK(plan.held);
  const std::string json = AsJson(plan);
  CHECK_FALSE(Contains(json, "hunter2"));
  CHECK(Contains(json, R"("send_welcome_mail":false)"));
  CHECK(Contains(json, R"("before":{"groups":["Sales"]},"after":{"groups":[]})"));
  std::istringstream in(json);
  const ucaas_sync::Plan back = ReadPlan(in, "plan.json");
  CHECK(AsJson(back) == json);
  CHECK(VerifyHash(back));
  CHECK(back.guards == plan.guards);
  CHECK(back.quarantine == plan.quarantine);
  CHECK(back.sources == plan.sources);
  REQUIRE(back.operations.size() == plan.operations.size());
  for (std::size_t i = 0; i < back.operations.size(); ++i) {
    Operation expected = plan.operations.At(i);
    expected.entity_id = 0;
    std::erase_if(expected.changes, [&](const FieldChange& change) {
      return expected.kind == Kind::kUser && change.field == kUserPassword;
    });
    CHECK(back.operations.At(i) == expected);
  }
}

TEST_CASE("text is written as RapidJSON writes it by itself, whatever is in it and wherever it stands") {
  std::mt19937 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::size_t left = random() % 40; left > 0; --left) {
      // Mostly plain, so that runs of every length come up; else any byte.
      text += static_cast<char>(random() % 8 == 0 ? random() % 256 : 'a' + random() % 26);
    }
    Output output;
    rapidjson::Writer<Output>(output).String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    rapidjson::StringBuffer plain;
    rapidjson::Writer<rapidjson::StringBuffer>(plain).String(text.data(),
                                                             static_cast<rapidjson::SizeType>(text.size()));
    REQUIRE(output.text() == std::string_view(plain.GetString(), plain.GetSize()));
  }
}

TEST_CASE("a plan that does not fit in memory is the same plan, from a file too") {
  World world;
  world.policy.guards = WideGuards();
  std::mt19937 random(7);
  const auto note = [&] { return std::string(2'500, static_cast<char>('a' + random() % 26)); };
  for (int i = 0; i < 4'000; ++i) {
    const std::string key = 'E' + std::to_string(random());
    world.Add(User(key, {{"email", key + "@example.com"}, {"designation", note()}}));
  }
  for (int round = 0; round < 2; ++round) {  // creates, then updates
    const std::string expected = AsJson(world.Plan().plan);
    REQUIRE(world.Plan().plan.operations.size() > 3'500);  // a few notes are the same again
    CHECK(WrittenWhileMade(world) == expected);
    testing::SpillInMemory spill;
    world.make_spill_file = spill.maker();
    const Planner::Result spilled = world.Plan();
    // Of the candidates, of the drafts that are no creates, and of the operations.
    CHECK(spill.files() == (round == 0 ? 2 : 3));
    CHECK(AsJson(spilled.plan) == expected);

    testing::SpillInMemory of_file;
    std::istringstream in(expected);
    const ucaas_sync::Plan back = ReadPlan(in, "plan.json", {}, of_file.maker());
    CHECK(of_file.files() == 1);
    CHECK(VerifyHash(back));

    world.Sync();
    for (Row& row : world.rows) row.fields["designation"] = note();
    world.make_spill_file = {};
  }
}

TEST_CASE("a plan that is written while it is hashed has the bytes and the hash that it has otherwise") {
  World world = Busy();
  CHECK(WrittenWhileMade(world) == AsJson(world.Plan().plan));
  World nobody;
  CHECK(WrittenWhileMade(nobody) == AsJson(nobody.Plan().plan));

  // Behind what stands there already, and whatever its hash was before.
  ucaas_sync::Plan plan = world.Plan().plan;
  const std::string expected = AsJson(plan);
  plan.hash = "none";
  std::ostringstream out;
  out << "before\n";
  SealPlan(plan, out);
  out << "behind\n";
  CHECK(out.str() == "before\n" + expected + "behind\n");
  CHECK(VerifyHash(plan));
}

TEST_CASE("a plan gets its hash also where nothing can be written") {
  ucaas_sync::Plan plan = Busy().Plan().plan;
  const std::string expected = std::exchange(plan.hash, "");
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  SealPlan(plan, out);
  CHECK(plan.hash == expected);
  CHECK(out.str().empty());
}

TEST_CASE("the hash covers everything but id and creation time") {
  World world = Busy();
  ucaas_sync::Plan plan = world.Plan().plan;
  CHECK(VerifyHash(plan));
  plan.id = "other";
  plan.created_at += std::chrono::hours(1);
  CHECK(VerifyHash(plan));
  plan.quarantine[0].reason += '!';
  CHECK_FALSE(VerifyHash(plan));
  std::string json = AsJson(world.Plan().plan);
  json.replace(json.find("hr.csv"), 6, "hs.csv");
  std::istringstream in(json);
  CHECK_FALSE(VerifyHash(ReadPlan(in, "plan.json")));
}

TEST_CASE("the hash is the SHA-256 of the plan's text without its first members, however long it is") {
  for (const std::size_t people : {std::size_t{3}, std::size_t{4'000}, std::size_t{9'000}}) {
    CAPTURE(people);
    World world;
    for (std::size_t i = 0; i < people; ++i) {
      world.Add(User("E" + std::to_string(i), {{"department", std::string(100 + i % 90, 'd')}}));
    }
    const ucaas_sync::Plan plan = world.Plan().plan;
    REQUIRE(plan.operations.size() == people);
    std::string text = AsJson(plan);
    const std::size_t id = text.find(R"("id":)");
    text.erase(id, text.find(R"("config_hash":)") - id);
    CHECK(text.size() > people * 300);
    CHECK(plan.hash == Sha256Hex(text));
  }
}

TEST_CASE("the same bytes in every locale and time zone, and in any order of the source") {
  World world = Busy();
  const std::string expected = AsJson(world.Plan().plan);
  const char* zone = std::getenv("TZ");
  const std::string kept = zone == nullptr ? "" : zone;
  for (const char* name : {"Pacific/Kiritimati", "America/St_Johns"}) {
    setenv("TZ", name, 1);
    tzset();
    for (const char* locale : {"C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8"}) {
      std::setlocale(LC_ALL, locale);  // one that is not installed leaves the last
      CHECK(AsJson(world.Plan().plan) == expected);
    }
  }
  std::setlocale(LC_ALL, "C");
  if (zone == nullptr) {
    unsetenv("TZ");
  } else {
    setenv("TZ", kept.c_str(), 1);
  }
  tzset();
  std::reverse(world.rows.begin(), world.rows.end());
  CHECK(AsJson(world.Plan().plan) == expected);
}

TEST_CASE("what is not our plan is refused with file, byte and what to do") {
  CHECK(Contains(Refusal(""), "plan.json: not a plan of this program"));
  CHECK(Contains(Refusal("{"), "ucaas-sync plan --out"));
  CHECK(Contains(Refusal("[]"), "a list was not expected"));
  CHECK(Contains(Refusal("{}"), "\"plan_version\" is missing"));
  CHECK(Contains(Refusal(R"({"plan_version":2)"), "another version"));
  CHECK(Contains(Refusal(R"({"plan_version":1,"plan_version":1})"), "twice"));
  CHECK(Contains(Refusal(R"({"surprise":1})"), "\"surprise\" is not known here"));
  CHECK(Contains(Refusal(R"({"state_version":-1})"), "negative"));
  CHECK(Contains(Refusal(std::string(kEmptyPlan).substr(0, 700)), "byte"));
  std::string unnumbered = kEmptyPlan;
  unnumbered.replace(unnumbered.find("\"seq\":1"), 7, "\"seq\":2");
  CHECK(Contains(Refusal(unnumbered), "numbered"));
  CHECK(Contains(Refusal(std::string("{\"id\":\"\xFF\"}")), "byte"));
  CHECK(Contains(Refusal(R"({"id":"\udc00"})"), "half a surrogate pair"));
  CHECK(Contains(Refusal(R"({"\udc00":1})"), "half a surrogate pair"));
}

TEST_CASE("nothing hides behind a NUL byte") {
  CHECK(Contains(Refusal(kEmptyPlan + std::string("\0{}", 3)), "a NUL byte"));
  CHECK(Contains(Refusal(kEmptyPlan + std::string("\0", 1)), "a NUL byte"));
  CHECK(Refusal(kEmptyPlan + std::string(" \n")).empty());
}

TEST_CASE("ten thousand levels and too many bytes are refused, not followed") {
  CHECK(Contains(Refusal(R"({"sources":)" + std::string(10'000, '[')), "not expected"));
  CHECK(Contains(Refusal(std::string(100'000, ' '), {.max_bytes = 1000}), "larger than 1,000 bytes"));
}

}  // namespace
}  // namespace ucaas_sync::plan
