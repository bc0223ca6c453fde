#include "config/secrets.h"

#include <string.h>

#include <string>
#include <utility>
#include <variant>

#include "config/file.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

constexpr std::size_t kLimit = 16 * 1024;

/// Wipes all that the string ever had room for: a moved-from or shortened one still holds its old bytes.
void WipeString(std::string& text) {
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

/// systemd hands credentials over in a folder that only the service can enter; their mode says nothing then.
bool IsSystemdCredential(const std::filesystem::path& path, const Environment& environment) {
  const std::optional<std::string> folder = environment("CREDENTIALS_DIRECTORY");
  if (!folder || folder->empty()) return false;
  const std::filesystem::path relative = path.lexically_relative(std::filesystem::path(*folder).lexically_normal());
  return !relative.empty() && *relative.begin() != ".." && *relative.begin() != ".";
}

/// The content of the file that `key` names, without its last newline; nothing after a problem.
std::optional<std::string> ReadFileOf(Section& section, std::string_view key) {
  Text path;
  section.ReadPath(key, path);
  if (path.empty()) return std::nullopt;
  const auto complain = [&](const std::string& what, std::string remedy) {
    section.diagnostics().Error(path.at, section.NameOf(key) + ": " + path.value + " " + what, std::move(remedy));
    return std::nullopt;
  };

  std::variant<SmallFile, Unreadable> read = ReadSmallFile(path.value, kLimit);
  if (const auto* failure = std::get_if<Unreadable>(&read)) {
    return complain(failure->why,
                    "put the secret alone into that file, with mode 0600 and owned by the user this program runs as "
                    "(root becomes ucaas-sync, where the package made that user: chown ucaas-sync " +
                        path.value + ")");
  }
  SmallFile& file = std::get<SmallFile>(read);
  const bool open_to_others = (file.mode & 077U) != 0;
  if (open_to_others && !IsSystemdCredential(path.value, section.context().environment)) {
    WipeString(file.bytes);
    return complain("can be read by other users", "chmod 600 " + path.value);
  }
  std::string& text = file.bytes;
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    WipeString(text);
    return complain("has more than one line (or is no text)", "put the secret alone into it");
  }
  if (text.empty()) return complain("is empty", "put the secret into it");
  return std::move(text);
}

/// Which of `key` and `key`_file was written; reports both and neither.
enum class Form { kNone, kLiteral, kFile };
Form FormOf(Section& section, std::string_view key, const std::string& file_key) {
  const bool literal = section.Has(key);
  const bool file = section.Has(file_key);
  if (literal && file) {
    section.diagnostics().Error(section.KeyAt(file_key),
                                section.name() + " has both \"" + std::string(key) + "\" and \"" + file_key + "\"",
                                "keep one of the two");
    return Form::kNone;
  }
  if (literal) return Form::kLiteral;
  if (file) return Form::kFile;
  section.Require(key, "add \"" + std::string(key) + "\" or \"" + file_key + "\"");
  return Form::kNone;
}

}  // namespace

Secret::Secret(std::string value) : value_(value) {
  WipeString(value);
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)) {
  WipeString(other.value_);
}

Secret& Secret::operator=(Secret other) noexcept {
  value_.swap(other.value_);
  return *this;
}

Secret::~Secret() {
  WipeString(value_);
}

bool CheckLiteralSecret(Section& section, std::string_view key, const Node& node) {
  if (node.from_variable || !section.context().readable_by_others) return true;
  section.diagnostics().Error(
      node.at, section.NameOf(key) + " stands in a configuration that every user of this machine can read",
      "chmod o= " + section.context().file.string() + ", or move the secret to a file with mode 0600 or to ${NAME}");
  return false;
}

Secret ReadSecret(Section& section, std::string_view key) {
  const std::string file_key = std::string(key) + "_file";
  switch (FormOf(section, key, file_key)) {
    case Form::kNone:
      return Secret();
    case Form::kFile: {
      std::optional<std::string> text = ReadFileOf(section, file_key);
      return text ? Secret(std::move(*text)) : Secret();
    }
    case Form::kLiteral:
      break;
  }
  const Node* node = section.Find(key);
  if (node == nullptr) return Secret();
  if (!node->is_scalar()) {
    ReportType(section.context(), *node, section.NameOf(key), "text");
    return Secret();
  }
  if (node->value.empty()) {
    section.diagnostics().Error(node->at, section.NameOf(key) + " is empty",
                                node->from_variable ? "give the environment variable a value" : "give it a value");
    return Secret();
  }
  if (!CheckLiteralSecret(section, key, *node)) return Secret();
  return Secret(node->value);
}

Text ReadCredentialText(Section& section, std::string_view key) {
  const std::string file_key = std::string(key) + "_file";
  Text text;
  switch (FormOf(section, key, file_key)) {
    case Form::kNone:
      break;
    case Form::kLiteral:
      section.Read(key, text);
      break;
    case Form::kFile:
      if (std::optional<std::string> content = ReadFileOf(section, file_key)) {
        if (!IsUtf8(*content)) {
          section.diagnostics().Error(section.KeyAt(file_key), section.NameOf(file_key) + " is not UTF-8 text");
          break;
        }
        text = {std::move(*content), section.KeyAt(file_key), false};
      }
      break;
  }
  return text;
}

}  // namespace ucaas_sync::config
