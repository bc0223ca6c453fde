// The target's own words inside a sentence of ours. They may name anybody, so that a reader of the sentence must be
// able to leave them out.
#pragma once

#include <string>
#include <string_view>

#include "connectors/ucaas/client.h"

namespace ucaas_sync::ucaas {

/// What went wrong without the target's own words: "invalid, HTTP status 422, result 1504".
std::string CodeOf(const CallResult& result);

/// The same with them, in typographic quotation marks: "invalid, HTTP status 422: “bad department”". A message of this
/// program's own stands alone. `words`, if there are any, are quoted instead of the message.
std::string ToldOf(const CallResult& result, std::string_view words = {});

/// `text` without what ToldOf has quoted in it. A quotation that is cut off goes to the end.
std::string WithoutQuotations(std::string_view text);

}  // namespace ucaas_sync::ucaas
