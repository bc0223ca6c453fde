// The rules of users, contacts and groups over real HTTP.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/connectors/ucaas/sandbox/http.h"

namespace ucaas_sync::sandbox {
namespace {

TEST_CASE("a new user gets a number for an id and a name joined from its parts") {
  Bench bench;
  const auto made = bench.http().Send("POST", "users", UserBody("ada@example.com", R"("middle_name":"King")"));
  CHECK(made.status == 200);
  CHECK(made.headers.at("content-type") == "application/json");
  CHECK(made.type_at("/result") == "number");
  CHECK(made.type_at("/user/user_id") == "number");
  CHECK(made.at("/user/name") == "Ada King Lovelace");
  const auto got = bench.http().Send("GET", "users/" + made.at("/user/user_id"));
  CHECK(got.at("/user/email") == "ada@example.com");
  CHECK(got.at("/user/status") == "A");
  CHECK(got.at("/user/status_ex") == "Active");
  CHECK(got.at("/user/created_at") == "2025-11-24T16:00:00Z");
}

TEST_CASE("a password is never shown and never kept in clear") {
  Bench bench;
  const std::string id = bench.Create("users", UserBody("ada@example.com", R"("password":"correct horse")"));
  CHECK(bench.http().Send("GET", "users/" + id).body.find("password") == std::string::npos);
  CHECK(bench.http().Send("GET", "users").body.find("horse") == std::string::npos);
  CHECK(bench.sandbox().Dump(Kind::kUser).find("horse") == std::string::npos);
}

TEST_CASE("a welcome mail goes out only when it is asked for, and each is counted") {
  Bench bench;
  bench.Create("users", UserBody("a@example.com"));
  bench.Create("users", UserBody("b@example.com", R"("send_welcome_mail":true)"));
  bench.Create("users", UserBody("c@example.com", R"("send_welcome_mail":false)"));
  CHECK(bench.sandbox().counters().welcome_mails == 1);
  CHECK(bench.sandbox().WelcomeMails() == std::vector<std::string>{"b@example.com"});
}

TEST_CASE("an e-mail that is taken is refused in any case, with the address") {
  Bench bench;
  bench.Create("users", UserBody("ada@example.com"));
  const auto again = bench.http().Send("POST", "users", UserBody("ADA@Example.com", R"("send_welcome_mail":true)"));
  CHECK(again.status == 200);
  CHECK(again.result() == "1504");
  CHECK(again.at("/data/email") == "ADA@Example.com");
  CHECK(bench.sandbox().Count(Kind::kUser) == 1);
  CHECK(bench.sandbox().counters().welcome_mails == 0);
}

TEST_CASE("the same address may be a user and a contact, but not two contacts") {
  Bench bench;
  bench.Create("users", UserBody("ada@example.com"));
  bench.Create("contacts", R"({"name":"Ada","email":"ada@example.com"})");
  CHECK(bench.http().Send("POST", "contacts", R"({"name":"Ada 2","email":"Ada@example.com"})").result() == "1504");
}

TEST_CASE("a group's name is taken in any case") {
  Bench bench;
  bench.Create("groups", R"({"name":"Straße"})");
  CHECK(bench.http().Send("POST", "groups", R"({"name":"STRASSE"})").result() == "1504");
}

TEST_CASE("a user may keep the own address when it is changed, but not take another's") {
  Bench bench;
  const std::string id = bench.Create("users", UserBody("ada@example.com"));
  bench.Create("users", UserBody("bob@example.com"));
  CHECK(bench.http().Send("PATCH", "users/" + id, R"({"email":"Ada@example.com"})").result() == "1");
  CHECK(bench.http().Send("PATCH", "users/" + id, R"({"email":"BOB@example.com"})").result() == "1504");
  CHECK(bench.http().Send("GET", "users/" + id).at("/user/email") == "Ada@example.com");
}

TEST_CASE("a change touches what it names and nothing else") {
  Bench bench;
  const std::string id = bench.Create("users", UserBody("ada@example.com", R"("department":"Sales")"));
  const auto changed = bench.http().Send("PATCH", "users/" + id, R"({"designation":"Head","status":"S"})");
  CHECK(changed.result() == "1");
  CHECK(changed.at("/user/user_id") == id);
  const auto got = bench.http().Send("GET", "users/" + id);
  CHECK(got.at("/user/department") == "Sales");
  CHECK(got.at("/user/designation") == "Head");
  CHECK(got.at("/user/status") == "S");
  CHECK(bench.http().Send("PATCH", "users/" + id, R"({"department":""})").result() == "1");
  CHECK(bench.http().Send("GET", "users/" + id).at("/user/department").empty());
}

TEST_CASE("what does not exist answers 404, also a second delete") {
  Bench bench;
  const std::string id = bench.Create("users", UserBody("ada@example.com"));
  CHECK(bench.http().Send("DELETE", "users/" + id).result() == "1");
  for (const char* method : {"DELETE", "GET", "PATCH"}) {
    const auto answer = bench.http().Send(method, "users/" + id, method[0] == 'P' ? R"({"status":"S"})" : "");
    CHECK(answer.status == 404);
    CHECK(answer.result() == "404");
  }
  CHECK(bench.sandbox().counters().writes == 2);
}

TEST_CASE("an id is never given twice") {
  Bench bench;
  const std::string first = bench.Create("users", UserBody("ada@example.com"));
  CHECK(bench.http().Send("DELETE", "users/" + first).result() == "1");
  CHECK(bench.Create("users", UserBody("ada@example.com")) != first);
}

TEST_CASE("every wrong user is refused with 406, and none is kept") {
  Bench bench;
  for (const std::string& body : {
           std::string(R"({})"),
           UserBody("ada@example.com", R"("nick":"a")"),
           UserBody("ada@example.com", R"("send_welcome_mail":"true")"),
           UserBody("ada@example.com", R"("send_welcome_mail":1)"),
           UserBody("ada@example.com", R"("status":"X")"),
           UserBody("ada@example.com", R"("status":"")"),
           UserBody("ada@example.com", R"("department":null)"),
           UserBody("ada@example.com", R"("department":7)"),
           UserBody("ada@example.com", R"("department":" Sales")"),
           UserBody("ada@example.com", R"("department":"a\u0000b")"),
           UserBody("ada@example.com", R"("first_name":"Eve")"),
           UserBody("ada@example.com", R"("password":"short")"),
           UserBody("ada@example.com", R"("group_ids":[])"),
           UserBody("ada@example.com", "\"department\":\"" + std::string(256, 'x') + "\""),
           std::string(R"({"user_type":"king","first_name":"A","last_name":"L","email":"a@example.com"})"),
           std::string(R"({"user_type":"user","first_name":"","last_name":"L","email":"a@example.com"})"),
           std::string(R"({"user_type":"user","last_name":"L","email":"a@example.com"})"),
           std::string(R"({"user_type":"user","first_name":["A"],"last_name":"L","email":"a@example.com"})"),
       }) {
    INFO(body);
    const auto answer = bench.http().Send("POST", "users", body);
    CHECK(answer.status == 200);
    CHECK(answer.result() == "406");
    CHECK(answer.type_at("/desc") == "string");
  }
  CHECK(bench.sandbox().Count(Kind::kUser) == 0);
}

TEST_CASE("255 characters fit, whatever their bytes") {
  Bench bench;
  std::string name;
  for (int i = 0; i < 255; ++i) name += "é";
  bench.Create("users", UserBody("ada@example.com", "\"department\":\"" + name + "\""));
}

TEST_CASE("an address is an address") {
  Bench bench;
  for (const char* bad :
       {"", "ada", "ada@", "@example.com", "ada@localhost", "a da@example.com", "ada@@example.com", "ada@example..com",
        ".ada@example.com", "ada.@example.com", "a..a@example.com", "ada@-example.com", "ada@example.com ",
        "ada@example.com\\n", "Ada <ada@example.com>", "jos\u00e9@example.com"}) {
    INFO(bad);
    CHECK(bench.http().Send("POST", "users", UserBody(bad)).result() == "406");
  }
  for (const char* good : {"a@b.example", "ada.o'neil+x@mail.example.com", "A_B-C@xn--bcher-kva.example"}) {
    INFO(good);
    CHECK(bench.http().Send("POST", "users", UserBody(good)).result() == "1");
  }
}

TEST_CASE("a change of nothing, of the welcome mail or to an empty name is refused") {
  Bench bench;
  const std::string path = "users/" + bench.Create("users", UserBody("ada@example.com"));
  CHECK(bench.http().Send("PATCH", path, "{}").result() == "406");
  CHECK(bench.http().Send("PATCH", path, R"({"send_welcome_mail":true})").result() == "406");
  CHECK(bench.http().Send("PATCH", path, R"({"first_name":""})").result() == "406");
}

TEST_CASE("a contact belongs to groups that exist, as a whole list") {
  Bench bench;
  const std::string sales = bench.Create("groups", R"({"name":"Sales","desc":"They sell","shared":true})");
  const std::string finance = bench.Create("groups", R"({"name":"Finance"})");
  CHECK(sales.size() == 24);
  CHECK(sales.find_first_not_of("0123456789abcdef") == std::string::npos);
  const std::string id = bench.Create(
      "contacts", R"({"name":"Ada","email":"ada@example.com","shared":true,"group_ids":[")" + sales + "\"]}");
  CHECK(bench.http().Send("GET", "contacts/" + id).at("/contact/group_ids") == "[\"" + sales + "\"]");
  CHECK(bench.http().Send("GET", "contacts/" + id).at("/contact/shared") == "true");

