// Who goes: by evidence (a record that matches `left`) at once, by absence only after its time and in at least two
// complete reads.
#pragma once

#include <span>
#include <vector>

#include "daemon/plan/reject_book.h"
#include "daemon/plan/workspace.h"

namespace ucaas_sync::plan {

/// The notes of a plan that is held: its read is not believed to prove an absence, but who is there is there. What was
/// noted of anybody else stays as it was, and for whoever is missing since no clock begins.
std::vector<PlanNotes::Absence> AbsencesWhenHeld(const Workspace& work);

/// Drafts suspends and deletes, keeps the absence notes, and lists who is due. Needs everybody frozen who will be by
/// holds, rejects and quarantine.
void PlanLeaving(Workspace& work, std::span<const SourceState> sources, const RejectBook& rejects);

}  // namespace ucaas_sync::plan
