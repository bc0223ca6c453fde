// A plan's JSON: written and read here alone, both as a stream, so that a plan of a million operations needs no
// document in memory. The bytes are canonical (fixed order of keys, one operation a line, no locale): equal plans are
// equal bytes, and the hash is taken over them.
//
// What a file cannot carry: secret fields (a password that is sent on create only) are left out, so a plan from a file
// creates without them; rows' numbers in the state (Operation::entity_id) are left out too: who applies a file looks
// entities up by kind and key, as its precondition check must anyway. Plan::due is not part of it.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "daemon/model/plan.h"

namespace ucaas_sync::plan {

inline constexpr std::uint64_t kPlanVersion = 1;

/// Writes `plan` with a final newline. A field's empty value is "", booleans are booleans, membership is the list
/// "groups" in before and after. Whether `out` took it is for the caller to check.
void WritePlan(const Plan& plan, std::ostream& out);

struct ReadLimits {
  std::uint64_t max_bytes = std::uint64_t{4} << 30U;
  std::uint32_t max_depth = 8;
};

/// Reads what WritePlan wrote. Unknown, missing and repeated keys are refused: a file that says more than we understand
/// is not the plan that was reviewed. Throws Failure (exit 9) naming `name` and the byte. Does not look at the hash.
Plan ReadPlan(std::istream& in, const std::string& name, const ReadLimits& limits = {},
              const MakeSpillFile& make_spill_file = {});

/// SHA-256 in hexadecimal over everything but id, created_at and the hash itself.
std::string HashOfPlan(const Plan& plan);
/// Gives `plan` its hash and writes it as WritePlan then would, with one pass over its operations in place of two. The
/// hash is known last and stands near the beginning, so `out` must be one that can be sought in. It is used on another
/// thread too, but never on two at a time. Whether it took everything is for the caller to check.
void SealPlan(Plan& plan, std::ostream& out);
/// Whether `plan.hash` is the hash of what `plan` says.
bool VerifyHash(const Plan& plan);

}  // namespace ucaas_sync::plan
