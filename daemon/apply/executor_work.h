// One operation under way; shared by the two halves of the executor and nobody else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/apply/executor.h"
#include "daemon/model/operation.h"
#include "daemon/model/store.h"

namespace ucaas_sync::apply {

struct Executor::Work {
  Operation operation;
  std::optional<StoredEntity> row;                 // as it was before
  std::optional<std::vector<std::string>> groups;  // keys of the groups that are really written
  bool groups_incomplete = false;                  // some group has no remote id yet: the next run adds it
  bool was_sent = false;                           // a create of ours may have had its effect
  bool is_recreation = false;
  std::uint32_t attempts = 0;
  std::uint32_t create_rounds = 0;
  std::optional<std::pair<Kind, std::string>> releases;  // the address that this operation sets free
};

}  // namespace ucaas_sync::apply
