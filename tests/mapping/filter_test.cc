#include "daemon/mapping/filter.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/mapping/support.h"

namespace ucaas_sync::mapping {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

/// Judges one record made of `values` on 2026-11-23.
class Bench {
 public:
  explicit Bench(Values values, std::string dn = {}) : values_(std::move(values)), dn_(std::move(dn)) {}

  Verdict Judge(const std::string& text) {
    config::Diagnostics diagnostics;
    AttributeTable table = AttributeTable::Selected();
    Filter filter = Filter::Compile(
        At(text), [&](std::string_view name, std::size_t) { return table.Need(name); }, diagnostics);
    for (const Problem& problem : diagnostics.errors()) MESSAGE(problem.ToString());
    REQUIRE(diagnostics.ok());
    filter.SetToday(Day("2026-11-23"));
    Record record;
    record.dn = dn_;
    for (const auto& [name, value] : values_) {
      if (const Slot slot = table.Find(name); slot != kNoSlot) record.Add(slot, value);
    }
    const DateReader dates(format);
    findings = {};
    return filter.Judge({.record = record}, {&dates, 1}, findings);
  }
  bool Yes(const std::string& text) { return Judge(text) == Verdict::kYes; }
  bool No(const std::string& text) { return Judge(text) == Verdict::kNo; }
  std::string Turns(const std::string& text) {
    Judge(text);
    return findings.turns ? FormatDate(*findings.turns) : "never";
  }

  Findings findings;
  std::string format = "%Y-%m-%d";

