// The target's objects as the auditor looks at them, and who is whose. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/model/store.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::sim {

using Object = testing::FakeTarget::Object;
using Objects = std::map<Kind, std::vector<Object>>;

/// The target and the state at one moment. Borrows both.
struct Scene {
  Instant now;
  const testing::FakeTarget& target;
  const StateView& state;
};

/// Every row of the state, those that are gone included.
std::vector<StoredEntity> RowsOf(const StateView& state);

/// Empty when the object has no such field.
std::string FieldOf(const Object& object, const std::string& name);
bool IsSuspended(const Object& object);
/// By `guards.protect` of the simulated configuration.
bool IsProtected(Kind kind, const Object& object);
/// Whose an object is that the program made: the key is the first name.
std::string KeyShownBy(Kind kind, const Object& object);
const Object* FindIn(const Objects& account, Kind kind, const std::string& id);
/// "user P7"
std::string Called(Kind kind, const std::string& who);

}  // namespace ucaas_sync::sim