  CHECK(bench.http().Send("PATCH", "contacts/" + id, "{\"group_ids\":[\"" + finance + "\"]}").result() == "1");
  CHECK(bench.http().Send("GET", "contacts/" + id).at("/contact/group_ids") == "[\"" + finance + "\"]");
  CHECK(bench.http().Send("PATCH", "contacts/" + id, R"({"company":"Example"})").result() == "1");
  CHECK(bench.http().Send("GET", "contacts/" + id).at("/contact/group_ids") == "[\"" + finance + "\"]");
  CHECK(bench.sandbox().Dump(Kind::kContact) ==
        R"({"name":"Ada","email":"ada@example.com","company":"Example","designation":"","shared":true,)"
        R"("groups":["Finance"]})"
        "\n");

  for (const std::string& ids : {std::string("[\"000000000000000000000000\"]"), "[\"" + id + "\"]", "\"" + sales + "\"",
                                 std::string("[7]"), "[\"" + sales + "\",\"" + sales + "\"]"}) {
    INFO(ids);
    CHECK(bench.http().Send("PATCH", "contacts/" + id, "{\"group_ids\":" + ids + "}").result() == "406");
  }
}

TEST_CASE("a group that is deleted leaves its contacts without it") {
  Bench bench;
  const std::string group = bench.Create("groups", R"({"name":"Sales"})");
  const std::string contact =
      bench.Create("contacts", R"({"name":"Ada","email":"ada@example.com","group_ids":[")" + group + "\"]}");
  CHECK(bench.http().Send("GET", "groups/" + group).at("/group/contact_ids") == "[\"" + contact + "\"]");
  CHECK(bench.http().Send("DELETE", "groups/" + group).result() == "1");
  CHECK(bench.http().Send("GET", "contacts/" + contact).at("/contact/group_ids") == "[]");
}

