#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include "fixture.h"

namespace ucaas_sync::config {
namespace {

/// A sound configuration against a remote target with `credentials` in it.
std::string Remote(const std::string& credentials) {
  return "target: { base_url: \"https://api.example.com/v1/\", " + credentials + " }\n" +
         kSound.substr(kSound.find('\n') + 1);
}

}  // namespace

TEST_CASE("a secret file is read relative to the configuration, without its last newline") {
  for (const auto& [content, wanted] : {std::pair<std::string, std::string>{"s3cret\n", "s3cret"},
                                        {"s3cret", "s3cret"},
                                        {"s3cret\r\n", "s3cret"},
                                        {" s3 cret \n", " s3 cret "}}) {
    const Folder folder;
    folder.Write("keys/access", content);
    const Loaded loaded = LoadFile(folder.Write("c.yaml", Remote("basic: { id: a, key_file: keys/access }"), 0644));
    CAPTURE(loaded.text());
    REQUIRE(loaded.errors.empty());
    CHECK(loaded.config.target.basic->key.Reveal() == wanted);
    CHECK(loaded.config.target.basic->id.value == "a");
  }
}

TEST_CASE("a secret file that others can read is refused with the chmod that mends it") {
  for (const mode_t mode : {0644U, 0640U, 0604U, 0660U, 0601U}) {
    const Folder folder;
    const auto file = folder.Write("access", "s3cret\n", mode);
    const Loaded loaded = LoadFile(folder.Write("c.yaml", Remote("basic: { id: a, key_file: access }")));
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors[0] ==
          "1:78: target.basic.key_file: " + file.string() + " can be read by other users; chmod 600 " + file.string());
  }
  const Folder folder;
  folder.Write("access", "s3cret\n", 0400);
  CHECK(LoadFile(folder.Write("c.yaml", Remote("basic: { id: a, key_file: access }"))).errors.empty());
}

TEST_CASE("a systemd credential is taken whatever its mode, its neighbour is not") {
  const Folder folder;
  folder.Write("run/credentials/access", "s3cret\n", 0440);
  folder.Write("run/elsewhere", "s3cret\n", 0440);
  const Variables variables{{"CREDENTIALS_DIRECTORY", (folder.path() / "run/credentials").string()}};
  const auto load = [&](const std::string& file) {
    return LoadFile(folder.Write("c.yaml", Remote("basic: { id: a, key_file: \"" + file + "\" }")), variables);
  };
  CHECK(load("${CREDENTIALS_DIRECTORY}/access").text().empty());
  CHECK(load("run/credentials/access").text().empty());
  CHECK(load("run/elsewhere").Says("can be read by other users"));
  CHECK(load("run/credentials/../elsewhere").Says("can be read by other users"));
}

