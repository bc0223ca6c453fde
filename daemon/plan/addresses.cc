#include "daemon/plan/addresses.h"

#include <algorithm>

#include "daemon/model/large_pages.h"
#include "daemon/model/text.h"
#include "daemon/plan/compare.h"

namespace ucaas_sync::plan {
namespace {

/// An address that a draft takes.
struct Claim {
  Hash128 address;
  SlotId slot = kNone;
  SlotId holder = kNone;  ///< Who has it at the target now, by the state.
  enum class Progress : std::uint8_t { kOpen, kOnPath, kSettled } progress = Progress::kOpen;
};

/// One bit an address, by its hash: which may be claimed, and which may be claimed or held by more than one. Never
/// wrong about who is alone; a few who are alone look as if they were not.
class AddressBits {
 public:
  explicit AddressBits(std::size_t claims) {
    std::size_t bits = 1024;
    while (bits < claims * 8) bits *= 2;
    claimed_.resize(bits);
    shared_.resize(bits);
  }

  void AddClaim(const Hash128& address) {
    const std::size_t bit = BitOf(address);
    if (claimed_[bit]) shared_[bit] = true;
    claimed_[bit] = true;
    empty_ = false;
  }
  void Share(const Hash128& address) { shared_[BitOf(address)] = true; }
  bool IsClaimed(const Hash128& address) const { return claimed_[BitOf(address)]; }
  bool IsShared(const Hash128& address) const { return shared_[BitOf(address)]; }
  bool empty() const { return empty_; }

 private:
  std::size_t BitOf(const Hash128& address) const { return address.low & (claimed_.size() - 1); }

  LargeVector<bool> claimed_;
  LargeVector<bool> shared_;
  bool empty_ = true;
};

class Settlement {
 public:
  Settlement(Workspace& work, std::span<const SourceState> sources, Kind kind)
      : work_(work), sources_(sources), kind_(kind) {}

  void Run() {
    CollectClaims();
    RefuseSharedClaims();
    SpareWhoMayHaveANewKey();
    RefuseClaimsOnWhoStays();
    for (std::size_t i = 0; i < claims_.size(); ++i) Settle(i);
    WarnOfManyRekeys();
  }

 private:
  /// Claims that may matter to somebody else, with who holds their addresses now. A newcomer's is left out when nobody
  /// else claims or holds its address: of a first plan nearly all are, and none of them is sorted or read again.
  void CollectClaims() {
    AddressBits bits(work_.drafts.all().size());
    for (const Draft& draft : work_.drafts.all()) {
      if (!Claims(draft)) continue;
      const Hash128 address = IsNewcomers(draft) ? work_.table[draft.slot].address_hash : AddressOf(draft);
      if (address.is_zero()) continue;
      bits.AddClaim(address);
      if (!IsNewcomers(draft)) claims_.push_back({.address = address, .slot = draft.slot});
    }
    if (bits.empty()) return;
    const std::vector<SlotId> holders = CollectHolders(bits);
    const auto for_each_shared = [&](const auto& visit) {
      for (const Draft& draft : work_.drafts.all()) {
        if (!Claims(draft) || !IsNewcomers(draft)) continue;
        const Hash128& address = work_.table[draft.slot].address_hash;
        if (bits.IsShared(address)) visit(draft.slot, address);
      }
    };
    std::size_t shared = claims_.size();
    for_each_shared([&](SlotId, const Hash128&) { ++shared; });
    claims_.reserve(shared);
    for_each_shared(
        [&](SlotId slot, const Hash128& address) { claims_.push_back({.address = address, .slot = slot}); });
    std::sort(claims_.begin(), claims_.end(), [&](const Claim& a, const Claim& b) {
      return a.address != b.address ? a.address < b.address : a.slot < b.slot;
    });
    for (const SlotId id : holders) {
      if (Claim* claim = ClaimOn(work_.table[id].address_hash); claim != nullptr && claim->slot != id) {
        claim->holder = id;
      }
    }
  }

  bool Claims(const Draft& draft) const {
    return draft.kind == kind_ && !draft.dropped && draft.action != Action::kDelete;
  }

  /// Whether its address is in the table, and it holds no other one that it would give up.
  bool IsNewcomers(const Draft& draft) const { return draft.packed == kNone && !work_.table[draft.slot].is_known(); }

  Hash128 AddressOf(const Draft& draft) const {
    const FieldId field = NaturalKeyField(kind_);
    if (draft.packed == kNone) {
      return AddressHash(work_.candidates.Get(work_.table[draft.slot].candidate).fields[field].text);
    }
    const Operation operation = work_.drafts.Packed(draft);
    const FieldChange* change = FindChange(operation, field);
    return change == nullptr ? Hash128{} : AddressHash(change->after.text);
  }

