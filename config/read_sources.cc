#include <algorithm>
#include <string>
#include <utility>

#include "config/readers.h"
#include "daemon/model/text.h"

namespace ucaas_sync::config {
namespace {

constexpr std::string_view kNameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

bool IsPattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

void ReadPathAndFormat(Section& source, SourceConfig& out) {
  if (source.Has("ldap")) {
    source.diagnostics().Error(source.KeyAt("ldap"), source.NameOf("ldap") + ": live LDAP is not part of this version",
                               "export with ldapsearch or ldifde and name the file as ldif");
    return;
  }
  if (source.Has("csv") && source.Has("ldif")) {
    source.diagnostics().Error(source.KeyAt("ldif"), source.name() + " has both \"csv\" and \"ldif\"",
                               "keep one of the two; two files are two sources");
    return;
  }
  if (!source.Has("csv") && !source.Has("ldif")) {
    source.Require("csv", "add csv: PATH or ldif: PATH");
    return;
  }
  const std::string_view key = source.Has("csv") ? "csv" : "ldif";
  out.format = key == "csv" ? Format::kCsv : Format::kLdif;
  Text written;
  source.Read(key, written);
  if (written.empty()) return;
  if (written.value.find("://") != std::string::npos) {
    source.diagnostics().Error(written.at, source.NameOf(key) + " is a URL; this version reads files only",
                               "fetch the file first, and name it here");
    return;
  }
  source.ReadPath(key, out.path);
  const bool pattern = IsPattern(written.value);
  if (pattern && !source.Has("pick")) {
    source.diagnostics().Error(written.at,
                               source.NameOf(key) + " is a pattern, and nothing says which of its files count",
                               "add pick: newest or pick: all");
  } else if (!pattern && source.Has("pick")) {
    source.diagnostics().Error(source.KeyAt("pick"),
                               source.NameOf("pick") + " goes with a pattern such as people-*.csv",
                               "remove it, or write a pattern");
  }
}

void ReadDelimiter(Section& source, SourceConfig& out) {
  Text text;
  const Node* node = source.Find("delimiter");
  if (node == nullptr) return;
  if (!node->is_scalar()) {
    ReportType(source.context(), *node, source.NameOf("delimiter"), "text");
    return;
  }
  if (out.format != Format::kCsv) {
    source.diagnostics().Error(source.KeyAt("delimiter"), source.NameOf("delimiter") + " is for csv only", "remove it");
    return;
  }
  const std::string& value = node->value;
  if (value == "tab" || value == "\t") {
    out.delimiter = '\t';
    return;
  }
  const auto is_punctuation = [](char c) {
    return c > 0x20 && c < 0x7F && c != '"' && kNameCharacters.substr(0, 62).find(c) == std::string_view::npos;
  };
  if (value.size() == 1 && is_punctuation(value.front())) {
    out.delimiter = value.front();
  } else {
    source.diagnostics().Error(node->at, source.NameOf("delimiter") + ": " + Quoted(value) + " cannot separate fields",
                               "write one of \",\" \";\" \"|\" or tab, in quotes");
  }
}

void ReadEncoding(Section& source, SourceConfig& out) {
  source.Read("encoding", out.encoding);
  const auto fits = [](char c) {
    return kNameCharacters.find(c) != std::string_view::npos || c == ':' || c == '+' || c == '(' || c == ')';
  };
  // iconv's "//TRANSLIT" and "//IGNORE" would change or drop characters in silence.
  if (!std::all_of(out.encoding.value.begin(), out.encoding.value.end(), fits)) {
    source.diagnostics().Error(out.encoding.at,
                               source.NameOf("encoding") + ": " + Quoted(out.encoding.value) + " names no encoding",
                               "write a name that iconv knows: windows-1252, iso-8859-15, utf-16le");
  }
}

void ReadDateFormat(Section& source, SourceConfig& out) {
  out.date_format.value = "%Y-%m-%d";
  source.Read("date_format", out.date_format);
  const std::string& format = out.date_format.value;
  bool year = false;
  bool month = false;
  bool day = false;
  for (std::size_t i = format.find('%'); i != std::string::npos; i = format.find('%', i + 2)) {
    const char letter = i + 1 < format.size() ? format[i + 1] : '\0';
    year = year || letter == 'Y';
    month = month || letter == 'm';
    day = day || letter == 'd';
    if (letter == '\0' || std::string_view("YmdHMS").find(letter) == std::string_view::npos) {
      source.diagnostics().Error(out.date_format, i,
                                 source.NameOf("date_format") + ": " + Quoted(format.substr(i, 2)) + " is not known",
                                 "use %Y %m %d, and %H %M %S for a time of day");
      return;
    }
  }
  if (!year || !month || !day) {
    source.diagnostics().Error(out.date_format.at, source.NameOf("date_format") + " does not name a day",
                               "it needs %Y, %m and %d, as in %d.%m.%Y");
  }
}

void ReadPrefer(Section& source, SourceConfig& out) {
  source.ReadList("prefer", Section::OneOrMore::kTextIsListOfOne, out.prefer);
  for (const Text& clause : out.prefer) {
    const std::string_view text = Trim(clause.value);
    const bool by_date = (text.starts_with("newest ") || text.starts_with("oldest ")) && !Trim(text.substr(7)).empty();
    if (by_date || text.starts_with('(')) continue;
    source.diagnostics().Error(clause.at, source.NameOf("prefer") + ": " + Quoted(text) + " is no preference",
                               "write a filter \"(primary=Y)\", or \"newest ATTRIBUTE\" or \"oldest ATTRIBUTE\"");
  }
}

void ReadSplit(Section& source, SourceConfig& out) {
  source.ReadPairs("split", out.split);
  if (out.format != Format::kCsv && source.Has("split")) {
    const std::string attribute = out.split.empty() ? "skills" : Shorten(out.split.front().first.value, 60);
    const std::string separator = out.split.empty() ? ";" : Shorten(out.split.front().second.value, 10);
    source.diagnostics().Error(
        source.KeyAt("split"), source.NameOf("split") + " is for csv only",
        "LDIF repeats an attribute that has several values; where one value holds several, split "
        "it in the template: {" +
            attribute + "|split:\"" + separator + "\"}");
    return;
  }
  for (const auto& [attribute, separator] : out.split) {
    if (!separator.value.empty()) continue;
    source.diagnostics().Error(separator.at, source.NameOf("split") + "." + Shorten(attribute.value, 60) + " is empty",
                               "write what separates the values, as in \";\"");
  }
}

// What is asked of a file cannot be asked of a command that knows by itself what it reads.
void RefuseWithoutFile(Section& source, const SourceConfig& out) {
  if (ReadsItsPath(out)) return;
  const auto refuse = [&source](std::string_view key, const std::string& otherwise) {
    if (!source.Has(key)) return;
    source.diagnostics().Error(
        source.KeyAt(key), source.NameOf(key) + " has no file to look at, for \"command\" names none",
        "write \"{file}\" where the command names its file, as in [gpg, --decrypt, \"{file}\"], or " + otherwise);
  };
  refuse("max_age", "remove it, and let the command itself fail when what it reads is too old");
  if (IsPattern(out.path.value)) refuse("pick", "remove it, and name a file without a wildcard");
}

SourceConfig ReadSource(Context& context, const Entry& entry) {
  SourceConfig out;
  out.name = entry.key.AsText();
  const std::string& name = out.name.value;
  if (name.empty() || name.find_first_not_of(kNameCharacters) != std::string::npos) {
    context.diagnostics.Error(entry.key.at, Quoted(name) + " cannot name a source",
                              "use letters, digits, \"_\", \"-\" and \".\"");
  }
  Section source(context, entry.value, "sources." + Shorten(name, 60), entry.key.at,
                 {"csv", "ldif", "ldap", "pick", "command", "key", "filter", "delimiter", "encoding", "split",
                  "date_format", "prefer", "required", "max_age", "min_records", "final_newline"});
  if (!source.readable()) return out;
  ReadPathAndFormat(source, out);
  Pick pick = Pick::kNewest;
  if (source.Has("pick")) {
    source.ReadWord<Pick>("pick", {{"newest", Pick::kNewest}, {"all", Pick::kAll}}, pick);
    out.pick = pick;
  }
  source.ReadList("command", Section::OneOrMore::kListOnly, out.command);
  source.Require("key", "add key: the column or attribute that never changes for a person, such as employee_id");
  source.Read("key", out.key);
  source.Read("filter", out.filter);
  ReadDelimiter(source, out);
  ReadEncoding(source, out);
  ReadSplit(source, out);
  ReadDateFormat(source, out);
  ReadPrefer(source, out);
  source.Read("required", out.required);
  if (source.Has("max_age")) {
    Duration age{0};
    source.Read("max_age", age);
    if (age.count() > 0) out.max_age = age;
  }
  source.ReadInteger("min_records", out.min_records, 1);
  source.ReadWord<bool>("final_newline", {{"required", true}, {"optional", false}}, out.final_newline_required);
  RefuseWithoutFile(source, out);
  return out;
}

}  // namespace

bool ReadsItsPath(const SourceConfig& source) {
  return source.command.empty() || std::any_of(source.command.begin(), source.command.end(), [](const Text& word) {
           return word.value.find(kFilePlaceholder) != std::string::npos;
         });
}

std::vector<SourceConfig> ReadSources(Context& context, const Node& node) {
  std::vector<SourceConfig> sources;
  if (node.type != Node::Type::kMap) {
    ReportType(context, node, "sources", "a map of keys");
    return sources;
  }
  for (const Entry& entry : node.entries) sources.push_back(ReadSource(context, entry));
  return sources;
}

std::vector<TableConfig> ReadTables(Context& context, const Node& node) {
  std::vector<TableConfig> tables;
  if (node.type != Node::Type::kMap) {
    ReportType(context, node, "tables", "a map of keys");
    return tables;
  }
  for (const Entry& entry : node.entries) {
    TableConfig table;
    table.name = entry.key.AsText();
    ReadPairs(context, entry, "tables." + Shorten(entry.key.value, 60), table.entries);
    tables.push_back(std::move(table));
  }
  return tables;
}

}  // namespace ucaas_sync::config
