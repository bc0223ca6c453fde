// Every call against every fault, over real sockets, beside the table that says what must come of it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tests/apply/fault_cell.h"
#include "tests/apply/faults.h"
#include "tests/support/temporary_folder.h"

namespace ucaas_sync::apply {
namespace {

constexpr std::array<MatrixCall, kMatrixCalls> kCalls{
    MatrixCall::kList,   MatrixCall::kFind,    MatrixCall::kGet,        MatrixCall::kLook,   MatrixCall::kCreate,
    MatrixCall::kUpdate, MatrixCall::kSuspend, MatrixCall::kReactivate, MatrixCall::kDelete, MatrixCall::kLogin};

/// What stands before the cells: the fault, whether the target does it all the same, how often it comes.
std::string HeadOf(const Fault& fault, bool is_lasting) {
  const char* done = fault.way != Fault::Way::kAnswer ? "-" : fault.is_done ? "yes" : "no";
  return fault.name + '\t' + done + '\t' + (is_lasting ? "always" : "once");
}

std::string HeadLine() {
  std::string line = "fault\tdone\tcomes";
  for (const MatrixCall call : kCalls) line += '\t' + std::string(Name(call));
  return line;
}

/// A login is made without a token, so none of its can be refused.
bool IsPossible(const Fault& fault, MatrixCall call) {
  return !(fault.with_token && call == MatrixCall::kLogin);
}

/// The rows of the file: what stands before the cells, and the cells.
std::map<std::string, std::vector<std::string>> ReadTable(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::map<std::string, std::vector<std::string>> rows;
  bool has_head = false;
  while (std::getline(in, line)) {
    if (line.starts_with('#') || line.empty()) continue;
    if (!has_head) {
      if (line != HeadLine()) throw std::runtime_error("the table's columns are not the program's calls: " + line);
      has_head = true;
      continue;
    }
    std::vector<std::string> fields;
    std::istringstream words(line);
    for (std::string field; std::getline(words, field, '\t');) fields.push_back(field);
    if (fields.size() != 3 + kMatrixCalls) throw std::runtime_error("a row of another width: " + line);
    const std::string head = fields[0] + '\t' + fields[1] + '\t' + fields[2];
    if (!rows.emplace(head, std::vector<std::string>(fields.begin() + 3, fields.end())).second) {
      throw std::runtime_error("a row that stands twice: " + head);
    }
  }
  return rows;
}

struct Run {
  Cell cell;
  std::string expected;
  std::string seen;
};

std::string SeenIn(const MatrixSetting& setting, const Run& run) {
  try {
    std::string seen = RunCell(setting, run.cell, Duration(300));
    // On a machine that is busy with other things, a short time limit may have ended what should have gone well.
    if (seen != run.expected && run.cell.fault->runs_out_of_time) seen = RunCell(setting, run.cell, Duration(3'000));
    return seen;
  } catch (const std::exception& error) {
    return std::string("failed: ") + error.what();
  }
}

/// Cells wait more than they work: many at once.
void RunAll(const MatrixSetting& setting, std::vector<Run>& runs) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> threads;
  threads.reserve(12);
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < runs.size(); at = next++) runs[at].seen = SeenIn(setting, runs[at]);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// The table as it was seen, for whoever means to change it: kinds that differ stand side by side.
void WriteSeen(const std::string& path, const std::vector<Fault>& faults, const std::vector<Run>& runs) {
  std::ofstream out(path);
  out << HeadLine() << '\n';
  for (const Fault& fault : faults) {
    for (const bool is_lasting : {false, true}) {
      out << HeadOf(fault, is_lasting);
      for (const MatrixCall call : kCalls) {
        std::string text;
        for (const Run& run : runs) {
          if (run.cell.fault != &fault || run.cell.is_lasting != is_lasting || run.cell.call != call) continue;
          if (text.empty()) {
            text = run.seen;
          } else if (text.find(run.seen) == std::string::npos) {
            text += " | " + run.seen;
          }
        }
        out << '\t' << (text.empty() ? "-" : text);
      }
      out << '\n';
    }
  }
}

TEST_CASE("every call meets every fault as the fault matrix says, and the next run mends what is left") {
  signal(SIGPIPE, SIG_IGN);
  const test::ScriptedServer elsewhere({test::Answer("200 OK", R"({"result":1})")});
  const testing::TemporaryFolder folder;
  MatrixSetting setting;
  setting.elsewhere = elsewhere.base_url();
  setting.wrong_name = test::TlsIdentity::SelfSigned("other.example", 30);
  setting.expired = test::TlsIdentity::SelfSigned("127.0.0.1", -1);
  setting.wrong_name_file = folder.Write("wrong.pem", setting.wrong_name.certificate);
  setting.expired_file = folder.Write("expired.pem", setting.expired.certificate);
  setting.now = *ParseInstant("2026-11-23T09:00:00Z");
  const std::vector<Fault> faults = AllFaults(setting.elsewhere, setting.now);

  auto table = ReadTable(UCAAS_SYNC_FAULT_MATRIX);
  std::vector<Run> runs;
  for (const Fault& fault : faults) {
    for (const bool is_lasting : {false, true}) {
      const std::string head = HeadOf(fault, is_lasting);
      const auto row = table.extract(head);
      CHECK_MESSAGE(!row.empty(), "the table lacks the row " << head);
      for (std::size_t i = 0; i < kCalls.size(); ++i) {
        const std::string expected = row.empty() ? std::string() : row.mapped()[i];
        if (!IsPossible(fault, kCalls[i])) {
          CHECK((row.empty() || expected == "-"));
          continue;
        }
        for (const Kind kind : KindsOf(kCalls[i])) {
          runs.push_back({.cell = {.fault = &fault, .is_lasting = is_lasting, .call = kCalls[i], .kind = kind},
                          .expected = expected,
                          .seen = {}});
        }
      }
    }
  }
  for (const auto& [head, cells] : table) FAIL_CHECK("the table has a row that nothing is known of: " << head);

  RunAll(setting, runs);
  if (const char* path = std::getenv("UCAAS_SYNC_WRITE_FAULT_MATRIX")) WriteSeen(path, faults, runs);
  for (const Run& run : runs) {
    INFO(HeadOf(*run.cell.fault, run.cell.is_lasting) << ", " << Name(run.cell.call) << ' ' << Name(run.cell.kind));
    CHECK(run.seen == run.expected);
  }
  CHECK(elsewhere.connections() == 0);
}

}  // namespace
}  // namespace ucaas_sync::apply