 private:
  Values values_;
  std::string dn_;
};

TEST_CASE("every kind of match says yes and no") {
  Bench bench({{"cn", "Ada Lovelace"},
               {"mail", "ada@example.com"},
               {"mail", "lovelace@example.org"},
               {"age", "036"},
               {"uac", "514"},
               {"sn", "Müller"},
               {"manager", "CN=Boss,OU=People,DC=example"},
               {"Employee ID", "E 1"}},
              "uid=ada,ou=Research,ou=People,dc=example");
  struct Case {
    const char* filter;
    bool matches;
  };
  for (const Case& c : std::vector<Case>{
           {"(cn=ada lovelace)", true},
           {"(CN=ADA LOVELACE)", true},
           {"(cn= Ada Lovelace )", true},
           {"(cn=Ada)", false},
           {"(mail=lovelace@example.org)", true},
           {"(mail=*)", true},
           {"(phone=*)", false},
           {"(cn=ada*)", true},
           {"(cn=*LACE)", true},
           {"(cn=*love*)", true},
           {"(cn=a*a*e)", true},
           {"(cn=a*love*lace)", true},
           {"(cn=ada*ada*)", false},
           {"(cn=*lace*lace)", false},
           {"(mail=*@example.org)", true},
           {"(mail=*@example.net)", false},
           {"(cn=**)", true},
           {"(age>=36)", true},
           {"(age<=36)", true},
           {"(age>36)", false},
           {"(age>35.9)", true},
           {"(age<4)", false},
           {"(cn>=ada)", true},
           {"(cn<=adb)", true},
           {"(cn<ada)", false},
           {"(cn~=adalovelace)", true},
           {"(cn~=ADA-Lovelace!)", true},
           {"(cn~=Ada)", false},
           {"(sn=MÜLLER)", true},
           {"(sn=mu\xCC\x88ller)", true},
           {"(sn=M*LLER)", true},
           {"(sn=m\xC3\xBC*)", true},
           {"(sn=Muller)", false},
           {"(&(cn=*)(age=036))", true},
           {"(&(cn=*)(age=36))", false},
           {"(|(cn=x)(age=036))", true},
           {"(|(cn=x)(cn=y))", false},
           {"(!(cn=x))", true},
           {"(!(cn=*))", false},
           {"(!(phone=*))", true},
           {"(&)", true},
           {"(|)", false},
           {" ( & ( cn = * )\n\t( ! ( cn = x ) ) ) ", true},
           {"(cn:=ada lovelace)", true},
           {"(cn:caseExactMatch:=Ada Lovelace)", true},
           {"(cn:caseExactMatch:=ada lovelace)", false},
           {"(cn:2.5.13.5:=Ada Lovelace)", true},
           {"(cn:CASEIGNOREMATCH:=ADA LOVELACE)", true},
           {"(age:integerMatch:=36)", true},
           {"(age:numericStringMatch:=37)", false},
           {"(uac:1.2.840.113556.1.4.803:=2)", true},
           {"(uac:1.2.840.113556.1.4.803:=3)", false},
           {"(uac:1.2.840.113556.1.4.804:=3)", true},
           {"(uac:1.2.840.113556.1.4.804:=4)", false},
           {"(manager:distinguishedNameMatch:=cn=boss, ou=people, dc=Example)", true},
           {"(manager:distinguishedNameMatch:=cn=boss,dc=example)", false},
           {"(ou=People)", false},
           {"(ou:dn:=People)", true},
           {"(ou:dn:=research)", true},
           {"(ou:dn:=Sales)", false},
           {"(ou:dn:caseExactMatch:=people)", false},
           {"(Employee ID=e 1)", true},
       }) {
    CAPTURE(c.filter);
    CHECK(bench.Judge(c.filter) == (c.matches ? Verdict::kYes : Verdict::kNo));
  }
}

TEST_CASE("escapes stand for any byte, and options are part of the name") {
  Bench bench({{"cn", "a(b)*c\\"}, {"cn;lang-de", "Österreich"}, {"photo", "\xFF\x01"}, {"time", "12:30"}});
  CHECK(bench.Yes("(cn=a\\28b\\29\\2ac\\5c)"));
  CHECK(bench.Yes("(cn=a\\28*\\5C)"));
  CHECK(bench.Yes("(cn=*\\2a*)"));
  CHECK(bench.No("(cn=\\2a)"));
  CHECK(bench.Yes("(CN;Lang-DE=\\c3\\96sterreich)"));
  CHECK(bench.No("(cn=Österreich)"));
  CHECK(bench.Yes("(photo=\\ff\\01)"));
  CHECK(bench.Yes("(time=12:30)"));
}

TEST_CASE("numbers of any length compare as numbers, everything else as text") {
  Bench bench({{"expires", "9223372036854775807"}, {"level", "10"}, {"grade", "B"}, {"debt", "-5"}});
  CHECK(bench.Yes("(expires>=9223372036854775806)"));
  CHECK(bench.No("(expires>=9223372036854775808)"));
  CHECK(bench.Yes("(level>=9)"));
  CHECK(bench.Yes("(level<9x)"));
  CHECK(bench.Yes("(grade>a)"));
  CHECK(bench.Yes("(debt<-4.5)"));
  CHECK(bench.Yes("(debt>-5.01)"));
}

TEST_CASE("what is wrong with a filter is told at its column") {
  struct Case {
    const char* filter;
    std::uint64_t column;  // of the filter's text, from 1
    const char* words;
  };
  for (const Case& c : std::vector<Case>{
           {"status=active", 1, "begins with ("},
           {"(status=active", 1, "never closed"},
           {"(&(a=b)(c=d)", 1, "never closed"},
           {"(&(a=b)c=d)", 8, "filters in parentheses"},
           {"(a=b))", 6, "closes nothing"},
           {"(a=b)(c=d)", 6, "after the end"},
           {"(a=b(c)", 5, "inside a comparison"},
           {"(a)", 2, "no comparison"},
           {"()", 2, "no comparison"},
           {"(=b)", 2, "name is missing"},
           {"(a=)", 4, "nothing to compare"},
           {"(a~b)", 3, "~ without ="},
           {"(a=b\\zz)", 5, "two hexadecimal digits"},
           {"(a=b\\2)", 5, "two hexadecimal digits"},
           {"(a>=b*)", 6, "goes with = only"},
           {"(a<=today+7h)", 12, "no date relative to today"},
           {"(!(a=b)(c=d))", 8, "one filter"},
           {"(!)", 2, "one filter"},
           {"(a:foo)", 3, ":= is missing"},
           {"(a:fooMatch:=b)", 4, "unknown matching rule \"fooMatch\""},
           {"(a:dn:fooMatch:=b)", 7, "unknown matching rule"},
           {"(a:1.2.840.113556.1.4.1941:=b)", 4, "unknown matching rule"},
           {"(:caseExactMatch:=b)", 2, "every attribute"},
           {"(a:integerMatch:=x)", 18, "compares numbers"},
           {"(a:1.2.840.113556.1.4.803:=x)", 28, "compares bits"},
           {"(a:distinguishedNameMatch:=x)", 28, "compares DNs"},
           {"(a*b=c)", 3, "no attribute's name"},
           {"(&(ok=1)(ä=1)(b\\=2))", 16, "no attribute's name"},
           {"   ", 1, "empty"},
       }) {
    CAPTURE(c.filter);
    config::Diagnostics diagnostics;
    AttributeTable table = AttributeTable::Selected();
    Filter::Compile(
        At(c.filter), [&](std::string_view name, std::size_t) { return table.Need(name); }, diagnostics);
    const auto errors = diagnostics.errors();
    REQUIRE(errors.size() == 1);
    CAPTURE(errors[0].ToString());
    CHECK(errors[0].at.column == kTextColumn + c.column - 1);
    CHECK(errors[0].what.find(c.words) != std::string::npos);
    CHECK_FALSE(errors[0].remedy.empty());
  }
}

TEST_CASE("nesting has an end before the stack has") {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 1; i < depth; ++i) text += "(!";
    text += "(a=b)";
    text.append(depth - 1, ')');
    return text;
  };
  Bench bench(Values{{"a", "b"}});
  CHECK(bench.Yes(nested(kMaxFilterDepth - 1)));
  config::Diagnostics diagnostics;
  Filter::Compile(
      At(nested(100'000)), [](std::string_view, std::size_t) { return Slot{0}; }, diagnostics);
  CHECK_FALSE(diagnostics.ok());
}

TEST_CASE("dates compare with today, and each clause knows the day on which it turns") {
  Bench bench({{"past", "2026-11-01"}, {"today", "2026-11-23"}, {"soon", "2026-12-01"}, {"leap", "2028-02-29"}});
  CHECK(bench.Yes("(past<today)"));
  CHECK(bench.No("(today<today)"));
  CHECK(bench.Yes("(today<=today)"));
  CHECK(bench.Yes("(today=today)"));
  CHECK(bench.No("(soon<=today+7d)"));
  CHECK(bench.Yes("(soon<=today+8d)"));
  CHECK(bench.Yes("(soon>today)"));
  CHECK(bench.No("(none<=today)"));
  CHECK(bench.Yes("(!(none<=today))"));

  CHECK(bench.Turns("(past<today)") == "never");
  CHECK(bench.Turns("(soon<=today+7d)") == "2026-11-24");
  CHECK(bench.Turns("(soon<today)") == "2026-12-02");
  CHECK(bench.Turns("(soon>today)") == "2026-12-01");
  CHECK(bench.Turns("(soon>=today)") == "2026-12-02");
  CHECK(bench.Turns("(today=today)") == "2026-11-24");
  CHECK(bench.Turns("(soon=today)") == "2026-12-01");
  CHECK(bench.Turns("(past=today)") == "never");
  CHECK(bench.Turns("(leap<=today+1m)") == "2028-01-29");
  CHECK(bench.Turns("(&(soon<=today)(leap<=today))") == "2026-12-01");
  CHECK(bench.Turns("(|(soon<=today)(leap<=today-1y))") == "2026-12-01");
  // A clause that does not decide anything today sets no date.
  CHECK(bench.Turns("(&(past=x)(soon<=today))") == "never");
}

TEST_CASE("a value that is no date leaves the clause undecided, which counts only where it decides") {
  Bench bench({{"start", "soon"}, {"end", "2026-01-01"}, {"status", "active"}});
  CHECK(bench.Judge("(start<=today)") == Verdict::kUndefined);
  CHECK(bench.findings.cause.why == Findings::Why::kNoDate);
  CHECK(bench.findings.cause.value == "soon");
  CHECK(bench.Judge("(!(start<=today))") == Verdict::kUndefined);
  CHECK(bench.Judge("(&(start<=today)(status=active))") == Verdict::kUndefined);
  CHECK(bench.No("(&(start<=today)(status=gone))"));
  CHECK(bench.Yes("(|(start<=today)(status=active))"));
  CHECK(bench.Judge("(|(start<=today)(status=gone))") == Verdict::kUndefined);
  bench.format = "%d.%m.%Y";
  CHECK(bench.Judge("(end<today)") == Verdict::kUndefined);
}

TEST_CASE("an ordering against a date, written as the source writes it, goes by the calendar") {
  Bench bench({{"start", "31.01.2026"}, {"end", "01.12.2026"}, {"end", "5.2.2027"}, {"soon", "soon"}, {"level", "12"}});
  bench.format = "%d.%m.%Y";
  CHECK(bench.Yes("(start<=01.12.2026)"));
  CHECK(bench.No("(start>01.12.2026)"));
  CHECK(bench.Yes("(start<=31.1.2026)"));
  CHECK(bench.No("(start<31.01.2026)"));
  CHECK(bench.Yes("(end>01.12.2026)"));
  CHECK(bench.No("(none<=01.12.2026)"));
  CHECK(bench.Turns("(start<=01.12.2026)") == "never");
  CHECK(bench.Judge("(soon>=01.12.2026)") == Verdict::kUndefined);
  CHECK(bench.findings.cause.why == Findings::Why::kNoDate);
  CHECK(bench.findings.cause.value == "soon");
  // No date as the source writes them: numbers and texts as ever.
  CHECK(bench.Yes("(level>=9)"));
  CHECK(bench.Yes("(soon>=01.12)"));
  CHECK(bench.Yes("(start>2026-12-01)"));
}

TEST_CASE("an attribute that a silent source may have is undecided, a value that is there is not") {
  config::Diagnostics diagnostics;
  AttributeTable table = AttributeTable::Selected();
  const Filter filter = Filter::Compile(
      At("(|(mail=*)(cn=x))"), [&](std::string_view name, std::size_t) { return table.Need(name); }, diagnostics);
  Record record;
  const DateReader dates;
  const std::vector<Origin> origins{kUnknowable, kOwn};
  Findings findings;
  CHECK(filter.Judge({.record = record, .origins = origins}, {&dates, 1}, findings) == Verdict::kUndefined);
  CHECK(findings.cause.why == Findings::Why::kSilentSource);
  CHECK(findings.cause.slot == table.Find("mail"));
  record.Add(table.Find("cn"), "x");
  CHECK(filter.Judge({.record = record, .origins = origins}, {&dates, 1}, findings) == Verdict::kYes);
}

TEST_CASE("what only a missing joined record could say is undecided in every clause, also a negated one") {
  config::Diagnostics diagnostics;
  AttributeTable table = AttributeTable::Selected();
  const auto judge = [&](const std::string& text, Findings& findings, bool takes_missing_for_empty = false) {
    Filter filter = Filter::Compile(
        At(text), [&](std::string_view name, std::size_t) { return table.Need(name); }, diagnostics);
    filter.SetToday(Day("2026-11-23"));
    Record record;
    record.Add(table.Need("cn"), "x");
    record.Add(table.Need("end"), "soon");
    std::vector<Origin> origins(table.size() + 1, kOwn);
    origins[table.Need("enabled")] = kNoPartner;
    const DateReader dates;
    const Facts facts{.record = record, .origins = origins, .takes_missing_for_empty = takes_missing_for_empty};
    return filter.Judge(facts, {&dates, 1}, findings);
  };
  for (const std::string text : {"(enabled=yes)", "(!(enabled=yes))", "(enabled=*)", "(!(enabled=*))",
                                 "(enabled<today)", "(&(cn=x)(enabled=yes))", "(|(cn=y)(!(enabled=yes)))"}) {
    CAPTURE(text);
    Findings findings;
    CHECK(judge(text, findings) == Verdict::kUndefined);
    CHECK(findings.cause.why == Findings::Why::kMissingRecord);
    CHECK(findings.cause.slot == table.Find("enabled"));
  }
  Findings findings;
  CHECK(judge("(|(cn=x)(!(enabled=yes)))", findings) == Verdict::kYes);
  CHECK(judge("(&(cn=y)(!(enabled=yes)))", findings) == Verdict::kNo);
  CHECK(judge("(!(enabled=yes))", findings, /*takes_missing_for_empty=*/true) == Verdict::kYes);
  CHECK(judge("(enabled=yes)", findings, /*takes_missing_for_empty=*/true) == Verdict::kNo);
  // A worse cause counts before it, if it decides.
  CHECK(judge("(|(enabled=yes)(end<today))", findings) == Verdict::kUndefined);
  CHECK(findings.cause.why == Findings::Why::kNoDate);
  findings = {};
  CHECK(judge("(|(&(end<today)(cn=y))(enabled=yes))", findings) == Verdict::kUndefined);
  CHECK(findings.cause.why == Findings::Why::kMissingRecord);
}

}  // namespace
}  // namespace ucaas_sync::mapping
