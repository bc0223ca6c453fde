// The typed calls: what goes out, and what is made of what comes back.
#include "connectors/ucaas/client.h"

#include <doctest/doctest.h>

#include "connectors/ucaas/curl_transport.h"
#include "tests/connectors/ucaas/exchange.h"
#include "tests/connectors/ucaas/fake_transport.h"
#include "tests/support/scripted_server.h"

namespace ucaas_sync::ucaas {
namespace {

struct Fixture {
  FakeTransport transport;
  Client client{transport, Routes::BuiltIn(), Codes::BuiltIn(), 100};

  CallResult Do(const Call& call, int status, const std::string& body) {
    transport.WillAnswer(status, body);
    const CallId id = client.Start(call);
    auto results = client.Wait({});
    REQUIRE(results.size() == 1);
    CHECK(results[0].id == id);
    CHECK(client.InFlight() == 0);
    return std::move(results[0]);
  }
  const HttpRequest& sent() const { return transport.requests.back(); }
};

Call CallOf(Verb verb, Kind kind) {
  Call call;
  call.verb = verb;
  call.kind = kind;
  return call;
}

TEST_CASE("a create sends what is given and nothing else, and keeps the new id as text") {
  Fixture f;
  Call call = CallOf(Verb::kCreate, Kind::kUser);
  call.fields = {{kUserTypeField, Field::Value("moderator")},
                 {kUserFirstName, Field::Value("Zo\xC3\xAB")},
                 {kUserMiddleName, Field::Empty()},
                 {kUserDepartment, {FieldState::kUnknown, "x"}},
                 {kUserSendWelcomeMail, Field::Value("false")}};
  const CallResult result =
      f.Do(call, 200, R"({"result":"1","user":{"user_id":9007199254740993,"name":"Zoe"},"msg":"added"})");
  CHECK(f.sent().method == "POST");
  CHECK(f.sent().path == "users");
  CHECK(f.sent().body == "{\"user_type\":\"moderator\",\"first_name\":\"Zo\xC3\xAB\",\"send_welcome_mail\":false}");
  CHECK(result.verdict == Verdict::kOk);
  CHECK(result.remote_id == "9007199254740993");
  CHECK(result.result == "1");
  CHECK(result.message == "added");
  CHECK(result.http_status == 200);
}

TEST_CASE("an update clears what is empty, and sends booleans and memberships in their types") {
  Fixture f;
  Call call = CallOf(Verb::kUpdate, Kind::kContact);
  call.remote_id = "5f/1";
  call.fields = {{kContactCompany, Field::Empty()}, {kContactShared, Field::Value("true")}};
  call.group_ids = std::vector<std::string>{"g1", "70"};
  const CallResult result = f.Do(call, 200, R"({"result":1})");
  CHECK(f.sent().method == "PATCH");
  CHECK(f.sent().path == "contacts/5f%2F1");
  CHECK(f.sent().body == R"({"company":"","shared":true,"group_ids":["g1","70"]})");
  CHECK(result.verdict == Verdict::kOk);
  CHECK(result.remote_id == "5f/1");
}

TEST_CASE("an empty membership is sent as an empty list, an absent one not at all") {
  Fixture f;
  Call call = CallOf(Verb::kUpdate, Kind::kContact);
  call.remote_id = "c";
  call.group_ids.emplace();
  f.Do(call, 200, R"({"result":1})");
  CHECK(f.sent().body == R"({"group_ids":[]})");

  Call group = CallOf(Verb::kUpdate, Kind::kGroup);
  group.remote_id = "g";
  group.contact_ids = std::vector<std::string>{"c1"};
  f.Do(group, 200, R"({"result":1})");
  CHECK(f.sent().path == "groups/g");
  CHECK(f.sent().body == R"({"contact_ids":["c1"]})");
}

TEST_CASE("a delete has no body, and 204 without one is success") {
  Fixture f;
  Call call = CallOf(Verb::kDelete, Kind::kGroup);
  call.remote_id = "g1";
  CHECK(f.Do(call, 204, "").verdict == Verdict::kOk);
  CHECK(f.sent().method == "DELETE");
  CHECK(f.sent().path == "groups/g1");
  CHECK(f.sent().body.empty());
  CHECK(f.Do(call, 404, R"({"result":404,"msg":"No group"})").verdict == Verdict::kMissing);
  CHECK(f.Do(call, 404, "<html>nginx</html>").verdict == Verdict::kRetry);
}

TEST_CASE("a call that would address a whole collection is never sent") {
  for (const Verb verb : {Verb::kDelete, Verb::kUpdate, Verb::kGet}) {
    Fixture f;
    const CallId id = f.client.Start(CallOf(verb, Kind::kUser));
    CHECK(f.client.InFlight() == 1);
    const auto results = f.client.Wait({});
    REQUIRE(results.size() == 1);
    CHECK(results[0].id == id);
    CHECK(results[0].verdict == Verdict::kInvalid);
    CHECK(results[0].message == "the user has no id at the target, so it cannot be addressed");
    CHECK(f.transport.requests.empty());
    CHECK(f.client.InFlight() == 0);
  }
}

TEST_CASE("a boolean that is none and an empty look-up are never sent") {
  Fixture f;
  Call call = CallOf(Verb::kCreate, Kind::kContact);
  call.fields = {{kContactShared, Field::Value("maybe")}};
  f.client.Start(call);
  Call find = CallOf(Verb::kFind, Kind::kUser);
  find.address = "  ";
  f.client.Start(find);
  const auto results = f.client.Wait({});
  REQUIRE(results.size() == 2);
  CHECK(results[0].message == "shared must be true or false, not maybe");
  CHECK(results[1].verdict == Verdict::kInvalid);
  CHECK(f.transport.requests.empty());
}

TEST_CASE("a create that says success without an id is unknown, so it is looked up") {
  Fixture f;
  const Call call = CallOf(Verb::kCreate, Kind::kUser);
  for (const char* body : {R"({"result":1})", R"({"result":1,"user":{}})", R"({"result":1,"user":{"user_id":""}})",
                           R"({"result":1,"user":{"user_id":null}})"}) {
    CAPTURE(std::string(body));
    const CallResult result = f.Do(call, 200, body);
    CHECK(result.verdict == Verdict::kUnknown);
    CHECK(result.message == "the reply does not say which id the new user has");
  }
  CHECK(f.Do(call, 204, "").verdict == Verdict::kUnknown);
  CHECK(f.Do(call, 200, "").verdict == Verdict::kUnknown);
  CHECK(f.Do(call, 200, "<html>").verdict == Verdict::kUnknown);
  CHECK(f.Do(call, 200, R"({"user":{"user_id":5}})").verdict == Verdict::kOk);
}

TEST_CASE("a list asks for its page and reads every object in it") {
  Fixture f;
  Call call = CallOf(Verb::kList, Kind::kUser);
  call.page = 3;
  const CallResult result = f.Do(call, 200, R"({"result":1,"search":{"page":3},"users":[
      {"user_id":1,"email":"a@x","first_name":"A","department":"","designation":null,"status":"A","password":"leak"},
      {"id":"2","email":"b@x","name":"B B","status":{"odd":1}}]})");
  CHECK(f.sent().method == "GET");
  CHECK(f.sent().path == "users?page=3&page_length=100");
  CHECK(f.sent().body.empty());
  CHECK(result.verdict == Verdict::kOk);
  CHECK(result.on_page == 2);
  REQUIRE(result.objects.size() == 2);
  const RemoteObject& first = result.objects[0];
  CHECK(first.remote_id == "1");
  CHECK(first.fields[kUserEmail] == Field::Value("a@x"));
  CHECK(first.fields[kUserDepartment] == Field::Empty());
  CHECK(first.fields[kUserDesignation] == Field::Empty());
  CHECK(first.fields[kUserLastName] == Field());
  CHECK(first.fields[kUserPassword] == Field());
  CHECK_FALSE(first.has_group_ids);
  CHECK(result.objects[1].remote_id == "2");
  CHECK(result.objects[1].fields[kUserStatus] == Field());
}

