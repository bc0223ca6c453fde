#include "daemon/mapping/rules.h"

#include <algorithm>
#include <utility>

#include "daemon/mapping/booleans.h"
#include "daemon/model/text.h"

namespace ucaas_sync::mapping {
namespace {

/// The name under which the LDIF reader says that a ranged attribute lacks its tail.
constexpr std::string_view kRangeMarker = ";range";

std::optional<std::size_t> FindSource(const config::Config& config, const std::string& name) {
  for (std::size_t i = 0; i < config.sources.size(); ++i) {
    if (config.sources[i].name.value == name) return i;
  }
  return std::nullopt;
}

void Mark(std::vector<bool>& slots, Slot slot) {
  if (slots.size() <= slot) slots.resize(slot + 1);
  slots[slot] = true;
}

std::string Plural(Kind kind) {
  return std::string(Name(kind)) + "s";
}

/// " (FILE:LINE)"; a column would not help to find a filter.
std::string LineOf(Location at) {
  at.column = 0;
  return " (" + at.ToString() + ')';
}

/// The slot of what says that the attribute of `slot` lacks the tail of its range.
Slot NeedMarker(CompiledSource& source, Slot slot) {
  const Slot marker = source.table.Need(std::string(source.table.NameOf(slot)) + std::string(kRangeMarker));
  if (source.markers.size() <= slot) source.markers.resize(slot + 1, kNoSlot);
  return source.markers[slot] = marker;
}

class RuleCompiler {
 public:
  RuleCompiler(const config::RuleConfig& config, RuleBook& book, config::Diagnostics& diagnostics, CompiledRule& rule)
      : config_(config), book_(book), diagnostics_(diagnostics), rule_(rule), leading_(book.sources[rule.source]) {}

  void Compile(const config::Config& all) {
    rule_.filter = CompileFilter(config_.filter);
    rule_.filter_named = "the filter of " + Plural(rule_.kind) + " from " + leading_.name + LineOf(config_.filter.at);
    rule_.left = CompileFilter(config_.left);
    rule_.scope = CompileFilter(config_.scope);
    if (!config_.key.empty()) rule_.key = CompileTemplate(config_.key, Template::Yield::kOne);
    for (const auto& [name, text] : config_.fields) {
      // A field that the kind does not have is reported where the file is read.
      const auto id = FindField(rule_.kind, name.value);
      if (!id) continue;
      rule_.fields.push_back({.id = *id, .value = CompileTemplate(text, Template::Yield::kOne)});
      CheckConstant(text, rule_.fields.back());
    }
    if (!config_.groups.empty()) rule_.groups = CompileTemplate(config_.groups, Template::Yield::kEach);
    if (!config_.members.empty()) rule_.members = CompileTemplate(config_.members, Template::Yield::kEach);
    rule_.dates.push_back(leading_.dates);
    rule_.reads_bytes = leading_.format == config::Format::kLdif;
    for (const auto& [partner, attribute] : config_.join) {
      const auto index = FindSource(all, partner.value);
      if (!index) continue;
      CompileJoin(*index, attribute);
    }
    if (rule_.keyed_by_source()) leading_.key_is_needed = true;
  }

  /// Once every attribute of every source has its slot.
  void AddMarkers() {
    if (!rule_.reads_bytes) return;
    for (const Slot slot : named_) {
      const Slot marker = NeedMarker(leading_, slot);
      for (CompiledJoin& join : rule_.joins) AddMarker(join, slot, marker);
    }
  }

 private:
  Slot Resolve(std::string_view name) {
    const Slot slot = leading_.table.Need(name);
    if (std::find(named_.begin(), named_.end(), slot) == named_.end()) named_.push_back(slot);
    return slot;
  }

  void AddMarker(CompiledJoin& join, Slot slot, Slot marker) {
    CompiledSource& partner = book_.sources[join.partner];
    const auto copy = std::find_if(join.copies.begin(), join.copies.end(),
                                   [&](const CompiledJoin::Copy& each) { return each.to == slot; });
    if (copy != join.copies.end() && partner.format != config::Format::kCsv) NeedMarker(partner, copy->from);
    AddCopy(join, leading_.table.NameOf(marker), marker);
  }

  Filter CompileFilter(const config::Text& text) {
    return Filter::Compile(
        text,
        [&](std::string_view name, std::size_t offset) {
          const Slot slot = Resolve(name);
          rule_.needs.push_back({.attributes = {slot}, .at = text.At(offset), .used_by = Plural(rule_.kind) + " need"});
          return slot;
        },
        diagnostics_);
  }

