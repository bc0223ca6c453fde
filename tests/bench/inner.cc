// The inner pieces of the hot paths, one at a time (Google Benchmark): what a change to one of them gives, without the
// noise of a whole run. `bench_inner --benchmark_filter=NAME` runs one.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "connectors/bytes/text_check.h"
#include "connectors/csv/scanner.h"
#include "connectors/ldif/base64.h"
#include "connectors/ldif/ldif_source.h"
#include "daemon/mapping/filter.h"
#include "daemon/mapping/template.h"
#include "daemon/model/base64.h"
#include "daemon/model/sha256.h"
#include "daemon/plan/compare.h"
#include "daemon/plan/slot_table.h"
#include "tests/support/memory_state.h"

namespace ucaas_sync::bench {
namespace {

constexpr std::string_view kRow =
    "E0000001,Yusuf,Ivanova,yusuf.1@example.com,Finance,Engineer,active,2015-01-18,,+49 30 5784266,+49 171 69221911,"
    "Room 929 / Floor 2,\"82 Long Street, Building D\",Madrid,11115,Germany,CC-822377,E0052342,Example Engineering,"
    "\"Badge 91122565, returned on leave; \"\"laptop\"\" 9055556680 and docking station, inventory 870619111440\"\n";

constexpr std::string_view kEntry =
    "dn: uid=E0000001,ou=People,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: E0000001\ncn: Yusuf Ivanova\n"
    "sn: Ivanova\nmail: yusuf.1@example.com\ntitle: Engineer\n"
    "description: Badge 91122565 issued at reception, laptop asset 9055556680, do\n cking station, inventory record "
    "8706191\n 11440\n\n";

std::string Repeated(std::string_view text, std::size_t bytes) {
  std::string all;
  while (all.size() < bytes) all += text;
  return all;
}

void CountBytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

config::Text At(std::string value) {
  return {.value = std::move(value), .at = {.file = "bench.yaml", .line = 1, .column = 1}};
}

void RequireOk(const config::Diagnostics& diagnostics) {
  if (!diagnostics.ok()) throw std::logic_error(diagnostics.errors().front().ToString());
}

class Person {
 public:
  Person() {
    for (const auto& [name, value] : kValues) record.Add(table.Need(name), value);
  }
  Slot Find(std::string_view name) { return table.Need(name); }

  AttributeTable table = AttributeTable::Selected();
  Record record;

