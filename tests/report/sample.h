// A small plan with one of everything, for the tests of how plans look.
#pragma once

#include <string>

#include "daemon/model/plan.h"

namespace ucaas_sync::report {

FieldChange Change(FieldId field, const std::string& before, const std::string& after);
Operation On(Kind kind, Action action, const std::string& key, const std::string& reason,
             std::vector<FieldChange> changes);
Plan SamplePlan();
/// What a source may contain to harm whoever shows it: markup, quotes, control characters, bidirectional overrides.
extern const std::string kHostile;
Plan HostilePlan();

}  // namespace ucaas_sync::report
