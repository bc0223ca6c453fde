// One change of one object at the target, as a value: what the plan decides, the executor does and the journal keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/model/entity.h"
#include "daemon/model/fields.h"
#include "daemon/model/hash.h"
#include "daemon/model/kind.h"
#include "daemon/model/large_pages.h"
#include "daemon/model/packed_bytes.h"

namespace ucaas_sync {

struct FieldChange {
  FieldId field = 0;
  Field before;  ///< kUnmapped: the target never had a value from us.
  Field after;
  friend bool operator==(const FieldChange&, const FieldChange&) = default;
};

/// Membership of a contact, as sorted keys of groups. Groups whose members are unknown are in both lists.
struct GroupsChange {
  std::vector<std::string> before;
  std::vector<std::string> after;
  friend bool operator==(const GroupsChange&, const GroupsChange&) = default;
};

/// What the target holds already of an object that is adopted. Not sent; the state takes it over.
struct ExistingObject {
  std::vector<std::pair<FieldId, Field>> fields;
  std::vector<std::string> groups;  ///< Contacts: keys of its groups, sorted.
  friend bool operator==(const ExistingObject&, const ExistingObject&) = default;
};

struct Operation {
  std::uint64_t seq = 0;  ///< Its place in the plan, from 1.
  Kind kind = Kind::kUser;
  Action action = Action::kCreate;
  std::string key;
  std::string remote_id;             ///< Empty for a create.
  std::int64_t entity_id = 0;        ///< The state's row; 0 when there is none yet.
  std::vector<FieldChange> changes;  ///< By field; for a create all fields that are sent, for a delete what is lost.
  std::optional<GroupsChange> groups;
  std::optional<ExistingObject> existing;  ///< For an adopt.
  std::string who;                         ///< DisplayName of who it is about, as it was before; empty for a create.
  std::string reason;                      ///< "department changed", "left: (status=terminated)"
  SourceRef source;                        ///< Where the record is; for an absence the source alone.
  Hash128 fingerprint;  ///< Of the desired fields: what makes the next run find the person unchanged.
  friend bool operator==(const Operation&, const Operation&) = default;
};

/// A create whose texts lie elsewhere: a first plan has a million of them.
struct CreateView {
  Kind kind = Kind::kUser;
  std::string_view key;
  std::int64_t entity_id = 0;
  FieldSetView fields;  ///< Those that have a value are sent.
  std::string_view reason;
  std::string_view source;
  std::uint64_t line = 0;
  std::string_view dn;
  Hash128 fingerprint;
};
/// The same with texts of its own.
Operation Own(const CreateView& create);

/// The change of `field`, if the operation has one.
const FieldChange* FindChange(const Operation& operation, FieldId field);

/// What the target refused, by the desired fields and the configuration; zero when the fields are not known. Equal: a
/// repeat would be the same request again.
Hash128 RefusalMark(const Hash128& fingerprint, std::string_view config_hash);

/// Who it is about, for people, from `who` or from the new fields; empty where that is no more than the key.
std::string WhoOf(const Operation& operation);

/// Operations in plan order, packed to a few bytes beside their text, the older ones in a spill file where there is
/// one, so that a first plan of a million people fits in memory. Append, then read any of them; a copy is as good as a
/// deep copy. Single-threaded, reading too. Reading throws Failure when a spill file cannot be read, adding when there
/// are more bytes than places (see PackedBytes).
class OperationList {
 public:
  OperationList() = default;
  explicit OperationList(MakeSpillFile make_spill_file) : bytes_(std::move(make_spill_file)) {}
  /// An empty list that may spill as this one does.
  OperationList EmptyAlike() const { return OperationList(bytes_.make_spill_file()); }

  /// Appends; `seq` is set to its place.
  void Add(const Operation& operation);
  /// As Add(Own(create)), but without the copies.
  void AddCreate(const CreateView& create);
  std::size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  /// Unpacks operation `index` (from 0; its seq is index + 1).
  Operation At(std::size_t index) const;

  /// Every operation in turn. What `visit` is given lasts until it returns.
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    Operation operation;
    for (std::size_t i = 0; i < size(); ++i) {
      Unpack(i, operation);
      visit(operation);
    }
  }

 private:
  void Unpack(std::size_t index, Operation& operation) const;

  PackedBytes bytes_;
  LargeVector<PackedBytes::Place> places_;
  std::string scratch_;
};

}  // namespace ucaas_sync
