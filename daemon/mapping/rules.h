// The configuration's sources and rules, compiled: every name is a slot, every filter and template a program.
// Values; constant after Compile but for SetToday(). Templates point at the book's tables, so a book is not copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "daemon/mapping/dates.h"
#include "daemon/mapping/filter.h"
#include "daemon/mapping/prefer.h"
#include "daemon/mapping/template.h"
#include "daemon/mapping/word_table.h"
#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/record.h"
#include "daemon/model/time.h"

namespace ucaas_sync::mapping {

/// Attributes that something in the configuration names; one of them must be carried by the source.
struct Need {
  std::vector<Slot> attributes;  ///< Alternatives, as slots of the leading source.
  Location at;                   ///< Where the configuration names the first.
  std::string used_by;           ///< "users need", "the filter of source hr needs"
  bool in_template = false;      ///< A template could give it a default; a filter or a join cannot.
};

struct CompiledJoin {
  struct Copy {
    Slot from = kNoSlot;  ///< In the partner's table.
    Slot to = kNoSlot;    ///< In the leading source's.
  };
  std::size_t partner = 0;   ///< Index of the source.
  Slot attribute = kNoSlot;  ///< Of the leading source; holds the partner's key.
  std::vector<Copy> copies;
};

struct CompiledField {
  FieldId id = 0;
  Template value;
};

struct CompiledRule {
  Kind kind = Kind::kUser;
  std::uint16_t index = 0;   ///< Among all rules of the configuration.
  std::uint16_t source = 0;  ///< Leading source.
  Filter filter;
  std::string filter_named;  ///< "the filter of users from hr (/etc/ucaas-sync/config.yaml:12)"
  Filter left;
  Filter scope;
  std::optional<Template> key;
  std::vector<CompiledField> fields;
  std::optional<Template> groups;
  std::optional<Template> members;
  std::vector<CompiledJoin> joins;
  std::vector<DateReader> dates;  ///< By origin: the leading source's, then each join's.
  std::vector<Need> needs;
  bool reads_bytes = false;  ///< A source of it may hold values that are not UTF-8 (LDIF).

  /// Groups without a key of their own are known by their name; everybody else by the source's key.
  bool keyed_by_name() const { return !key && kind == Kind::kGroup; }
  bool keyed_by_source() const { return !key && kind != Kind::kGroup; }
};

struct CompiledSource {
  std::string name;
  std::string location;  ///< Its path in the configuration.
  config::Format format = config::Format::kCsv;
  AttributeTable table = AttributeTable::Selected();
  Slot first_marker = 0;      ///< From here on, slots are markers and not attributes.
  std::vector<Slot> markers;  ///< By slot, where ranges may come: a value there says that the attribute lacks its tail.
  Slot key = kNoSlot;
  bool key_is_needed = false;  ///< A rule, a join or `prefer` looks at it.
  Location key_at;
  std::string filter_text;
  std::string filter_named;  ///< "the filter of source hr (/etc/ucaas-sync/config.yaml:12)"
  Filter filter;
  Preference prefer;
  DateReader dates;
  std::vector<std::size_t> rules;  ///< Those it leads.
  std::vector<bool> joined;        ///< By slot: kept for those who join it. Empty: nobody does.
  std::vector<bool> mapped;        ///< By slot: a template takes a value from it, here or in who joins it.
  std::vector<Need> needs;         ///< Of its own filter and preference.

  bool is_used() const { return !rules.empty() || is_joined(); }
  bool is_joined() const { return !joined.empty(); }
  bool is_mapped(Slot slot) const { return slot < mapped.size() && mapped[slot]; }
  /// "column" or "attribute"
  const char* attribute_word() const { return format == config::Format::kCsv ? "column" : "attribute"; }
};

struct RuleBook {
  std::vector<WordTable> tables;
  std::vector<CompiledSource> sources;  ///< As in the configuration.
  std::vector<CompiledRule> rules;      ///< As in the configuration, without those whose source does not exist.
  std::vector<std::size_t> read_order;
  bool keeps_partners_dn = false;  ///< Some rule maps members, whose DNs are looked up.

  static std::unique_ptr<RuleBook> Compile(const config::Config& config, config::Diagnostics& diagnostics);
  void SetToday(Date today);
};

}  // namespace ucaas_sync::mapping
