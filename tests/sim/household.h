// The whole program but for its command line, on a virtual clock: real files, the real pipeline with the state and the
// journal on a disk, and a strict target behind a bad network. A crash throws away the process at a request, at a reply
// or between two notes of what was done; the next run starts from the files. Everything that is random comes from one
// seed. Owns its folder. Single-threaded.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/run/pipeline.h"
#include "tests/sim/installation.h"
#include "tests/sim/network.h"
#include "tests/sim/program.h"

namespace ucaas_sync::sim {

/// A folder in memory where the system has one; gone with its owner.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Household final : public Installation {
 public:
  Household(const Settings& settings, Instant start, std::uint64_t seed);
  ~Household() override;

  RunReport Sync(const Export& day) override;
  std::optional<Foreseen> Plan(const Export& day, Instant now) override;
  RunReport Revert(const Export& day, const RunReport& past) override;
  bool Forget(const Export& day, const std::string& key) override;
  void Approve(const RunReport& report) override;
  void Hold(const StoredHold& hold) override;
  void Release(const std::string& key) override;
  void LoseState() override;
  void NoteTouched(Kind kind, const std::string& remote_id) override { network_.strict().NoteTouched(kind, remote_id); }
  void CalmDown() override { is_calm_ = true; }
  std::vector<std::string> Problems() override;
  std::string Trace() const override;
  Scene scene() override;

 private:
  class Listener;
  run::Context ContextFor();
  /// Runs `body`, which answers with the result, as one process.
  template <typename Body>
  RunReport Attempt(const Export& day, Body&& body);
  void Fill(const run::SyncResult& result, RunReport& report);
  void OnFailure(const Failure& failure, RunReport& report);
  Weather DrawWeather();
  std::unique_ptr<state::SqliteStore> Open(state::OpenMode mode) const;
  /// Whether the state, as it lies on the disk, knows this field of that object; also when it has no such object.
  bool IsInState(Kind kind, const std::string& remote_id, FieldId field) const;

  Folder folder_;
  Random random_;
  run::Program program_;
  Network network_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<state::SqliteStore> view_;
  bool is_calm_ = false;
  bool had_trouble_ = false;               // in the run before
  std::optional<std::size_t> stop_after_;  // requests
};

}  // namespace ucaas_sync::sim