  /// Who has at the target, by the state, what may be a claimed address; their addresses are shared from now on.
  std::vector<SlotId> CollectHolders(AddressBits& bits) const {
    std::vector<SlotId> holders;
    for (SlotId id = 0; id < work_.table.known(); ++id) {
      const Slot& slot = work_.table[id];
      if (!bits.IsClaimed(slot.address_hash) || slot.kind != kind_ || !slot.is_there()) continue;
      // Whose account somebody deleted by hand holds nothing any more.
      const bool is_gone_there = slot.seen == Seen::kNot && slot.has(kDrifted) && work_.drift.IsMissing(id);
      if (is_gone_there) continue;
      bits.Share(slot.address_hash);
      holders.push_back(id);
    }
    return holders;
  }

  /// The same address in the records of several keys: none of them can be believed, whoever has it now included.
  void RefuseSharedClaims() {
    for (std::size_t begin = 0; begin < claims_.size();) {
      std::size_t end = begin + 1;
      while (end < claims_.size() && claims_[end].address == claims_[begin].address) ++end;
      if (end - begin > 1) {
        std::vector<SlotId> slots;
        for (std::size_t i = begin; i < end; ++i) slots.push_back(claims_[i].slot);
        if (const SlotId holder = claims_[begin].holder; holder != kNone && StaysAt(holder, claims_[begin])) {
          slots.push_back(holder);
        }
        SetAsideAll(slots);
      }
      begin = end;
    }
    // Kept in the list they would still be found as takers; they take nothing now.
    std::erase_if(claims_, [&](const Claim& claim) { return work_.LiveDraft(claim.slot) == nullptr; });
    by_slot_.clear();
  }

  void SetAsideAll(const std::vector<SlotId>& slots) {
    std::vector<std::string> people;
    for (const SlotId slot : slots) people.push_back(work_.KeyOf(slot) + " (" + work_.PlaceOf(slot) + ")");
    std::sort(people.begin(), people.end());
    const std::string reason = "the same " + std::string(AddressWord(kind_)) + " for " + std::to_string(slots.size()) +
                               " keys: " + ListOf(people);
    for (const SlotId slot : slots) work_.SetAside(slot, reason);
  }

  Claim* ClaimOn(const Hash128& address) {
    const auto it = std::lower_bound(claims_.begin(), claims_.end(), address,
                                     [](const Claim& claim, const Hash128& wanted) { return claim.address < wanted; });
    return it != claims_.end() && it->address == address ? &*it : nullptr;
  }

  /// The claim by which `slot` itself moves to another address.
  std::size_t ClaimOf(SlotId slot) {
    if (by_slot_.empty()) {
      for (std::size_t i = 0; i < claims_.size(); ++i) by_slot_.emplace_back(claims_[i].slot, i);
      std::sort(by_slot_.begin(), by_slot_.end());
    }
    const auto it = std::lower_bound(by_slot_.begin(), by_slot_.end(), std::pair<SlotId, std::size_t>(slot, 0));
    return it != by_slot_.end() && it->first == slot ? it->second : claims_.size();
  }

  void RefuseClaimsOnWhoStays() {
    for (const Claim& claim : claims_) {
      if (claim.holder == kNone) continue;
      const Slot& holder = work_.table[claim.holder];
      if (holder.has(kFrozen)) continue;
      if (StaysAt(claim.holder, claim)) {
        SetAsideAll({claim.slot, claim.holder});
      } else if (holder.seen == Seen::kNot && !work_.table[claim.slot].is_there() && IsMissing(holder)) {
        ProposeRekey(claim);
      }
    }
  }

  bool StaysAt(SlotId id, const Claim& claim) {
    const Slot& holder = work_.table[id];
    return holder.seen == Seen::kPresent && !holder.has(kFrozen) && ClaimOf(id) == claims_.size() &&
           RecordNames(holder, claim);
  }

  /// Whether the holder's own record still says the address: an unchanged person's does.
  bool RecordNames(const Slot& holder, const Claim& claim) const {
    if (holder.candidate == kNone) return true;
    const Candidate candidate = work_.candidates.Get(holder.candidate);
    const FieldView field = candidate.fields[NaturalKeyField(kind_)];
    return field.state == FieldState::kValue && AddressHash(field.text) == claim.address;
  }