TEST_CASE("a secret file that is missing, empty, a folder or of several lines is refused") {
  const Folder folder;
  folder.Write("empty", "\n");
  folder.Write("lines", "one\ntwo\n");
  folder.Write("nul", std::string("a\0b\n", 4));
  folder.Write("large", std::string(20'000, 'x'));
  const auto error = [&](const std::string& file) {
    const Loaded loaded = LoadFile(folder.Write("c.yaml", Remote("basic: { id: a, key_file: \"" + file + "\" }")));
    CHECK(loaded.errors.size() == 1);
    return loaded.text();
  };
  CHECK(error("none").find("chown ucaas-sync " + (folder.path() / "none").string()) != std::string::npos);
  CHECK(error("none").find("none cannot be opened: No such file or directory; put the secret alone into that file") !=
        std::string::npos);
  CHECK(error("empty").find("empty is empty; put the secret into it") != std::string::npos);
  CHECK(error("lines").find("lines has more than one line") != std::string::npos);
  CHECK(error("nul").find("nul has more than one line (or is no text)") != std::string::npos);
  CHECK(error("large").find("large is larger than 16 KiB") != std::string::npos);
  CHECK(error(".").find("is a folder, not a file") != std::string::npos);
}

TEST_CASE("a literal secret may stand only in a file that others cannot read") {
  const std::string text = Remote("basic: { id: a, key: s3cret }");
  CHECK(LoadText(text, {}, 0600).text().empty());
  CHECK(LoadText(text, {}, 0640).text().empty());
  const Loaded open = LoadText(text, {}, 0644);
  REQUIRE(open.errors.size() == 1);
  CHECK(open.errors[0].starts_with(
      "1:73: target.basic.key stands in a configuration that every user of this machine can read; chmod o= /"));
  CHECK(open.Says("or move the secret to a file with mode 0600 or to ${NAME}"));
  CHECK_FALSE(open.Says("s3cret"));
  CHECK(open.config.target.basic->key.empty());
}

TEST_CASE("a secret from the environment may stand in any file, and must not be empty") {
  const std::string text = Remote("basic: { id: a, key: \"${KEY}\" }");
  const Loaded loaded = LoadText(text, {{"KEY", "s3cret"}}, 0644);
  REQUIRE(loaded.text().empty());
  CHECK(loaded.config.target.basic->key.Reveal() == "s3cret");
  CHECK(LoadText(text, {{"KEY", ""}}, 0644).Says("target.basic.key is empty; give the environment variable a value"));
}

TEST_CASE("a secret is given once: both ways and neither are errors") {
  CHECK(LoadText(Remote("basic: { id: a, key: x, key_file: y }"))
            .Says("1:76: target.basic has both \"key\" and \"key_file\"; keep one of the two"));
  CHECK(LoadText(Remote("basic: { id: a }")).Says("target.basic lacks \"key\"; add \"key\" or \"key_file\""));
  CHECK(LoadText(Remote("basic: { key: x }")).Says("target.basic lacks \"id\"; add \"id\" or \"id_file\""));
}

TEST_CASE("every credential may come from a file of its own") {
  const Folder folder;
  folder.Write("i", "the-id\n");
  folder.Write("e", "sync@example.com\n");
  folder.Write("p", "p4ss\n");
  const Loaded loaded =
      LoadFile(folder.Write("c.yaml", Remote("login: { api_id_file: i, email_file: e, password_file: p }")));
  REQUIRE(loaded.text().empty());
  CHECK(loaded.config.target.login->api_id.value == "the-id");
  CHECK(loaded.config.target.login->email.value == "sync@example.com");
  CHECK(loaded.config.target.login->password.Reveal() == "p4ss");
}

TEST_CASE("no mistake around a secret prints it") {
  for (const char* credentials :
       {"basic: s3cret", "basic: [s3cret]", "basic: { id: a, key: [s3cret] }", "basic: { id: a, key: { s3cret: 1 } }",
        "basic: { id: a, key: s3cret, key_file: x }", "basic: { id: a, key:s3cret }",
        "login: { api_id: a, email: b, password: s3cret }, basic: { id: a, key: s3cret }"}) {
    CAPTURE(credentials);
    const Loaded loaded = LoadText(Remote(credentials), {}, 0644);
    CHECK_FALSE(loaded.errors.empty());
    CHECK_FALSE(loaded.Says("s3cret"));
  }
}

TEST_CASE("a moved secret leaves nothing behind, a copy is whole, assigning to itself is harmless") {
  Secret first("a-secret-long-enough-for-the-heap-of-any-library");
  Secret copy = first;
  Secret moved = std::move(first);
  CHECK(first.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the promise
  CHECK(moved.Reveal() == copy.Reveal());
  Secret& same = copy;
  copy = same;
  CHECK(copy.Reveal() == moved.Reveal());
  copy = Secret("other");
  CHECK(copy.Reveal() == "other");
}

TEST_CASE("a secret that goes leaves no trace in the memory it lay in") {
  alignas(Secret) unsigned char room[sizeof(Secret)] = {};
  // Short enough to lie inside the object itself, where the test may look after its end.
  auto* secret = new (room) Secret("p4ssw0rd");
  CHECK(secret->Reveal() == "p4ssw0rd");
  secret->~Secret();
  const std::string after(room, room + sizeof(room));
  CHECK(after.find("p4ssw0rd") == std::string::npos);
  CHECK(after.find("4ssw0rd") == std::string::npos);
}

}  // namespace ucaas_sync::config
