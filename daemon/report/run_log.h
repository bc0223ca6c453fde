// The log of runs, on stderr: one event, one line. Text for people, JSON for machines, and with journald's level
// prefixes under systemd.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "config/config.h"
#include "daemon/model/clock.h"
#include "daemon/model/observer.h"

namespace ucaas_sync::report {

enum class LogStyle : std::uint8_t { kText, kJson, kJournal };

struct RunLogOptions {
  Severity least = Severity::kInfo;
  LogStyle style = LogStyle::kText;
  bool colour = false;
  bool progress = false;  ///< Draw a progress line for long work.
  std::size_t width = 80;
  bool keep_level = false;  ///< The command line said so: no configuration changes it.
  bool keep_style = false;  ///< Likewise.
};

class RunLog final : public Observer {
 public:
  /// `write` takes whole pieces of output (lines with their newline, or a progress line to draw over). Both must
  /// outlive the log.
  RunLog(const Clock& clock, RunLogOptions options, std::function<void(std::string_view)> write);
  ~RunLog() override;
  void OnEvent(const Event& event) override;
  void OnProgress(std::string_view phase, std::uint64_t done, std::uint64_t of) override;
  void OnSnapshot(const Snapshot& snapshot) override;
  void OnPlan(const Plan& plan) override;
  void OnRetry(std::string_view reason) override;

  /// From now on as `log:` of a configuration says. Until then people are named as with `full`.
  void Configure(const config::LogConfig& config);
  LogStyle style() const;

  /// Removes the progress line, before something else writes to the terminal.
  void ClearProgress();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ucaas_sync::report
