// A target that takes nothing but what is needed: it refuses what the sandbox would let pass, and says what was wrong
// with the request, which fails the history. It keeps apart what the program can know from what it cannot: after an
// answer that never came, the same may be asked again.
// Borrows the objects of a FakeTarget. Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/model/text.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::sim {

class StrictTarget {
 public:
  explicit StrictTarget(testing::FakeTarget& target) : target_(target) {}

  /// Whether the state knows this field of the object with that remote id, also as empty.
  using Knows = std::function<bool(Kind kind, const std::string& remote_id, FieldId field)>;
  /// Asks the state from now on; before, the program is to know every field of every object.
  void AskState(Knows knows) { knows_ = std::move(knows); }

  /// Does what `request` asks. Complained of, and refused with 406: a path or a query that does not exist, keys that
  /// are not the object's, empty values in a new object, a change that changes nothing or sends a field that is so
  /// already and that the state knows or was answered before, a group that is not there, a new object for an address
  /// that is taken by one of the program's own, a create that is repeated without a look, and a write to an object that
  /// the program itself deleted.
  HttpReply Answer(const HttpRequest& request);

  /// The program got `reply`, a usable answer to it.
  void NoteAnswered(const HttpRequest& request, const HttpReply& reply);
  /// The program says that it did what it was to do with the object that has this address.
  void NoteDone(Kind kind, const std::string& address) { taken_.erase({kind, FoldCase(address)}); }
  /// The program cannot know whether it was done.
  void NoteUnanswered(const HttpRequest& request);
  /// The process is gone: what it was told it may not have kept.
  void NoteCrash();
  /// A new process that knows only what its state says.
  void NoteStart() { written_.clear(); }
  void NoteTouched(Kind kind, const std::string& remote_id) { doubts_[{kind, remote_id}].insert(kEverything); }
  /// The program does not know any more what is its own.
  void NoteForgotten() {
    ours_.clear();
    taken_.clear();
    told_.clear();
  }

  void Complain(const std::string& what) { complaints_.push_back(what); }
  std::vector<std::string> TakeComplaints() { return std::exchange(complaints_, {}); }

 private:
  using Id = std::pair<Kind, std::string>;
  /// What of an object the program cannot know: names of fields, "group_ids", or kEverything, as whether it is there.
  using Doubt = std::set<std::string>;
  static constexpr const char* kEverything = "*";
  struct Asked {
    Kind kind = Kind::kUser;
    std::string id;     // empty: the collection
    std::string query;  // "page=1&page_length=100"
  };
  static bool Parse(const HttpRequest& request, Asked& asked);
  /// Why it is refused; empty when it is not.
  std::string JudgeCreate(Kind kind, const HttpRequest& request) const;
  std::string JudgeChange(const Asked& asked, const HttpRequest& request) const;
  std::string JudgeQuery(const Asked& asked) const;
  std::string JudgeGroups(const std::vector<std::string>& ids) const;
  /// What a change that nobody answered leaves in doubt.
  static Doubt DoubtAbout(const HttpRequest& request);
  bool IsInDoubt(const Id& id, const std::string& name) const;
  /// Whether the program can know what the object shows there. It cannot of a field that an object of its own, found
  /// again, shows beside what was asked for: that is in no answer, and in no row.
  bool IsKnown(const Id& id, const std::string& name, FieldId field) const;
  void EndDoubt(const Id& id, const Doubt& about);
  /// An answer settles what was asked: the other fields are no surer for it.
  void Settle(const Id& id, const HttpRequest& request);

  testing::FakeTarget& target_;
  Knows knows_;
  std::map<Id, Doubt> doubts_;  // by remote id
  std::set<Id> open_;           // by address: created, perhaps
  std::set<Id> ours_;     // by remote id: made by the program, or in the way of what it was to make, and it was told so
  std::set<Id> taken_;    // by address: in the way, and nobody has become its owner yet
  std::set<Id> deleted_;  // likewise deleted
  std::map<Id, std::set<std::string>> told_;  // by remote id: fields of which an answer said that they are as sent
  std::map<Id, Doubt> written_;               // by remote id, by this process
  std::set<Id> posted_;                       // by address, by this process
  std::vector<std::string> complaints_;
};

}  // namespace ucaas_sync::sim
