// From a real directory server to the account: slapd, its export, a sync, and the people and groups are there.
#include <doctest/doctest.h>

#include <string>

#include "tests/support/cli.h"
#include "tests/support/slapd.h"

namespace ucaas_sync::testing {
namespace {

constexpr int kPeople = 30;

std::string Entries() {
  std::string text =
      "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
      "dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n\n";
  std::string even = "dn: cn=even,dc=example,dc=com\nobjectClass: groupOfNames\ncn: even\n";
  std::string all =
      "dn: cn=all,dc=example,dc=com\nobjectClass: groupOfNames\ncn: all\nmember: cn=even,dc=example,dc=com\n";
  for (int i = 1; i <= kPeople; ++i) {
    const std::string uid = "u" + std::to_string(i);
    const std::string dn = "uid=" + uid + ",ou=people,dc=example,dc=com";
    text += "dn: " + dn + "\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: J\xC3\xBCrgen " + uid +
            "\ngivenName: J\xC3\xBCrgen\nsn: S" + uid + "\nmail: " + uid +
            "@example.com\ntitle: " + std::string(static_cast<std::size_t>(i) * 3, 'x') + " Engineer\n\n";
    (i % 2 == 0 ? even : all) += "member: " + dn + '\n';
  }
  return text + even + '\n' + all;
}

const std::string kConfig = R"yaml(state_dir: state
target: { sandbox: account.db }
sources:
  people: { ldif: export.ldif, key: entryUUID, filter: "(objectClass=inetOrgPerson)" }
  groups: { ldif: export.ldif, key: entryUUID, filter: "(objectClass=groupOfNames)" }
users:
  from: people
  fields: { user_type: moderator, first_name: "{givenName}", last_name: "{sn}", email: "{mail|lower}", designation: "{title}" }
groups:
  from: groups
  fields: { name: "{cn}" }
  members: "{member}"
  nested: true
contacts:
  from: people
  fields: { name: "{cn}", email: "{mail|lower}" }
)yaml";

std::string MembersOf(const Cli& cli, const std::string& group) {
  return cli.Account(
      "SELECT count(*) FROM memberships m JOIN groups g ON g.id = m.grp JOIN contacts c ON c.id = m.contact WHERE "
      "g.name "
      "= '" +
      group + "'");
}

}  // namespace

TEST_CASE("every kind of export of a real slapd becomes the same people and groups in the account") {
  Slapd slapd(Entries());
  Cli cli;
  cli.Write("config.yaml", kConfig);
  cli.Write("export.ldif", slapd.Slapcat());
  Expect(cli.Run({"sync"}), 0, {"converged"});
  CHECK(cli.Count("user") == kPeople);
  CHECK(cli.Count("contact") == kPeople);
  CHECK(cli.Account("SELECT name FROM groups ORDER BY name") == "all\neven\n");
  CHECK(MembersOf(cli, "even") == "15\n");
  CHECK(MembersOf(cli, "all") == "30\n");
  CHECK(cli.Account("SELECT first_name, last_name FROM users WHERE email = 'u7@example.com'") == "J\xC3\xBCrgen|Su7\n");
  CHECK(cli.Account("SELECT length(designation) FROM users WHERE email = 'u30@example.com'") == "99\n");

  // The same directory by ldapsearch: the same people, so nothing to do.
  const std::string before = cli.Everything();
  for (const std::vector<std::string>& options : {std::vector<std::string>{"*", "entryUUID"},
                                                  {"-LLL", "*", "entryUUID"},
                                                  {"-E", "pr=7/noprompt", "*", "entryUUID"},
                                                  {"-o", "ldif-wrap=no", "*", "+"}}) {
    cli.Write("export.ldif", slapd.Search(options));
    Expect(cli.Run({"sync"}), 0, {"nothing to do"});
    CHECK(cli.Everything() == before);
  }

  // A search that the server cut short proves nothing.
  constexpr int kSizeLimitExceeded = 4;
  cli.Write("export.ldif", slapd.Search({"-z", "9", "*", "entryUUID"}, kSizeLimitExceeded));
  Expect(cli.Run({"sync"}), 5, {"Size limit exceeded", "nothing was written"});
  CHECK(cli.Everything() == before);
}

}  // namespace ucaas_sync::testing
