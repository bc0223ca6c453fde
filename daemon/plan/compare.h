// Desired against stored, field by field: what counts as a difference, and the fingerprint that makes the answer cheap
// for who did not change. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/fields.h"
#include "daemon/model/hash.h"
#include "daemon/model/operation.h"
#include "daemon/plan/policy.h"

namespace ucaas_sync::plan {

/// Digest of the fields that are compared, and of the policy by which they are. Zero when a compared field is unknown:
/// such an entity is compared in full every time. `scratch` is working memory, to spare an allocation a person.
Hash128 FingerprintOf(const RulePolicy& rule, std::uint32_t mapping_version, const FieldSetView& desired,
                      std::string& scratch);

/// The digest of an e-mail or name as the table keeps it; zero for no value.
Hash128 AddressHash(std::string_view address);

/// Whether the rule looks at the field at all once the object exists.
bool IsCompared(const RulePolicy& rule, FieldId field, const FieldView& desired);

/// Changes that take `stored` to `desired`, by field; create-only fields, unknown ones and, with `empty: keep`, empty
/// ones are none. E-mails that differ only in case are the same.
std::vector<FieldChange> Differences(const RulePolicy& rule, const FieldSetView& stored, const FieldSetView& desired);

/// The first field that a create must have and that is unknown.
std::optional<FieldId> UnknownRequired(Kind kind, const FieldSetView& desired);

/// Whether a user with this status is not let in, whatever word the target has for it.
bool IsInactive(const FieldView& status);

/// Whether the record lets the user in who is not let in now: it says so, or its rule has no word on it. A status that
/// is unknown or blank is no reason to.
bool LetsIn(const FieldSetView& desired);

/// The change of the user's status, now `status`, that lets them in again, unless `changes` have one: a rule that says
/// nothing of it wants everybody active whom it names.
void AddReturn(const Field& status, std::vector<FieldChange>& changes);

/// All changes but that of the user's status, which has words of its own.
std::vector<FieldChange> WithoutStatus(const std::vector<FieldChange>& changes);

/// "department changed", "department and designation changed", "department, designation and 2 more changed".
std::string ChangedText(Kind kind, const std::vector<FieldChange>& changes, bool groups_changed);

}  // namespace ucaas_sync::plan