TEST_CASE("membership can be written at the group too") {
  Bench bench;
  const std::string ada = bench.Create("contacts", R"({"name":"Ada","email":"ada@example.com"})");
  const std::string bob = bench.Create("contacts", R"({"name":"Bob","email":"bob@example.com"})");
  const std::string group = bench.Create("groups", R"({"name":"Sales","contact_ids":[")" + ada + "\"]}");
  CHECK(bench.http().Send("PATCH", "groups/" + group, "{\"contact_ids\":[\"" + bob + "\"]}").result() == "1");
  CHECK(bench.http().Send("GET", "contacts/" + ada).at("/contact/group_ids") == "[]");
  CHECK(bench.http().Send("GET", "contacts/" + bob).at("/contact/group_ids") == "[\"" + group + "\"]");
}

TEST_CASE("an account whose contacts cannot change groups says so") {
  Options options;
  options.patch_group_ids = false;
  Bench bench(options);
  const std::string contact = bench.Create("contacts", R"({"name":"A","email":"a@example.com","group_ids":[]})");
  CHECK(bench.http().Send("PATCH", "contacts/" + contact, R"({"group_ids":[]})").result() == "406");
}

TEST_CASE("an error can come under its own HTTP status") {
  Options options;
  options.status_style = StatusStyle::kByCode;
  Bench bench(options);
  bench.Create("users", UserBody("ada@example.com"));
  CHECK(bench.http().Send("POST", "users", UserBody("ada@example.com")).status == 409);
  CHECK(bench.http().Send("POST", "users", "{}").status == 406);
  CHECK(bench.http().Send("POST", "users", "{").status == 400);
  CHECK(bench.http().Send("GET", "users?page=0").status == 400);
}