  Template CompileTemplate(const config::Text& text, Template::Yield yield) {
    Template compiled = Template::Compile(
        text, yield,
        [&](std::string_view name, std::size_t /*offset*/) {
          const Slot slot = Resolve(name);
          Mark(leading_.mapped, slot);
          return slot;
        },
        book_.tables, diagnostics_);
    for (const Template::Use& use : compiled.uses()) {
      if (use.has_default) continue;
      rule_.needs.push_back({.attributes = use.attributes,
                             .at = text.At(use.offset),
                             .used_by = Plural(rule_.kind) + " need",
                             .in_template = true});
    }
    return compiled;
  }

  /// What can be judged without a record is judged now.
  void CheckConstant(const config::Text& text, const CompiledField& field) {
    if (!field.value.is_constant()) return;
    const FieldSpec& spec = FieldsOf(rule_.kind)[field.id];
    Scratch scratch;
    Workbench bench{.scratch = scratch, .values = {}, .more = {}, .text = {}, .whole = {}};
    const Record nothing;
    const Rendered rendered = field.value.Render({.record = nothing}, bench);
    if (rendered.text.empty()) {
      if (spec.required) diagnostics_.Error(text, 0, std::string(spec.name) + " must not be empty");
      return;
    }
    if (spec.type == FieldType::kBoolean && !ParseBoolean(rendered.text)) {
      diagnostics_.Error(text, 0, "\"" + Shorten(rendered.text, 40) + "\" is neither true nor false",
                         "write \"true\" or \"false\"");
    }
    if (rule_.kind != Kind::kGroup && field.id == NaturalKeyField(rule_.kind)) {
      diagnostics_.Error(text, 0, "one e-mail address for everybody", "name the attribute that holds it, like {mail}");
    }
  }

  void CompileJoin(std::size_t partner, const config::Text& attribute) {
    CompiledSource& source = book_.sources[partner];
    CompiledJoin join{.partner = partner, .attribute = leading_.table.Need(Trim(attribute.value)), .copies = {}};
    rule_.needs.push_back(
        {.attributes = {join.attribute}, .at = attribute.at, .used_by = Plural(rule_.kind) + " need"});
    source.key_is_needed = true;
    for (const Slot slot : named_) AddCopy(join, leading_.table.NameOf(slot), slot);
    rule_.joins.push_back(std::move(join));
    rule_.reads_bytes = rule_.reads_bytes || source.format == config::Format::kLdif;
    rule_.dates.push_back(source.dates);
  }

  void AddCopy(CompiledJoin& join, std::string_view name, Slot own) {
    CompiledSource& source = book_.sources[join.partner];
    const Slot from = source.table.Need(name);
    join.copies.push_back({.from = from, .to = own});
    Mark(source.joined, from);
    if (leading_.is_mapped(own)) Mark(source.mapped, from);
  }

  const config::RuleConfig& config_;
  RuleBook& book_;
  config::Diagnostics& diagnostics_;
  CompiledRule& rule_;
  CompiledSource& leading_;
  std::vector<Slot> named_;
};

CompiledSource CompileSource(const config::SourceConfig& config, config::Diagnostics& diagnostics) {
  CompiledSource source;
  source.name = config.name.value;
  source.location = config.path.value;
  source.format = config.format;
  source.key = source.table.Need(Trim(config.key.value));
  source.key_at = config.key.at;
  source.dates = config.date_format.empty() ? DateReader() : DateReader(config.date_format.value);
  source.filter_text = config.filter.value;
  source.filter_named = "the filter of source " + source.name + LineOf(config.filter.at);
  source.filter = Filter::Compile(
      config.filter,
      [&](std::string_view name, std::size_t offset) {
        const Slot slot = source.table.Need(name);
        source.needs.push_back({.attributes = {slot},
                                .at = config.filter.At(offset),
                                .used_by = "the filter of source " + source.name + " needs"});
        return slot;
      },
      diagnostics);
  const config::Text* const first = config.prefer.empty() ? nullptr : &config.prefer.front();
  source.prefer = Preference::Compile(
      config.prefer,
      [&](std::string_view name, std::size_t /*offset*/) {
        const Slot slot = source.table.Need(name);
        source.needs.push_back(
            {.attributes = {slot}, .at = first->at, .used_by = "prefer of source " + source.name + " needs"});
        return slot;
      },
      diagnostics);
  if (!source.prefer.empty()) source.key_is_needed = true;
  return source;
}

/// Partners before those that join them.
class ReadOrder {
 public:
  ReadOrder(const RuleBook& book, const config::Config& config, config::Diagnostics& diagnostics)
      : book_(book), config_(config), diagnostics_(diagnostics), marks_(book.sources.size(), Mark::kNew) {}

