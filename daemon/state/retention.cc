// SqliteStore's journal does not grow for ever: runs go when they are old, a bounded number of rows at a time.
#include <algorithm>

#include "daemon/state/store_impl.h"
#include "daemon/state/upgrade.h"

namespace ucaas_sync::state {
namespace {

constexpr std::int64_t kRunsAtOnce = 256;
// The guards look back a week; a day more for clocks that jump.
constexpr Duration kRemovalsKept = std::chrono::hours(8 * 24);

struct OldRun {
  std::int64_t id = 0;
  std::uint64_t planned = 0;
  bool is_cited = false;  ///< A decision of it still stands: its row stays, to say since when.
};

// What a plan asks of stays: whether a run ever finished, what the last plan still has to create, creates that nobody
// answered. Runs are in the order of time, so the search ends at the first that is not old.
constexpr const char* kSelectOldRuns =
    "WITH old AS (SELECT id, planned, EXISTS (SELECT 1 FROM decision WHERE run = run.id AND stands = 1) AS cited "
    "FROM run WHERE ended IS NOT NULL AND ended < ?1 "
    "AND id < coalesce((SELECT id FROM run WHERE ended >= ?1 ORDER BY id LIMIT 1), (SELECT max(id) FROM run)) "
    "AND id <> coalesce((SELECT max(id) FROM run WHERE outcome IN ('converged', 'partial')), 0) "
    "AND id <> coalesce((SELECT max(id) FROM run WHERE planned > 0), 0) "
    "AND NOT EXISTS (SELECT 1 FROM unknown_create WHERE operation >> 32 = run.id)) "
    "SELECT id, planned, cited FROM old WHERE planned > 0 OR NOT cited ORDER BY id LIMIT ?2";

std::vector<OldRun> OldRuns(Connection& connection, Instant before) {
  std::vector<OldRun> runs;
  Query query = connection.Prepare(kSelectOldRuns);
  query.Time(before).Int(kRunsAtOnce);
  while (query.Next()) {
    runs.push_back({.id = query.IntAt(0), .planned = query.As<std::uint64_t>(1), .is_cited = query.IntAt(2) != 0});
  }
  return runs;
}

}  // namespace

void SqliteStore::RemoveOldRuns(Instant before, std::uint64_t budget) {
  Connection& connection = impl_->connection;
  RemoveCopies(connection.path(), before);
  const std::vector<OldRun> runs = connection.Guard("look for old runs", [&] { return OldRuns(connection, before); });
  if (runs.empty()) return;  // nearly always: no commit
  impl_->Write("remove old runs", [&] {
    for (const OldRun& run : runs) {
      if (budget == 0) break;
      // From the end, so that what is left of a large run is a shorter plan.
      const std::uint64_t gone = std::min(budget, run.planned);
      const std::int64_t first = OperationId(run.id, run.planned - gone + 1);
      const std::int64_t last = OperationId(run.id, run.planned);
      connection.Prepare("DELETE FROM attempt WHERE operation BETWEEN ?1 AND ?2").Int(first).Int(last).Run();
      connection.Prepare("DELETE FROM outcome WHERE id BETWEEN ?1 AND ?2").Int(first).Int(last).Run();
      connection.Prepare("DELETE FROM operation WHERE id BETWEEN ?1 AND ?2").Int(first).Int(last).Run();
      budget -= gone;
      if (gone < run.planned) {
        connection.Prepare("UPDATE run SET planned = ?2, mark = min(mark, ?2), done = min(done, ?2) WHERE id = ?1")
            .Int(run.id)
            .Int(run.planned - gone)
            .Run();
        break;
      }
      connection.Prepare("DELETE FROM decision WHERE run = ?1 AND stands = 0").Int(run.id).Run();
      connection.Prepare("DELETE FROM run_summary WHERE run = ?1").Int(run.id).Run();
      connection.Prepare("DELETE FROM approved_removal WHERE run = ?1").Int(run.id).Run();
      if (run.is_cited) {
        connection.Prepare("UPDATE run SET planned = 0, mark = 0, done = 0 WHERE id = ?1").Int(run.id).Run();
      } else {
        connection.Prepare("DELETE FROM run WHERE id = ?1").Int(run.id).Run();
      }
    }
    connection.Prepare("DELETE FROM removal WHERE at < ?1").Time(before - kRemovalsKept).Run();
  });
}

}  // namespace ucaas_sync::state
