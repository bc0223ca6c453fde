// How one object is looked up: by its id, and by its address where that says nothing.
#include "daemon/run/lookup.h"

#include <doctest/doctest.h>

#include <vector>

#include "tests/run/leftovers_scene.h"

namespace ucaas_sync::run {
namespace {

LookedUp LookUpOne(Scene& scene, const std::string& remote_id) {
  StoredEntity entity = state::User("E1");
  entity.remote_id = remote_id;
  entity.fields[kUserEmail] = Field::Value("e1@example.com");
  LookedUp found;
  scene.Ask([&](apply::Caller& caller) { found = LookUp(caller, {entity}).front(); });
  return found;
}

}  // namespace

TEST_CASE("an object that is shown in place of the one that was asked for is not taken for it") {
  Scene scene;
  const std::string other = scene.target.Add(Kind::kUser, {{"email", "other@example.com"}, {"status", "A"}});
  const std::string own = scene.Create();
  HttpReply wrong;
  wrong.status = 200;
  wrong.body = R"({"result":1,"user":{"user_id":")" + other + R"(","email":"other@example.com","status":"S"}})";
  scene.target.faults = {{.request = "GET users/" + own, .reply = wrong}};
  const LookedUp there = LookUpOne(scene, own);
  CHECK(there.presence == Presence::kThere);
  CHECK(there.object.remote_id == own);
  scene.target.faults = {{.request = "GET users/4711", .reply = wrong}};
  scene.target.objects[Kind::kUser].pop_back();
  CHECK(LookUpOne(scene, "4711").presence == Presence::kGone);
}

TEST_CASE("where the target says not found of its list too, nobody is gone") {
  for (const std::string address : {"e1@example.com", ""}) {
    CAPTURE(address);
    Scene scene;
    const auto look_up = [&] {
      StoredEntity entity = state::User("E1");
      entity.remote_id = "4711";
      entity.fields[kUserEmail] = Field::Value(address);
      LookedUp found;
      scene.Ask([&](apply::Caller& caller) { found = LookUp(caller, {entity}).front(); });
      return found.presence;
    };
    CHECK(look_up() == Presence::kGone);
    HttpReply nothing;
    nothing.status = 404;
    scene.target.faults = {{.request = "GET users", .reply = nothing, .times = 1000}};
    CHECK(look_up() == Presence::kUnknown);
  }
}

}  // namespace ucaas_sync::run
