// What a seed makes of the company: its configuration, its people and its groups.
#include <algorithm>
#include <array>
#include <utility>

#include "tests/sim/doubtful_company.h"

namespace ucaas_sync::sim {
namespace {

config::Text At(const std::string& value) {
  return {.value = value, .at = {.file = "config.yaml", .line = 1, .column = 1}};
}

}  // namespace

DoubtfulCompany::DoubtfulCompany(Random& random) {
  clock.now = Instant(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23));
  DrawConfig(random);
  DrawPeople(random);
  DrawGroups(random);
  config::Diagnostics diagnostics;
  mapper_ = mapping::Mapper::Compile(config_, diagnostics);
  diagnostics.ThrowIfErrors();
  policy_ = plan::MakePolicy(
      config_, [](Kind /*kind*/, const FieldSetView& /*fields*/) { return false; }, 1);
}

void DoubtfulCompany::DrawConfig(Random& random) {
  constexpr std::array kFilters{"", "(account=active)", "(!(account=disabled))", "(start<=today)",
                                "(&(account=active)(start<=today))"};
  constexpr std::array kLeft{"", "(status=terminated)", "(account=disabled)",
                             "(|(status=terminated)(account=disabled))"};
  constexpr std::array kScopes{"", "", "(team=*)", "(account=*)"};
  constexpr std::array kTitles{"{title}", "{title|default:Staff}", "{title,team}"};
  constexpr std::array kDepartments{"{team}", "{team|join:+}"};
  constexpr std::array kKeys{"", "", "", "{uid}", "K{id}", "{login}"};
  filter_ = random.Pick(kFilters);
  left_ = random.Pick(kLeft);
  scope_ = random.Pick(kScopes);
  title_ = random.Pick(kTitles);
  department_ = random.Pick(kDepartments);
  absent_after_ = std::chrono::hours(random.Chance(50) ? 0 : 24);
  has_old_ = random.Chance(40);
  prefers_ = random.Chance(60);
  groups_from_ = random.Below(3);
  key_ = random.Pick(kKeys);
  clears_ = random.Chance(40);

  const auto add_source = [&](const std::string& name, const std::string& key, config::Format format) {
    config::SourceConfig source;
    source.name = At(name);
    source.format = format;
    source.path = At("/srv/" + name);
    source.key = At(key);
    source.date_format = At("%Y-%m-%d");
    config_.sources.push_back(std::move(source));
    feeds.push_back({.name = name, .entries = {}});
  };
  add_source("hr", "id", config::Format::kCsv);
  if (prefers_) config_.sources.back().prefer.push_back(At(random.Chance(70) ? "(primary=Y)" : "newest start"));
  add_source("dir", "login", config::Format::kLdif);
  config_.sources.back().required = random.Chance(50);
  if (has_old_) add_source("old", "login", config::Format::kCsv);
  if (groups_from_ == 2) add_source("ad", "cn", config::Format::kLdif);
  const bool has_externals = random.Chance(40);
  if (has_externals) add_source("ext", "no", config::Format::kCsv);
  if (has_externals) config_.sources.back().required = random.Chance(50);

  config::RuleConfig users = PeopleRule(Kind::kUser);
  users.fields = {{At("first_name"), At("{name}")}, {At("last_name"), At("{name}")},
                  {At("email"), At("{email}")},     {At("department"), At(department_)},
                  {At("designation"), At(title_)},  {At("user_type"), At("moderator")}};
  if (random.Chance(30)) users.absent = config::AbsentPolicy::kDelete;
  if (random.Chance(30)) {
    users.delete_after = std::chrono::hours(24);
    users.delete_adopted = random.Chance(50);
  }
  config::RuleConfig groups;
  groups.kind = Kind::kGroup;
  groups.at = users.at;
  groups.from = At(groups_from_ == 2 ? "ad" : "hr");
  groups.fields = {{At("name"), At(groups_from_ == 2 ? "{cn}" : "{team}")}};
  if (groups_from_ == 2) groups.members = At("{member}");
  groups.nested = groups_from_ == 2 && random.Chance(70);
  groups.absent = config::AbsentPolicy::kDelete;
  groups.absent_after = absent_after_;
  config::RuleConfig contacts = PeopleRule(Kind::kContact);
  contacts.absent = config::AbsentPolicy::kDelete;
  if (key_.empty() && random.Chance(30)) contacts.key = At("{email}");
  contacts.fields = {{At("name"), At("{name}")}, {At("email"), At("{email}")}, {At("designation"), At(title_)}};
  if (groups_from_ != 2) contacts.groups = At(groups_from_ == 1 ? "{memberOf}" : "{team}");
  config_.rules = {users, std::move(groups), std::move(contacts)};
  if (has_externals) config_.rules.push_back(ExternalsRule(std::move(users)));
  config_.guards.kinds = {};
  config_.guards.rewrite = config_.guards.members_lost = config_.guards.source_drop = config_.guards.rejects =
      config_.guards.fill_drop = 100'000;
}

