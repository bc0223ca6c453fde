// Exports of a real directory server, made in the test: what slapcat and ldapsearch write is what was loaded.
// Each case has a slapd of its own in a directory of its own, reached by a socket in it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "daemon/model/text.h"
#include "tests/connectors/ldif/memory_stream.h"

extern char** environ;

namespace ucaas_sync::ldif {
namespace {

namespace fs = std::filesystem;

constexpr int kPeople = 200;

std::string Slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Starts a program; its output goes to `out`, its errors to `err`.
pid_t Start(std::vector<std::string> arguments, const fs::path& out, const fs::path& err) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error(arguments[0] + ": " + std::strerror(error));
  return pid;
}

int WaitFor(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

fs::path Program(const std::string& name) {
  for (const char* folder : {"/usr/sbin", "/usr/bin", "/sbin", "/bin"}) {
    const fs::path path = fs::path(folder) / name;
    if (fs::exists(path)) return path;
  }
  throw std::runtime_error(name + " is not there; this test needs Debian's slapd and ldap-utils (apt-get install)");
}

class Directory {
 public:
  explicit Directory(const std::string& entries) {
    std::string name = (fs::temp_directory_path() / "ucaas-sync-slapd-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp: " + std::string(std::strerror(errno)));
    folder_ = name;
    try {
      fs::create_directory(folder_ / "db");
      std::ofstream(folder_ / "slapd.conf") << "include /etc/ldap/schema/core.schema\n"
                                               "include /etc/ldap/schema/cosine.schema\n"
                                               "include /etc/ldap/schema/inetorgperson.schema\n"
                                               "modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                                               "database mdb\nsuffix dc=example,dc=com\n"
                                               "rootdn cn=admin,dc=example,dc=com\n"
                                            << "directory " << (folder_ / "db").string() << "\n";
      std::ofstream(folder_ / "entries.ldif") << entries;
      Run({Program("slapadd"), "-q", "-f", Path("slapd.conf"), "-l", Path("entries.ldif")});
      url_ = "ldapi://";
      for (const char c : Path("socket")) url_ += c == '/' ? std::string("%2F") : std::string(1, c);
      // With -d slapd stays in the foreground and is our child.
      server_ = Start({Program("slapd"), "-d", "0", "-f", Path("slapd.conf"), "-h", url_}, folder_ / "server.out",
                      folder_ / "server.err");
      WaitUntilItAnswers();
    } catch (...) {
      Stop();
      throw;
    }
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { Stop(); }

  std::string Slapcat() { return Run({Program("slapcat"), "-f", Path("slapd.conf")}); }

  std::string Search(const std::vector<std::string>& options, int expected_exit = 0) {
    std::vector<std::string> arguments{Program("ldapsearch"), "-x", "-H", url_, "-b", "dc=example,dc=com"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return Run(arguments, expected_exit);
  }

 private:
  std::string Path(const char* name) const { return (folder_ / name).string(); }

  std::string Run(const std::vector<std::string>& arguments, int expected_exit = 0) {
    const int exit = WaitFor(Start(arguments, folder_ / "out", folder_ / "err"));
    if (exit != expected_exit) {
      throw std::runtime_error(arguments[0] + " ended " + std::to_string(exit) + ": " + Slurp(folder_ / "err"));
    }
    return Slurp(folder_ / "out");
  }

  /// slapd has no way to say that it listens but to answer.
  void WaitUntilItAnswers() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (WaitFor(Start({Program("ldapsearch"), "-x", "-H", url_, "-b", "", "-s", "base"}, folder_ / "out",
                         folder_ / "err")) != 0) {
      if (waitpid(server_, nullptr, WNOHANG) == server_) {
        server_ = 0;
        throw std::runtime_error("slapd ended at once: " + Slurp(folder_ / "server.err"));
      }
      if (std::chrono::steady_clock::now() > give_up) throw std::runtime_error("slapd does not answer");
      std::this_thread::yield();
    }
  }

  void Stop() {
    if (server_ > 0) {
      kill(server_, SIGTERM);
      WaitFor(server_);
    }
    server_ = 0;
    std::error_code ignored;  // a leftover in the temporary folder is no reason to fail
    fs::remove_all(folder_, ignored);
  }

  fs::path folder_;
  std::string url_;
  pid_t server_ = 0;
};

/// Entries as a person would list them: DN → attribute (lower case) → values.
using Entry = std::map<std::string, std::multiset<std::string>>;
using Entries = std::map<std::string, Entry>;

Entries Company() {
  static constexpr std::array<const char*, 5> kNames{"Ann Lee", "J\xC3\xBCrgen M\xC3\xBCller",
                                                     "\xE6\x9D\x8E\xE5\xB0\x8F\xE9\xBE\x8D", " Leading Space",
                                                     "Trailing Space "};
  Entries entries;
  entries["dc=example,dc=com"] = {
      {"objectclass", {"dcObject", "organization"}}, {"dc", {"example"}}, {"o", {"Example"}}};
  entries["ou=people,dc=example,dc=com"] = {{"objectclass", {"organizationalUnit"}}, {"ou", {"people"}}};
  Entry group{{"objectclass", {"groupOfNames"}}, {"cn", {"all, and more"}}};
  for (int i = 0; i < kPeople; ++i) {
    const std::string uid = "u" + std::to_string(i);
    const std::string dn = "uid=" + uid + ",ou=people,dc=example,dc=com";
    Entry person{{"objectclass", {"inetOrgPerson"}}, {"uid", {uid}}, {"sn", {"S" + uid}}};
    person["cn"] = {kNames[static_cast<std::size_t>(i) % kNames.size()]};
    person["mail"] = {uid + "@example.com", uid + "@example.org"};
    if (i % 3 == 0)
      person["description"] = {"line one\nline two of " + uid,
                               std::string(static_cast<std::size_t>(i) * 5 + 70, 'x') + uid};
    if (i % 7 == 0)
      person["jpegphoto"] = {std::string("\xFF\xD8\xFF\xE0\x00\x01", 6) + std::string(300, static_cast<char>(i))};
    if (i % 5 == 0)
      person["description;lang-de"] = {
          "Gr\xC3\xBC\xC3\x9F"
          "e: " +
          uid};
    entries[dn] = person;
    group["member"].insert(dn);
  }
  entries["cn=all\\2C and more,dc=example,dc=com"] = group;
  return entries;
}

/// LDIF without any art: everything base64, so that the test does not lean on rules it checks.
std::string Write(const Entries& entries) {
  std::vector<std::string> order;
  for (const auto& [dn, entry] : entries) order.push_back(dn);
  std::stable_sort(order.begin(), order.end(),
                   [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  std::string text;
  for (const std::string& dn : order) {
    text += "dn:: " + EncodeBase64(dn) + '\n';
    for (const auto& [name, values] : entries.at(dn)) {
      for (const std::string& value : values) text += name + ":: " + EncodeBase64(value) + '\n';
    }
    text += '\n';
  }
  return text;
}

/// What was read, of the attributes that were loaded (slapcat adds operational ones).
Entries Found(const ReadResult& read, const Entries& loaded) {
  Entries found;
  for (const ReadRecord& record : read.records) {
    Entry& entry = found[record.dn];
    const auto it = loaded.find(record.dn);
    for (const auto& [name, value] : record.values) {
      const std::string lower = AsciiLower(name);
      if (it != loaded.end() && it->second.contains(lower)) entry[lower].insert(value);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("what slapcat and ldapsearch export of a directory is what was loaded into it") {
  const Entries loaded = Company();
  Directory directory(Write(loaded));
  const std::map<std::string, std::string> exports{
      {"slapcat", directory.Slapcat()},
      {"ldapsearch", directory.Search({})},
      {"ldapsearch -LLL", directory.Search({"-LLL"})},
      {"ldapsearch -L", directory.Search({"-L"})},
      {"ldapsearch in pages", directory.Search({"-E", "pr=50/noprompt"})},
      {"ldapsearch with operational attributes", directory.Search({"*", "+"})},
      {"ldapsearch without folding", directory.Search({"-o", "ldif-wrap=no"})},
  };
  for (const auto& item : exports) {
    const std::string& text = item.second;
    CAPTURE(item.first);
    const ReadResult read = ReadText(text);
    CHECK(read.incomplete() == "");
    CHECK(read.rejects.empty());
    CHECK(read.records.size() == loaded.size());
    CHECK(Found(read, loaded) == loaded);
  }
  const ReadResult slapcat = ReadText(exports.at("slapcat"));
  for (const ReadRecord& record : slapcat.records) {
    const auto has = [&](const char* wanted) {
      return std::any_of(record.values.begin(), record.values.end(), [&](const auto& v) { return v.first == wanted; });
    };
    CHECK(has("entryUUID"));
    CHECK(has("modifyTimestamp"));
  }
}

TEST_CASE("an export of ldapsearch that was cut anywhere before its result is incomplete") {
  Directory directory(Write(Company()));
  const std::string whole = directory.Search({});
  const std::size_t result = whole.find("\nresult: ");
  REQUIRE(result != std::string::npos);
  // In the middle, at the ends of lines and of records, and just before the result.
  std::vector<std::size_t> cuts{whole.size() / 2, result, result + 1};
  for (std::size_t at = whole.find("\n\n"); at < result; at = whole.find("\n\n", at + 2000)) {
    cuts.push_back(at);
    cuts.push_back(at + 1);
    cuts.push_back(at + 2);
  }
  for (const std::size_t cut : cuts) {
    CAPTURE(cut);
    const ReadResult read = ReadText(whole.substr(0, cut));
    CHECK(!read.snapshot.complete());
    CHECK(!ReadText(whole.substr(0, cut), {.final_newline_required = false}).snapshot.complete());
  }
}

TEST_CASE("an export that the server stopped at its size limit is incomplete, with the line of the result") {
  Directory directory(Write(Company()));
  constexpr int kSizeLimitExceeded = 4;
  const std::string text = directory.Search({"-z", "50"}, kSizeLimitExceeded);
  const ReadResult read = ReadText(text);
  CHECK(read.records.size() == 50);
  const auto line =
      1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("\nresult: ") + 1), '\n');
  CHECK(read.incomplete().starts_with("people.ldif:" + std::to_string(line) +
                                      ": the search ended with result 4 Size limit exceeded"));
}

}  // namespace ucaas_sync::ldif