  std::vector<std::size_t> Find() {
    for (std::size_t i = 0; i < book_.sources.size(); ++i) {
      if (book_.sources[i].is_used() && marks_[i] == Mark::kNew) Visit(i);
    }
    return std::move(order_);
  }

 private:
  enum class Mark : std::uint8_t { kNew, kUnderWay, kDone };

  void Visit(std::size_t source) {
    marks_[source] = Mark::kUnderWay;
    for (const std::size_t rule : book_.sources[source].rules) {
      for (const CompiledJoin& join : book_.rules[rule].joins) {
        if (marks_[join.partner] == Mark::kUnderWay) {
          ReportCycle(book_.rules[rule], join.partner, source);
        } else if (marks_[join.partner] == Mark::kNew) {
          Visit(join.partner);
        }
      }
    }
    marks_[source] = Mark::kDone;
    order_.push_back(source);
  }

  void ReportCycle(const CompiledRule& rule, std::size_t partner, std::size_t source) {
    const std::string& name = book_.sources[partner].name;
    const config::RuleConfig& config = config_.rules[rule.index];
    const auto written = std::find_if(config.join.begin(), config.join.end(),
                                      [&](const auto& join) { return join.first.value == name; });
    const Location at = written == config.join.end() ? config.at : written->first.at;
    if (partner == source) {
      diagnostics_.Error(at, "source " + name + " cannot be joined with itself",
                         "define a second source on the same file and join that");
    } else {
      diagnostics_.Error(at, "sources " + name + " and " + book_.sources[source].name + " are joined with each other",
                         "let one of them lead; a partner is read first");
    }
  }

  const RuleBook& book_;
  const config::Config& config_;
  config::Diagnostics& diagnostics_;
  std::vector<Mark> marks_;
  std::vector<std::size_t> order_;
};

}  // namespace

std::unique_ptr<RuleBook> RuleBook::Compile(const config::Config& config, config::Diagnostics& diagnostics) {
  auto book = std::make_unique<RuleBook>();
  for (const config::TableConfig& table : config.tables) book->tables.push_back(WordTable::Compile(table, diagnostics));
  for (const config::SourceConfig& source : config.sources) {
    book->sources.push_back(CompileSource(source, diagnostics));
  }
  // A source that does not exist is reported where the file is read. Its rules are looked at all the same, over a
  // source of no name: whatever else is wrong in them is told at once.
  const bool all_exist = std::all_of(config.rules.begin(), config.rules.end(), [&](const config::RuleConfig& rule) {
    return FindSource(config, rule.from.value).has_value();
  });
  if (!all_exist) book->sources.emplace_back();
  std::vector<RuleCompiler> compilers;
  book->rules.reserve(config.rules.size());
  compilers.reserve(config.rules.size());
  for (std::size_t i = 0; i < config.rules.size(); ++i) {
    const std::size_t source = FindSource(config, config.rules[i].from.value).value_or(config.sources.size());
    CompiledRule& rule = book->rules.emplace_back();
    rule.kind = config.rules[i].kind;
    rule.index = static_cast<std::uint16_t>(i);
    rule.source = static_cast<std::uint16_t>(source);
    book->sources[source].rules.push_back(book->rules.size() - 1);
    compilers.emplace_back(config.rules[i], *book, diagnostics, rule).Compile(config);
    book->keeps_partners_dn = book->keeps_partners_dn || rule.members.has_value();
  }
  for (CompiledSource& source : book->sources) source.first_marker = static_cast<Slot>(source.table.size());
  for (RuleCompiler& compiler : compilers) compiler.AddMarkers();
  for (CompiledSource& source : book->sources) {
    if (source.format == config::Format::kCsv) continue;
    for (const Need& need : source.needs) {
      for (const Slot slot : need.attributes) NeedMarker(source, slot);
    }
  }
  book->read_order = ReadOrder(*book, config, diagnostics).Find();
  return book;
}

void RuleBook::SetToday(Date today) {
  for (CompiledSource& source : sources) {
    source.filter.SetToday(today);
    source.prefer.SetToday(today);
  }
  for (CompiledRule& rule : rules) {
    rule.filter.SetToday(today);
    rule.left.SetToday(today);
    rule.scope.SetToday(today);
  }
}

}  // namespace ucaas_sync::mapping