  /// Newcomers who are set aside or held claim nothing, but one of them may be somebody known under a new key.
  void SpareWhoMayHaveANewKey() {
    if (kind_ == Kind::kGroup) return;
    std::vector<std::pair<Hash128, SlotId>> newcomers;
    for (std::uint32_t i = 0; i < work_.candidates.size(); ++i) {
      const SlotId id = work_.candidates.SlotOf(i);
      const Slot& slot = work_.table[id];
      if (slot.kind != kind_ || slot.is_there() || !slot.has(kFrozen)) continue;
      const Hash128 address = AddressHash(work_.candidates.Get(i).fields[NaturalKeyField(kind_)].text);
      if (!address.is_zero()) newcomers.emplace_back(address, id);
    }
    for (const auto& [address, id] : work_.more_addresses) {
      if (work_.table[id].kind == kind_ && work_.table[id].has(kFrozen)) newcomers.emplace_back(address, id);
    }
    if (newcomers.empty()) return;
    std::sort(newcomers.begin(), newcomers.end());
    for (SlotId id = 0; id < work_.table.known(); ++id) {
      const Slot& slot = work_.table[id];
      const bool may_go = slot.kind == kind_ && slot.is_there() && slot.seen == Seen::kNot && !slot.has(kFrozen);
      if (!may_go || !IsMissing(slot)) continue;
      const auto newcomer =
          std::lower_bound(newcomers.begin(), newcomers.end(), std::pair(slot.address_hash, SlotId{}));
      if (newcomer == newcomers.end() || newcomer->first != slot.address_hash) continue;
      const std::string appeared = work_.KeyOf(newcomer->second);
      work_.SetAside(id, "gone from the source while " + appeared + " (" + work_.PlaceOf(newcomer->second) +
                             ") appeared with the same e-mail and is set aside or held; see to that one first, then "
                             "say whether they are one person");
      const Slot& other = work_.table[newcomer->second];
      if (other.has(kUndecided)) {
        work_.SetAside(newcomer->second, std::string(work_.candidates.Get(other.candidate).reason));
      }
    }
  }

  bool IsMissing(const Slot& holder) const {
    if (holder.source >= sources_.size()) return false;
    const SourceState& source = sources_[holder.source];
    return source.healthy && source.snapshot != nullptr && source.snapshot->complete();
  }

  void ProposeRekey(const Claim& claim) {
    if (kind_ == Kind::kGroup) return;
    const std::string appeared = work_.KeyOf(claim.slot);
    const std::string vanished = work_.KeyOf(claim.holder);
    const std::string advice = "; if they are one person: ucaas-sync quarantine release " + ShellWord(appeared) +
                               " --as " + ShellWord(vanished) + "; if not, " + WayOut(claim.holder, vanished);
    work_.SetAside(claim.slot, RekeyProposal(vanished) + ", who is gone from the source" + advice);
    work_.SetAside(claim.holder, "gone from the source while " + appeared + " appeared with the same e-mail" + advice);
    if (proposed_++ == 0) example_ = {vanished, appeared};
  }

  /// How two people come apart who have one e-mail.
  std::string WayOut(SlotId holder, const std::string& vanished) const {
    const bool is_suspended = work_.table[holder].lifecycle == Lifecycle::kSuspended;
    // Whose address was given to somebody else has no record that could be mended.
    return is_suspended ? "the e-mail is free once the account of " + vanished +
                              " is deleted by hand or has another one there, and a refresh has seen that"
                        : "one of the two e-mails is wrong, or the account of " + vanished + " has to go by hand first";
  }

  /// One person gets another number now and then; many at once are an export that writes numbers otherwise.
  void WarnOfManyRekeys() {
    constexpr std::uint64_t kMany = 5;
    if (proposed_ < kMany) return;
    const std::string bare = Counted(proposed_, std::string(Name(kind_))) +
                             " have new keys and the e-mails of keys that are gone from the source";
    const std::string advice =
        ": see whether the export writes its keys in another way than before (leading zeros, a prefix); all of them "
        "stay "
        "as they are until it does again, or until each is released";
    work_.warnings.push_back(Warning(bare + " (" + example_.first + " is " + example_.second + " now)" + advice,
                                     bare + advice, {example_.first, example_.second}));
  }

  /// Follows the chain of holders from claim `start`, then settles it from its far end.
  void Settle(std::size_t start) {
    std::vector<std::size_t> path;
    std::size_t at = start;
    while (at < claims_.size() && claims_[at].progress == Claim::Progress::kOpen) {
      claims_[at].progress = Claim::Progress::kOnPath;
      path.push_back(at);
      const SlotId holder = claims_[at].holder;
      at = holder == kNone || work_.LiveDraft(holder) == nullptr ? claims_.size() : ClaimOf(holder);
    }
    if (at < claims_.size() && claims_[at].progress == Claim::Progress::kOnPath) {
      RefuseCycle(std::vector<std::size_t>(std::find(path.begin(), path.end(), at), path.end()));
    }
    for (auto it = path.rbegin(); it != path.rend(); ++it) {
      Conclude(claims_[*it]);
      claims_[*it].progress = Claim::Progress::kSettled;
    }
  }