TEST_CASE("a method that a path does not know is 405 and names those that it knows") {
  Bench bench;
  const auto put = bench.http().Send("PUT", "users", "{}");
  CHECK(put.status == 405);
  CHECK(put.result() == "405");
  CHECK(put.headers.at("allow") == "GET, POST");
  CHECK(bench.http().Send("POST", "users/70001", "{}").status == 405);
  CHECK(bench.http().Send("GET", "login").status == 405);
}

TEST_CASE("a POST that is repeated under its Idempotency-Key has one effect and one answer") {
  Bench bench;
  const std::vector<std::string> key{"Idempotency-Key: 7c0e"};
  const std::string body = UserBody("ada@example.com", R"("send_welcome_mail":true)");
  const auto first = bench.http().Send("POST", "users", body, key);
  bench.Restart();
  const auto second = bench.http().Send("POST", "users", body, key);
  CHECK(first.result() == "1");
  CHECK(second.body == first.body);
  CHECK(second.headers.count("idempotent-replayed") == 1);
  CHECK(bench.sandbox().Count(Kind::kUser) == 1);
  CHECK(bench.sandbox().counters().welcome_mails == 1);
  CHECK(bench.sandbox().counters().writes == 0);  // of the second process

  CHECK(bench.http().Send("POST", "users", UserBody("bob@example.com"), key).result() == "406");
  bench.Advance(Duration(24 * 3600 * 1000LL + 1));
  CHECK(bench.http().Send("POST", "users", body, key).result() == "1504");
}

TEST_CASE("without idempotency a repeated POST is a duplicate") {
  Options options;
  options.idempotency = false;
  Bench bench(options);
  const std::vector<std::string> key{"Idempotency-Key: 7c0e"};
  CHECK(bench.http().Send("POST", "users", UserBody("ada@example.com"), key).result() == "1");
  CHECK(bench.http().Send("POST", "users", UserBody("ada@example.com"), key).result() == "1504");
}

TEST_CASE("requests are counted by route") {
  Bench bench;
  const std::string id = bench.Create("users", UserBody("ada@example.com"));
  bench.http().Send("PATCH", "users/" + id, R"({"status":"S"})");
  bench.http().Send("PATCH", "users/99", R"({"status":"S"})");
  bench.http().Send("GET", "nothing/here");
  const Counters counters = bench.sandbox().counters();
  CHECK(counters.requests == 4);
  CHECK(counters.writes == 2);
  CHECK(counters.by_route ==
        std::map<std::string, std::uint64_t>{{"GET ?", 1}, {"PATCH users/{id}", 2}, {"POST users", 1}});
  CHECK(counters.internal_errors == 0);
}

}  // namespace
}  // namespace ucaas_sync::sandbox
