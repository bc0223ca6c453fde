// The configuration as plain structs, one per section of the file. What other rooms must parse (filters, templates,
// tables of codes and routes) is kept as located text. Every value is the one in force: the loader fills in the
// defaults, and the initialisers here are those defaults unless a comment says otherwise. Values own what they hold and
// are not changed after loading, so threads may share them.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "daemon/model/kind.h"
#include "daemon/model/time.h"

namespace ucaas_sync::config {

/// A secret: printed as nothing, wiped when it goes, also from the places it was moved or copied from.
class Secret {
 public:
  Secret() = default;
  /// Takes the value over and wipes what the argument held.
  explicit Secret(std::string value);
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret other) noexcept;
  ~Secret();
  bool empty() const { return value_.empty(); }
  /// The only way to it; call as late as possible.
  const std::string& Reveal() const { return value_; }

 private:
  std::string value_;
};

enum class Membership : std::uint8_t { kContact, kGroup, kRecreate, kOff };

struct RetryConfig {
  std::uint32_t attempts = 6;
  Duration first_delay{500};
  Duration max_delay{60'000};
  Duration give_up{600'000};
};

struct BasicCredentials {
  Text id;
  Secret key;
};

struct LoginCredentials {
  Text api_id;
  Text email;
  Secret password;
};

struct TargetConfig {
  Location at;
  Text base_url;  ///< With a final slash. Empty when `sandbox` is set.
  Text sandbox;   ///< Absolute path of the sandbox's SQLite file; empty for a remote target.
  std::optional<BasicCredentials> basic;
  std::optional<LoginCredentials> login;
  bool allow_http = false;
  Duration timeout{30'000};
  Duration connect_timeout{10'000};
  std::uint32_t concurrency = 8;
  double rate = 20;  ///< Requests a second.
  std::uint32_t page_length = 100;
  Text ca_file;
  Text proxy;
  RetryConfig retry;
  std::vector<std::pair<Text, Text>> result_codes;  ///< code → verdict, checked by connectors/ucaas
  std::vector<std::pair<Text, Text>> routes;        ///< name → path, checked by connectors/ucaas
  Membership membership = Membership::kContact;
};

enum class Format : std::uint8_t { kCsv, kLdif };
enum class Pick : std::uint8_t { kNewest, kAll };

struct SourceConfig {
  Text name;
  Format format = Format::kCsv;
  Text path;  ///< Absolute; may be a pattern ("people-*.csv").
  std::optional<Pick> pick;
  std::vector<Text> command;  ///< Empty: the file itself is read. "{file}" stands for its path.
  Text key;                   ///< The attribute that is the record's key.
  Text filter;                ///< Empty: every record.
  std::optional<char> delimiter;
  Text encoding;                             ///< An iconv name; empty is UTF-8 (or UTF-16 by its BOM).
  std::vector<std::pair<Text, Text>> split;  ///< attribute → separator
  Text date_format;                          ///< Default %Y-%m-%d
  std::vector<Text> prefer;                  ///< "(filter)", "newest ATTRIBUTE", "oldest ATTRIBUTE"
  bool required = true;
  std::optional<Duration> max_age;
  std::uint64_t min_records = 1;
  bool final_newline_required = true;
};

inline constexpr std::string_view kFilePlaceholder = "{file}";

/// Whether the source's path is opened, or named to its command. What a command without "{file}" reads nobody knows but
/// the command.
bool ReadsItsPath(const SourceConfig& source);

enum class EmptyPolicy : std::uint8_t { kKeep, kClear };
enum class ExistingPolicy : std::uint8_t { kAdopt, kQuarantine };
enum class AbsentPolicy : std::uint8_t { kSuspend, kDelete, kKeep };

struct RuleConfig {
  Kind kind = Kind::kUser;
  Location at;
  Text from;                                ///< Name of a source.
  std::vector<std::pair<Text, Text>> join;  ///< partner source → attribute of `from` that holds the partner's key
  Text filter;
  Text left;
  Text scope;
  Text key;                                   ///< A template; empty: the source's key (groups: the name).
  std::vector<std::pair<Text, Text>> fields;  ///< field → template, as written
  std::vector<Text> create_only;              ///< names of fields
  EmptyPolicy empty = EmptyPolicy::kKeep;
  ExistingPolicy existing = ExistingPolicy::kAdopt;
  AbsentPolicy absent = AbsentPolicy::kSuspend;  ///< Users: suspend; contacts and groups: delete.
  Duration absent_after{24 * 3600 * 1000LL};
  std::optional<Duration> delete_after;  ///< Nothing: never.
  bool delete_adopted = false;
  Text groups;   ///< Contacts: template of group names.
  Text members;  ///< Groups: template of members' DNs or keys.
  bool nested = false;
};

/// Each part may be absent: then it does not limit. Percentages are 0 to 100. As loaded, a part that the file does not
/// give has its default; a file that gives `5%` alone changes `percent` alone. The defaults:
///   percent   user create 20, update 30, suspend 5, delete 5; contact 20, 30, none, 5; group 20, 30, none, 20
///   count     500 for suspend and delete, none for create and update
///   week      10 for suspend and delete, none for create and update
///   at_least  10 for create; none for the others: the guards then use 3, or 1 where fewer than 10 are active
/// Contacts and groups are never suspended: their `suspend` stays empty and the file cannot set it.
struct GuardLimit {
  std::optional<double> percent;
  std::optional<std::uint64_t> count;
  std::optional<std::uint64_t> at_least;
  std::optional<double> week;
};

struct KindGuards {
  GuardLimit create;
  GuardLimit update;
  GuardLimit suspend;
  GuardLimit remove;  ///< `delete` in the file.
};

/// The table above, by Index(Kind).
std::array<KindGuards, kKindCount> DefaultKindGuards();

/// Percentages, 0 to 100.
struct GuardsConfig {
  std::array<KindGuards, kKindCount> kinds = DefaultKindGuards();  ///< by Index(Kind)
  double rewrite = 30;
  double members_lost = 50;
  double source_drop = 20;
  double rejects = 5;
  double fill_drop = 20;
  double failures = 20;
  Text protect;  ///< A filter on the target's fields; empty: nobody is protected.
};

enum class Drift : std::uint8_t { kRepair, kReport };

struct ScheduleConfig {
  Duration every{5 * 60'000};
  bool watch = true;
  Duration refresh{24 * 3600 * 1000LL};
  std::vector<Text> at;  ///< Each a TimeWindow, checked; empty: always.
};

struct JournalConfig {
  Duration keep{400 * 24 * 3600 * 1000LL};
};

struct NotifyConfig {
  Secret webhook;             ///< An https URL; such URLs often carry a token, so it is never printed.
  std::vector<Text> command;  ///< Run without a shell.
};

enum class LogFormat : std::uint8_t { kText, kJson };
enum class People : std::uint8_t { kFull, kKey, kHash };

struct LogConfig {
  std::string level = "info";       ///< debug, info, warning or error
  std::optional<LogFormat> format;  ///< Nothing: text, or what suits the journal under systemd.
  People people = People::kFull;
};

struct PagesConfig {
  People people = People::kKey;
};

/// A word table for the template filter `map:`. The key "*" is the default.
struct TableConfig {
  Text name;
  std::vector<std::pair<Text, Text>> entries;
};

struct Config {
  std::filesystem::path file;       ///< Absolute.
  std::filesystem::path state_dir;  ///< Absolute.
  TargetConfig target;
  std::vector<SourceConfig> sources;
  std::vector<TableConfig> tables;
  std::vector<RuleConfig> rules;  ///< Users, then groups, then contacts, each in the file's order.
  GuardsConfig guards;
  std::string timezone = "local";  ///< "local", "UTC" or a name of the tz database.
  LogConfig log;
  Text listen;  ///< "127.0.0.1:9847", "[::1]:9847" or "unix:/absolute/path"; empty: no endpoints.
  Drift drift = Drift::kRepair;
  ScheduleConfig schedule;
  JournalConfig journal;
  NotifyConfig notify;
  PagesConfig pages;
  /// SHA-256 of what can change a plan, after ${NAME} and defaults, in a canonical form: comments, layout and the order
  /// of keys do not count, nor do secrets, log, listen, state_dir, schedule, pace and time limits.
  std::string hash;
};

}  // namespace ucaas_sync::config