  void RefuseCycle(const std::vector<std::size_t>& cycle) {
    std::vector<std::string> keys;
    for (const std::size_t i : cycle) keys.push_back(work_.KeyOf(claims_[i].slot));
    std::sort(keys.begin(), keys.end());
    const std::string reason = "these exchange their " + std::string(AddressWord(kind_)) +
                               "s in a circle, so none can go first: " + ListOf(keys) +
                               "; if that is meant, give one of them another one in the source for one run";
    for (const std::size_t i : cycle) work_.SetAside(claims_[i].slot, reason);
  }

  void Conclude(const Claim& claim) {
    if (claim.holder == kNone || work_.LiveDraft(claim.slot) == nullptr) return;
    const Draft* holder = work_.LiveDraft(claim.holder);
    if (holder != nullptr && holder->action == Action::kDelete && kind_ != Kind::kGroup) {
      // Deletes come before everything else but suspends, which stand among them.
      Draft& taker = work_.drafts.all()[work_.table[claim.slot].draft];
      if (taker.action == Action::kSuspend) taker.depth = 1;
      return;
    }
    if (holder != nullptr && holder->action != Action::kDelete && ClaimOf(claim.holder) < claims_.size()) {
      Draft& taker = work_.drafts.all()[work_.table[claim.slot].draft];
      taker.depth = holder->depth;
      ++taker.depth;
      return;
    }
    // Groups go last: once the holder is deleted the same files give another plan.
    if (holder != nullptr && holder->action == Action::kDelete) work_.WakeAt(work_.now);
    work_.SetAside(claim.slot,
                   "its " + std::string(AddressWord(kind_)) + " is still held by " + Describe(claim.holder));
  }

  /// Whether no time takes away what is missing.
  bool IsKept(const Slot& slot) const {
    const LeavePolicy policy = work_.policy.LeavingFrom(slot.kind, slot.source);
    if (!policy.known) return false;
    const bool is_adopted = slot.ownership == Ownership::kAdopted && !policy.delete_adopted;
    return policy.absent == config::AbsentPolicy::kKeep || (slot.kind != Kind::kUser && is_adopted);
  }

  std::string Describe(SlotId holder) const {
    const Slot& slot = work_.table[holder];
    std::string text = work_.KeyOf(holder);
    if (slot.seen == Seen::kLeft) {
      text +=
          ", who left; if they are one person, give both one key; if not, it is free once that account is deleted "
          "(delete_after, or by hand)";
    } else if (slot.seen == Seen::kOutOfScope) {
      text += ", who is out of scope";
    } else if (slot.seen == Seen::kNot && slot.lifecycle == Lifecycle::kSuspended) {
      const bool is_ours = slot.ownership == Ownership::kCreated;
      text += ", who is gone from the source and suspended; it is free once that account is deleted ";
      text += is_ours ? "(delete_after, or by hand)" : "by hand";
    } else if (slot.seen == Seen::kNot && IsKept(slot)) {
      text +=
          ", who is gone from the source and kept (adopted, or by absent: keep); it is free once that one is "
          "deleted by hand";
    } else if (slot.seen == Seen::kNot) {
      text += ", who is gone from the source but not removed yet";
    } else if (slot.has(kFrozen)) {
      text += ", who is set aside or held (" + work_.PlaceOf(holder) + ")";
    } else {
      text += " (" + work_.PlaceOf(holder) + ")";
    }
    return text;
  }

  Workspace& work_;
  std::span<const SourceState> sources_;
  Kind kind_;
  LargeVector<Claim> claims_;  // by address, then slot; see CollectClaims
  std::vector<std::pair<SlotId, std::size_t>> by_slot_;
  std::uint64_t proposed_ = 0;
  std::pair<std::string, std::string> example_;  // the key that is gone, and the one that appeared
};

}  // namespace

std::string RekeyProposal(std::string_view vanished) {
  return "new key with the e-mail of " + std::string(vanished);
}

void SettleAddresses(Workspace& work, std::span<const SourceState> sources) {
  for (const Kind kind : kAllKinds) Settlement(work, sources, kind).Run();
  // Whoever is set aside by now waits for a person, and no day is near.
  std::erase_if(work.due, [&work](const DueItem& due) {
    const SlotId slot = work.table.Find(due.kind, HashOf(due.key));
    return slot != kNone && work.table[slot].has(kFrozen);
  });
}

}  // namespace ucaas_sync::plan