TEST_CASE("a list that cannot be the whole page is no list") {
  Fixture f;
  const Call call = CallOf(Verb::kList, Kind::kUser);
  for (const char* body :
       {R"({"result":1})", R"({"result":1,"users":"none"})", R"({"result":1,"users":[{"user_id":1},{"email":"b@x"}]})",
        R"({"result":1,"users":[{"user_id":1},7]})", R"({"result":1,"users":[{"user_id":1})", "<html>", ""}) {
    CAPTURE(std::string(body));
    const CallResult result = f.Do(call, 200, body);
    CHECK(result.verdict == Verdict::kRetry);
    CHECK(result.objects.empty());
    CHECK_FALSE(result.message.empty());
  }
  CHECK(f.Do(call, 200, R"({"result":1,"users":[]})").verdict == Verdict::kOk);
}

TEST_CASE("contacts show their groups as ids or as objects, and unknown is not the same as none") {
  Fixture f;
  const CallResult result = f.Do(CallOf(Verb::kList, Kind::kContact), 200, R"({"result":1,"contacts":[
      {"contact_id":"a","group_ids":["g1",2],"shared":"1"},
      {"contact_id":"b","groups":[{"group_id":"g1","name":"One"},{"id":3}],"shared":false},
      {"contact_id":"c","group_ids":[]}, {"contact_id":"d"}, {"contact_id":"e","groups":null},
      {"contact_id":"f","groups":[{"name":"no id"}]}]})");
  REQUIRE(result.objects.size() == 6);
  CHECK(result.objects[0].group_ids == std::vector<std::string>{"g1", "2"});
  CHECK(result.objects[0].fields[kContactShared] == Field::Value("true"));
  CHECK(result.objects[1].group_ids == std::vector<std::string>{"g1", "3"});
  CHECK(result.objects[1].fields[kContactShared] == Field::Value("false"));
  CHECK(result.objects[2].has_group_ids);
  CHECK_FALSE(result.objects[3].has_group_ids);
  CHECK(result.objects[4].has_group_ids);
  CHECK_FALSE(result.objects[5].has_group_ids);
}

