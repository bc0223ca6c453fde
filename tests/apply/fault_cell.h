// One cell of the fault matrix, run for real: the client, gate, caller and executor over sockets, against a target that
// meets one call with one fault and answers everything else.
// The program's clock is the test's own: with nothing in flight, waiting costs no time. An exchange takes as long as it
// takes. Each cell stands for itself, so that cells may run side by side.
#pragma once

#include <string>
#include <vector>

#include "daemon/model/kind.h"
#include "tests/apply/detour.h"
#include "tests/apply/faults.h"
#include "tests/support/scripted_server.h"

namespace ucaas_sync::apply {

/// The kinds of entity for which the program makes this call.
std::vector<Kind> KindsOf(MatrixCall call);

/// What is the same for all cells, and made once.
struct MatrixSetting {
  std::string elsewhere;         ///< Where redirects point to.
  test::TlsIdentity wrong_name;  ///< Of a host that is not ours.
  test::TlsIdentity expired;     ///< Of ours.
  std::string wrong_name_file;   ///< The two certificates as files, for they are their own authorities.
  std::string expired_file;
  Instant now;  ///< When cells begin, here and at the target.
};

struct Cell {
  const Fault* fault = nullptr;
  bool is_lasting = false;  ///< Every time that the request is sent; else the first time alone.
  MatrixCall call = MatrixCall::kList;
  Kind kind = Kind::kUser;
};

/// "VERDICT SENT HOLDS EXIT": what the first reply means; how often the request is sent, what
/// the target holds at the end; what the run ends with. Runs a second time, without the fault, where the first did not
/// end with 0, and throws std::runtime_error unless that mends it, or when anything else is seen that must never be.
/// `time_limit` is for exchanges that run out of time.
std::string RunCell(const MatrixSetting& setting, const Cell& cell, Duration time_limit);

}  // namespace ucaas_sync::apply
