// From the API's JSON to a RemoteObject: ids under any of their names, numbers and booleans in any dress.
#pragma once

#include <optional>
#include <string_view>

#include "connectors/ucaas/client.h"
#include "connectors/ucaas/json_view.h"
#include "daemon/model/kind.h"

namespace ucaas_sync::ucaas {

/// The payload's key for one object ("user") and for a list ("users").
std::string_view PayloadName(Kind kind);
std::string_view PayloadNameOfList(Kind kind);

/// The object's id as text; nothing when it has none, or an empty one.
std::optional<std::string_view> RemoteIdIn(Kind kind, const JsonView& object);

/// Nothing when `object` is no object or has no id: it could be matched with nobody. Passwords and other fields that
/// are only ever sent are left unmapped, whatever the reply shows.
std::optional<RemoteObject> ReadRemoteObject(Kind kind, const JsonView& object);

}  // namespace ucaas_sync::ucaas