 private:
  static constexpr std::pair<std::string_view, std::string_view> kValues[] = {
      {"employee_id", "E0000001"},      {"first_name", "Yusuf"}, {"last_name", "Ivanova"},
      {"email", "Yusuf.1@Example.com"}, {"status", "active"},    {"department", "Finance"}};
};

void BM_ScanCsv(benchmark::State& state) {
  const std::string text = Repeated(kRow, std::size_t{64} << 10U);
  csv::Scanner scanner(',');
  for (auto _ : state) {
    scanner.Restart(0, false);
    scanner.Scan(text.data(), text.size());
    benchmark::DoNotOptimize(scanner.field_ends().data());
  }
  CountBytes(state, text.size());
}
BENCHMARK(BM_ScanCsv);

void BM_CheckText(benchmark::State& state) {
  const std::string text = Repeated(kRow, std::size_t{64} << 10U);
  for (auto _ : state) benchmark::DoNotOptimize(bytes::FindNotText(text));
  CountBytes(state, text.size());
}
BENCHMARK(BM_CheckText);

void BM_HashOfSource(benchmark::State& state) {
  const std::string text = Repeated(kRow, std::size_t{1} << 20U);
  for (auto _ : state) benchmark::DoNotOptimize(Sha256Hex(text));
  CountBytes(state, text.size());
}
BENCHMARK(BM_HashOfSource);

class EndlessText : public ByteStream {
 public:
  explicit EndlessText(const std::string& text) : text_(text) {}
  std::size_t Read(std::span<char> buffer) override {
    const std::size_t count = std::min(buffer.size(), text_.size() - at_);
    text_.copy(buffer.data(), count, at_);
    at_ += count;
    return count;
  }
  std::optional<Problem> Finish() override { return std::nullopt; }
  const std::string& location() const override { return location_; }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
  std::string location_ = "bench.ldif";
};

class Nobody : public RecordSink {
 public:
  bool OnRecord(const Record& record) override {
    benchmark::DoNotOptimize(record.cells().data());
    return true;
  }
  void OnReject(const Reject& reject) override { throw std::logic_error(std::string(reject.reason)); }
};

void BM_UnfoldLdif(benchmark::State& state) {
  const std::string text = Repeated(kEntry, std::size_t{1} << 20U);
  for (auto _ : state) {
    Nobody sink;
    AttributeTable table = AttributeTable::Everything();
    const Snapshot snapshot = ldif::MakeLdifSource("bench", std::make_unique<EndlessText>(text))->Read(table, sink);
    if (snapshot.incomplete) throw std::logic_error(snapshot.incomplete->ToString());
  }
  CountBytes(state, text.size());
}
BENCHMARK(BM_UnfoldLdif);

void BM_DecodeBase64(benchmark::State& state) {
  const std::string text = EncodeBase64("Jürgen Müller-Lüdenscheidt");
  std::string out(text.size(), '\0');
  for (auto _ : state) benchmark::DoNotOptimize(ldif::DecodeBase64To(text, out.data()));
  CountBytes(state, text.size());
}
BENCHMARK(BM_DecodeBase64);

void BM_RenderTemplate(benchmark::State& state) {
  static constexpr const char* kTemplates[] = {"{first_name}", "{mail,email|lower}", "{first_name} {last_name}"};
  Person person;
  config::Diagnostics diagnostics;
  const auto compiled = mapping::Template::Compile(
      At(kTemplates[state.range(0)]), mapping::Template::Yield::kOne,
      [&](std::string_view name, std::size_t) { return person.Find(name); }, {}, diagnostics);
  RequireOk(diagnostics);
  mapping::Scratch scratch;
  mapping::Workbench workbench{.scratch = scratch, .values = {}, .more = {}, .text = {}, .whole = {}};
  for (auto _ : state) {
    scratch.Reset();
    benchmark::DoNotOptimize(compiled.Render({.record = person.record}, workbench).text.data());
  }
  state.SetLabel(kTemplates[state.range(0)]);
}
BENCHMARK(BM_RenderTemplate)->DenseRange(0, 2);

void BM_JudgeFilter(benchmark::State& state) {
  static constexpr const char* kFilters[] = {"(employee_id=*)", "(status=terminated)",
                                             "(&(employee_id=E*)(!(status=terminated))(department=Fin*ce))"};
  Person person;
  config::Diagnostics diagnostics;
  const auto filter = mapping::Filter::Compile(
      At(kFilters[state.range(0)]), [&](std::string_view name, std::size_t) { return person.Find(name); }, diagnostics);
  RequireOk(diagnostics);
  for (auto _ : state) {
    mapping::Findings findings;
    benchmark::DoNotOptimize(filter.Judge({.record = person.record}, {}, findings));
  }
  state.SetLabel(kFilters[state.range(0)]);
}
BENCHMARK(BM_JudgeFilter)->DenseRange(0, 2);

void BM_Fingerprint(benchmark::State& state) {
  FieldSetView fields;
  const auto set = [&](FieldId field, std::string_view text) {
    fields[field] = {.state = FieldState::kValue, .text = text};
  };
  set(kUserFirstName, "Yusuf");
  set(kUserLastName, "Ivanova");
  set(kUserEmail, "yusuf.1@example.com");
  set(kUserDepartment, "Finance");
  set(kUserDesignation, "Engineer");
  set(kUserStatus, "A");
  plan::RulePolicy rule;
  std::string scratch;
  for (auto _ : state) benchmark::DoNotOptimize(plan::FingerprintOf(rule, 1, fields, scratch));
}
BENCHMARK(BM_Fingerprint);

// In the order of the state, and against it.
void BM_LookUp(benchmark::State& state) {
  constexpr std::uint64_t kPeople = 1'000'000;
  plan::SlotTable table(testing::MemoryState{}, {});
  std::vector<Hash128> keys;
  for (std::uint64_t i = 0; i < kPeople; ++i) {
    const Hash128 key = HashOf({reinterpret_cast<const char*>(&i), sizeof i});
    table.FindOrAdd(Kind::kUser, key);
    keys.push_back(key);
  }
  const std::uint64_t step = state.range(0) == 0 ? 1 : 379'009;
  std::uint64_t at = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.FindOrAdd(Kind::kUser, keys[at]));
    at = (at + step) % kPeople;
  }
  state.SetLabel(state.range(0) == 0 ? "a million, in order" : "a million, out of order");
}
BENCHMARK(BM_LookUp)->DenseRange(0, 1);

}  // namespace
}  // namespace ucaas_sync::bench

BENCHMARK_MAIN();
