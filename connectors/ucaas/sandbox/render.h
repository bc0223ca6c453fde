// Objects as the API shows them, in JSON. Pure but for the ids, which the database spells.
#pragma once

#include <string>
#include <vector>

#include "connectors/ucaas/sandbox/database.h"
#include "connectors/ucaas/sandbox/request.h"
#include "daemon/model/kind.h"

namespace ucaas_sync::sandbox {

/// {"result":1,"user":{"user_id":70012,"name":"…"}}, with `msg` where it is not empty.
std::string RenderShort(const Database& database, Kind kind, const Object& object, const std::string& msg);
/// {"result":1,"user":{…every field…}}; `contacts` is a group's membership.
std::string RenderFull(const Database& database, Kind kind, const Object& object, const std::vector<RowId>& contacts);
/// {"result":1,"search":{…},"users":[…]}
std::string RenderList(const Database& database, Kind kind, const ListQuery& query, const std::vector<Object>& objects);
/// {"result":1,"msg":"…"}
std::string RenderMessage(const std::string& msg);
/// {"result":1,"token":"…","user":{…}}
std::string RenderLogin(const std::string& token, const std::string& email, RowId user);
/// One line of a dump: no ids, no times, groups by name.
std::string RenderDump(Kind kind, const Object& object, const std::vector<std::string>& groups);

/// What the API calls the object's name: a user's joined from its parts.
std::string DisplayName(Kind kind, const Object& object);

}  // namespace ucaas_sync::sandbox
