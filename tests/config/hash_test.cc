#include <doctest/doctest.h>

#include <string>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

const std::string kBase = R"yaml(target: { base_url: "https://api.example.com/v1/", basic: { id: a, key: k } }
sources:
  hr: { csv: /srv/a.csv, key: id }
  ad: { ldif: /srv/b.ldif, key: nr }
tables: { t: { a: 1, b: 2 } }
users:
  from: hr
  join: { ad: id }
  fields: { user_type: moderator, first_name: "{first}", last_name: "{last}", email: "{mail}" }
)yaml";

std::string HashOf(const std::string& text, Variables variables = {}) {
  const Loaded loaded = LoadText(text, std::move(variables));
  CAPTURE(loaded.text());
  CHECK(loaded.errors.empty());
  return loaded.config.hash;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("comments, layout, quotes and the order of keys do not change the hash") {
  const std::string base = HashOf(kBase);
  CHECK(base.size() == 64);
  CHECK(HashOf(R"yaml(# the same, otherwise written
users:
  fields:
    email: '{mail}'
    last_name: "{last}"
    first_name: "{first}"
    user_type: "moderator"
  join: { ad: id }
  from: hr
tables:
  t: { b: 2, a: 1 }
sources:
  ad: { key: nr, ldif: /srv/b.ldif }
  hr: { key: "id", csv: /srv/a.csv }
target:
  basic: { key: k, id: a }
  base_url: https://api.example.com/v1
)yaml") == base);
}

TEST_CASE("writing a default out does not change the hash") {
  const std::string base = HashOf(kBase);
  CHECK(HashOf(kBase + "guards: { user: { suspend: 5% }, rewrite: 30% }\ndrift: repair\n") == base);
  CHECK(HashOf(Replaced(kBase, "  from: hr\n", "  from: hr\n  empty: keep\n  absent: suspend\n")) == base);
}

TEST_CASE("a value from the environment counts as what it is") {
  CHECK(HashOf(Replaced(kBase, "moderator", "\"${TYPE}\""), {{"TYPE", "moderator"}}) == HashOf(kBase));
  CHECK(HashOf(Replaced(kBase, "moderator", "\"${TYPE}\""), {{"TYPE", "user"}}) != HashOf(kBase));
}

TEST_CASE("secrets, log, listen, state folder, schedule and pace are not in the hash") {
  const std::string base = HashOf(kBase);
  CHECK(HashOf(Replaced(kBase, "key: k", "key: another")) == base);
  CHECK(HashOf("state_dir: /elsewhere\n" + kBase) == base);
  CHECK(HashOf(kBase + "log: { level: debug }\nlisten: 127.0.0.1:1\nschedule: { every: 1h }\n") == base);
  CHECK(HashOf(Replaced(kBase, "basic:", "rate: 5/s, timeout: 1s, basic:")) == base);
}

TEST_CASE("whatever can change a plan changes the hash") {
  const std::string base = HashOf(kBase);
  const std::pair<const char*, const char*> changes[] = {
      {"{mail}", "{mail|lower}"},
      {"{ a: 1", "{ a: 3"},
      {"csv: /srv/a.csv", "csv: /srv/c.csv"},
      {"key: nr", "key: number"},
      {"join: { ad: id }", "join: { ad: nr }"},
      {"  from: hr\n", "  from: hr\n  left: (x=y)\n"},
      {"  from: hr\n", "  from: hr\n  absent_after: 1h\n"},
      {"  from: hr\n", "  from: hr\n  filter: (x=y)\n"},
      {"  from: hr\n", "  from: hr\n  scope: (x=y)\n"},
      {"api.example.com", "eu.example.com"},
      {"id: a,", "id: b,"},
      {"tables:", "guards: { user: { suspend: 6% } }\ntables:"},
      {"tables:", "guards: { user: { suspend: { count: 5 } } }\ntables:"},
      {"tables:", "guards: { protect: (a=b) }\ntables:"},
      {"tables:", "timezone: UTC\ntables:"},
      {"basic:", "membership: off, basic:"},
      {"basic:", "routes: { users: people }, basic:"},
  };
  for (const auto& [from, to] : changes) {
    const auto& this_to = to;
    CAPTURE(this_to);
    CHECK(HashOf(Replaced(kBase, from, to)) != base);
  }
}

TEST_CASE("a value does not slip from one key into the next without changing the hash") {
  const std::string filter = Replaced(kBase, "  from: hr\n", "  from: hr\n  filter: (x=y)\n");
  const std::string left = Replaced(kBase, "  from: hr\n", "  from: hr\n  left: (x=y)\n");
  CHECK(HashOf(filter) != HashOf(left));
}

}  // namespace ucaas_sync::config
