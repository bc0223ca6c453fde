// The plan's part of a trace: the match with the state, the comparison field by field, and what came of it. Called only
// when there is a trace; what stands in somebody's way is noted by the steps themselves (Workspace::Note).
#pragma once

#include "daemon/model/entity.h"
#include "daemon/model/plan.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// Compares an entity that the trace wants with the state, whether or not its fingerprint spared that.
void TraceEntity(Workspace& work, const EntityView& entity);
void TraceReject(Workspace& work, const RejectView& reject);
/// Before the first decision: everybody of the traced keys whom the state or the sources know.
void BeginTrace(Workspace& work);
/// After the last one: the operation, and when what waits is due.
void EndTrace(Workspace& work, const Plan& plan);

}  // namespace ucaas_sync::plan