TEST_CASE("a group's name may be called group_name") {
  Fixture f;
  const CallResult result =
      f.Do(CallOf(Verb::kList, Kind::kGroup), 200, R"({"result":1,"groups":[{"group_id":"g","group_name":"Sales"}]})");
  REQUIRE(result.objects.size() == 1);
  CHECK(result.objects[0].fields[kGroupName] == Field::Value("Sales"));
}

TEST_CASE("a look-up keeps exact matches only, ignoring case") {
  Fixture f;
  Call call = CallOf(Verb::kFind, Kind::kUser);
  call.address = " Anna+1@Example.com ";
  const CallResult result = f.Do(call, 200, R"({"result":1,"users":[
      {"user_id":1,"email":"joanna+1@example.com"},{"user_id":2,"email":"ANNA+1@example.COM "},
      {"user_id":3,"email":"anna+1@example.com.org"},{"user_id":4}]})");
  CHECK(f.sent().path == "users?search_by=email&search_string=Anna%2B1%40Example.com&page=1&page_length=100");
  CHECK(result.on_page == 4);
  REQUIRE(result.objects.size() == 1);
  CHECK(result.objects[0].remote_id == "2");
  CHECK_FALSE(result.may_have_more);
}

TEST_CASE("a look-up says when the answer may be on the next page") {
  Fixture f;
  Call call = CallOf(Verb::kFind, Kind::kGroup);
  call.address = "Sales";
  CHECK(f.Do(call, 200, R"({"result":1,"groups":[]})").may_have_more == false);
  CHECK(f.sent().path == "groups?search_by=name&search_string=Sales&page=1&page_length=100");
  CHECK(f.Do(call, 200, R"({"result":1,"groups":[{"group_id":1,"name":"Presales"}]})").may_have_more);
  CHECK(f.Do(call, 200, R"({"result":1,"search":{"page_length":1},"groups":[{"group_id":1,"name":"sales"}]})")
            .may_have_more);
}

TEST_CASE("get shows one object, and a reply without one is no answer") {
  Fixture f;
  Call call = CallOf(Verb::kGet, Kind::kUser);
  call.remote_id = "7";
  const CallResult result = f.Do(call, 200, R"({"result":1,"data":[{"user_id":"7","email":"a@x"}]})");
  CHECK(f.sent().path == "users/7");
  REQUIRE(result.objects.size() == 1);
  CHECK(result.remote_id == "7");
  CHECK(f.Do(call, 200, R"({"result":1})").verdict == Verdict::kRetry);
}

