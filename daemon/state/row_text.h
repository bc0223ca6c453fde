// Fields, changes and lists of keys as the small JSON texts that columns hold, so that `sqlite3 state.db` shows them to
// a person. Pure and thread-safe; a text that is not ours throws MalformedRow with the reason.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/fields.h"
#include "daemon/model/kind.h"
#include "daemon/model/operation.h"

namespace ucaas_sync::state {

/// A row says what no version of this program wrote. Turned into a StateFailure at the room's edge.
class MalformedRow : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// {"email":"ada@example.com","department":""}: a value, or "" for empty. Unmapped and unknown fields are left out, and
/// so are secret and sent-once ones. Written into `text`, which keeps its memory from row to row.
void EncodeFields(Kind kind, const FieldSet& fields, std::string& text);
/// A field that this program does not know (written by a newer one of the same schema) is left out.
FieldSet DecodeFields(Kind kind, std::string_view text);

/// {"department":["Sales","Finance"]}: before and after, null for unmapped (or unknown). Secret fields are left out.
void EncodeChanges(Kind kind, const std::vector<FieldChange>& changes, std::string& text);
std::vector<FieldChange> DecodeChanges(Kind kind, std::string_view text);

/// ["Sales","Finance"]
void EncodeKeys(const std::vector<std::string>& keys, std::string& text);
std::vector<std::string> DecodeKeys(std::string_view text);

}  // namespace ucaas_sync::state