config::RuleConfig DoubtfulCompany::PeopleRule(Kind kind) const {
  config::RuleConfig rule;
  rule.kind = kind;
  rule.at = {.file = "config.yaml", .line = 1, .column = 1};
  rule.from = At("hr");
  rule.join = {{At("dir"), At("login")}};
  if (has_old_) rule.join.emplace_back(At("old"), At("login"));
  rule.filter = At(filter_);
  rule.left = At(left_);
  rule.scope = At(scope_);
  rule.key = At(key_);
  rule.empty = clears_ ? config::EmptyPolicy::kClear : config::EmptyPolicy::kKeep;
  rule.absent_after = absent_after_;
  return rule;
}

config::RuleConfig DoubtfulCompany::ExternalsRule(config::RuleConfig rule) {
  rule.from = At("ext");
  rule.join.clear();
  rule.filter = rule.left = rule.scope = rule.key = At("");
  rule.fields = {{At("first_name"), At("{name}")},
                 {At("last_name"), At("{name}")},
                 {At("email"), At("{email}")},
                 {At("user_type"), At("moderator")}};
  return rule;
}

void DoubtfulCompany::DrawPeople(Random& random) {
  const std::size_t count = 4 + random.Below(5);
  const auto team = [&] { return "T" + std::to_string(1 + random.Below(3)); };
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string number = std::to_string(i);
    const std::size_t contracts = random.Chance(30) ? 2 : 1;
    for (std::size_t contract = 0; contract < contracts; ++contract) {
      const std::string login = (contract == 0 ? "l" : "x") + number;
      // Where each contract is somebody of its own, it has its own address.
      const bool is_another = contract > 0 && key_ != "K{id}" && !key_.empty();
      FeedNamed("hr").entries.push_back(
          {.dn = {},
           .values = {{"id", "P" + number},
                      {"name", "N" + number},
                      {"email", (is_another ? "f" : "e") + number + "@example.com"},
                      {"login", login},
                      {"status", random.Chance(contract == 0 ? 10 : 50) ? "terminated" : "active"},
                      {"start", random.Chance(10) ? "2100-01-01" : "2020-01-01"},
                      {"primary", contract == 0 ? "Y" : "N"},
                      {"team", team()},
                      {"mgr", "P1"}}});
      for (const std::string source : {"dir", "old"}) {
        // A row that has no key names the group of its team, which then is not made.
        const bool has_the_key = source == "dir" && key_ == "{uid}";
        if (!Has(source) || (!random.Chance(80) && !has_the_key)) continue;
        Entry entry{
            .dn = source == "dir" ? "uid=" + login + ",dc=x" : "",
            .values = {
                {"login", login}, {"account", random.Chance(15) ? "disabled" : "active"}, {"title", source + login}}};
        if (source == "dir") {
          entry.values.emplace_back("uid", "U" + login);
          const std::string first = team();
          const std::string second = team();
          entry.values.emplace_back("memberOf", first);
          if (second != first) entry.values.emplace_back("memberOf", second);
        }
        FeedNamed(source).entries.push_back(std::move(entry));
      }
    }
  }
  for (std::size_t i = 1; Has("ext") && i <= 3; ++i) {
    const std::string number = std::to_string(i);
    FeedNamed("ext").entries.push_back(
        {.dn = {}, .values = {{"no", "Z" + number}, {"name", "Z" + number}, {"email", "z" + number + "@example.com"}}});
  }
}

void DoubtfulCompany::DrawGroups(Random& random) {
  if (!Has("ad")) return;
  for (std::size_t i = 1; i <= 3; ++i) {
    Entry group{.dn = "cn=G" + std::to_string(i) + ",dc=x", .values = {{"cn", "G" + std::to_string(i)}}};
    for (const Entry& person : FeedNamed("dir").entries) {
      if (random.Chance(40)) group.values.emplace_back("member", person.dn);
    }
    if (i > 1 && random.Chance(70)) group.values.emplace_back("member", "cn=G" + std::to_string(i - 1) + ",dc=x");
    FeedNamed("ad").entries.push_back(std::move(group));
  }
}

std::string DoubtfulCompany::ToString() const {
  std::string text = "filter " + filter_ + ", left " + left_ + ", scope " + scope_ + ", title " + title_ +
                     ", department " + department_ + ", absent after " + FormatDuration(absent_after_) +
                     (prefers_ ? ", prefers " + config_.sources[0].prefer[0].value : "") +
                     (key_.empty() ? "" : ", key " + key_) + (clears_ ? ", clears what is empty" : "") +
                     (config_.rules[0].absent == config::AbsentPolicy::kDelete ? ", users are deleted" : "") +
                     (config_.rules[0].delete_after ? ", deleted a day later" : "") +
                     (config_.rules[2].key.empty() || !key_.empty() ? "" : ", contacts by e-mail") +
                     (config_.sources[1].required ? "" : ", dir is optional") +
                     (config_.rules[1].nested ? ", nested" : "") +
                     std::array{", groups by team", ", groups by memberOf", ", groups by members"}[groups_from_];
  for (const Feed& feed : feeds) {
    text += "\n" + feed.name + (feed.is_whole ? "" : " (not whole)");
    for (const Entry& entry : feed.entries) {
      text += "\n " + std::string(entry.is_broken ? " BROKEN " : " ") + entry.dn;
      for (const auto& [name, value] : entry.values) text += " " + name + "=" + value;
    }
  }
  return text;
}

}  // namespace ucaas_sync::sim