TEST_CASE("an error says what the target said, in one line and without our secrets") {
  Fixture f;
  Call call = CallOf(Verb::kCreate, Kind::kUser);
  call.fields = {{kUserPassword, Field::Value("hunter2!")}};
  const CallResult invalid =
      f.Do(call, 406, R"({"result":406,"msg":"Validation\nfailed","desc":"password hunter2! is too short"})");
  CHECK(invalid.verdict == Verdict::kInvalid);
  CHECK(invalid.message == "Validation failed: password [secret] is too short");
  CHECK(f.Do(call, 502, "<html><h1>Bad Gateway</h1></html>").message ==
        "HTTP 502 with a web page instead of JSON: Bad Gateway");
  CHECK(f.Do(call, 500, "").message == "HTTP 500 with an empty body");
  CHECK(f.Do(call, 200, "Warning: hunter2!").message ==
        "HTTP 200 with a body that is not the API's: Warning: [secret]");
  CHECK(f.Do(call, 200, R"({"result":7})").message == "result 7 without a message");
  CHECK(f.Do(call, 302, "").message ==
        "HTTP 302: the target redirects, which is never followed; check target.base_url");
  CHECK(f.Do(call, 429, R"({"error_code":"RATE_LIMITED"})").message == "RATE_LIMITED");
}

TEST_CASE("the transport's failure is the call's, with its text") {
  Fixture f;
  f.transport.WillFail(TransportOutcome::kTimeout, "api.example: no reply");
  f.client.Start(CallOf(Verb::kCreate, Kind::kUser));
  const auto results = f.client.Wait({});
  REQUIRE(results.size() == 1);
  CHECK(results[0].verdict == Verdict::kUnknown);
  CHECK(results[0].transport == TransportOutcome::kTimeout);
  CHECK(results[0].message == "api.example: no reply");
}

TEST_CASE("calls in flight keep their own identity, whichever ends first") {
  Fixture f;
  Call first = CallOf(Verb::kDelete, Kind::kUser);
  first.remote_id = "1";
  Call second = CallOf(Verb::kDelete, Kind::kUser);
  second.remote_id = "2";
  const CallId a = f.client.Start(first);
  const CallId b = f.client.Start(second);
  CHECK(a != b);
  CHECK(f.client.InFlight() == 2);
  f.transport.WillAnswer(200, R"({"result":1})");
  auto results = f.client.Wait({});
  REQUIRE(results.size() == 1);
  CHECK(results[0].id == a);
  CHECK(f.client.InFlight() == 1);
  f.transport.WillAnswer(200, R"({"result":404})");
  results = f.client.Wait({});
  REQUIRE(results.size() == 1);
  CHECK(results[0].id == b);
  CHECK(results[0].verdict == Verdict::kMissing);
}

TEST_CASE("routes for metrics do not show ids") {
  const Fixture f;
  Call call = CallOf(Verb::kUpdate, Kind::kContact);
  call.remote_id = "secret";
  CHECK(f.client.RouteOf(call) == std::pair<std::string_view, std::string>("PATCH", "contacts/{id}"));
  CHECK(f.client.RouteOf(CallOf(Verb::kFind, Kind::kUser)).second == "users");
}

TEST_CASE("over a real connection: a create, a duplicate, and a connection that dies") {
  using test::ReadRequest;
  using test::Reply;
  const test::ScriptedServer server(
      {{ReadRequest(), test::Send(Reply("200 OK", R"({"result":1,"user":{"user_id":70012,"name":"A"}})")),
        ReadRequest(),
        test::Send(Reply("406 Not Acceptable", R"({"result":"1504","msg":"Duplicate data","data":{"email":"a@x"}})")),
        ReadRequest(), test::Reset()}});
  CurlOptions options;
  options.base_url = server.base_url();
  CurlTransport transport(options);
  Client client(transport, Routes::BuiltIn(), Codes::BuiltIn(), 100);
  Call call = CallOf(Verb::kCreate, Kind::kUser);
  call.fields = {{kUserEmail, Field::Value("a@x")}};
  std::vector<CallResult> results;
  for (int i = 0; i < 3; ++i) {
    client.Start(call);
    while (client.InFlight() > 0) {
      for (CallResult& result : client.Wait(In(10'000))) results.push_back(std::move(result));
    }
  }
  REQUIRE(results.size() == 3);
  CHECK(results[0].verdict == Verdict::kOk);
  CHECK(results[0].remote_id == "70012");
  CHECK(results[1].verdict == Verdict::kDuplicate);
  CHECK(results[1].http_status == 406);
  CHECK(results[2].verdict == Verdict::kUnknown);
  CHECK(server.requests().size() == 3);
  CHECK(server.requests()[0].ends_with(R"({"email":"a@x"})"));
}

}  // namespace
}  // namespace ucaas_sync::ucaas
