#include "daemon/model/events.h"

#include <array>
#include <cstddef>

namespace ucaas_sync {
namespace {

using enum EventId;
using enum Severity;

constexpr std::array kCatalogue{
    EventType{kServiceStarted, "service_started", kInfo, "The service has begun and is ready.",
              "Its configuration is valid and its state can be used. The first look at the sources follows at once. If "
              "this line comes again and again, something ends the process: look at the lines before it."},
    EventType{kServiceStopped, "service_stopped", kInfo, "The service has ended because it was asked to.",
              "Nothing is lost: the next start goes on where this one ended."},
    EventType{
        kServiceCutShort, "service_cut_short", kWarning,
        "The service was asked to end while a run was under way that did not come to rest in time.",
        "Requests without an answer count as unknown: the next run looks at the target what became of them before "
        "it sends anything again. Nothing is to be done. If it comes with every stop, the target answers too "
        "slowly: see target.timeout."},
    EventType{
        kListening, "listening", kInfo, "The pages and metrics can be had on the address that the line names.",
        "They are read-only and ask for no password: let them listen on loopback or a Unix socket, or put a proxy "
        "before them."},
    EventType{
        kNotListening, "not_listening", kError,
        "The address in listen cannot be had, so there are no pages and no metrics.",
        "The service works on without them. Mostly another program has the port, or a Unix socket's folder cannot "
        "be written: the line says which. Mend it, then reload; `ucaas-sync doctor` looks at the same."},
    EventType{kConfigurationReloaded, "configuration_reloaded", kInfo,
              "A configuration that was read anew is in force.",
              "The next look at the sources judges by it. Whatever it changes for people is shown by the next plan."},
    EventType{
        kConfigurationRefused, "configuration_refused", kError,
        "A configuration that was read anew is not valid; the one of before stays in force.",
        "The line names every problem with its place and what to write instead. `ucaas-sync check` shows them one "
        "below the other. Mend the file and reload again; until then a restart of the service would fail."},
    EventType{kWatchMissing, "watch_missing", kWarning,
              "Folders cannot be watched for changes, so the sources in them are only looked at every schedule.every.",
              "Nothing is missed, it is only noticed later. The line says why for each folder: one that is not there, "
              "one that the service may not read, or the system's limit of inotify watches "
              "(fs.inotify.max_user_watches). Network file systems tell nobody of changes in any case."},
    EventType{kStateNotRead, "state_not_read", kWarning,
              "It could not be read from the state when the next run is due.",
              "The next run says the same as an error if it lasts. Look at the disk and at the modes of the state "
              "directory; `ucaas-sync state check` and `ucaas-sync doctor` say more."},
    EventType{kInventoryNotTaken, "inventory_not_taken", kWarning,
              "The counts of entities and of quarantine could not be read after a run; the metrics keep the last ones.",
              "The run itself is done. If it comes again, look at the state as for state_not_read."},
    EventType{
        kNoticeNotSent, "notice_not_sent", kWarning, "A notice could not be sent and was dropped.",
        "The run that it was about is not affected, but somebody was not told. The line says whether the webhook "
        "or the command failed and why: a chat service that moved, a mail program that is missing, a network that "
        "was down. What the notice would have said is on the status page."},
    EventType{
        kRunBegun, "run_begun", kDebug, "A run begins, for the reason that the line names.",
        "start, change (a source or the configuration), due (a date, an absence, a deletion, an approval), retry, "
        "request (SIGUSR1), or schedule."},
    EventType{kRunFinished, "run_finished", kInfo, "A run ended and the account is as the sources say.",
              "Nothing is to be done. `ucaas-sync runs` lists it, and `/runs/ID` of the pages shows each operation."},
    EventType{
        kRunPartial, "run_partial", kWarning,
        "A run finished, but some operations failed or somebody went newly into quarantine; or it stopped, since too "
        "many failed.",
        "Everybody else is as the sources say, but for what it left. `ucaas-sync quarantine list` shows who was set "
        "aside, why, and what ends it; `ucaas-sync explain WHO` shows the requests and what the target replied. What "
        "failed for the moment, and what was left, is done by the next run, which is due at once."},
    EventType{
        kRunHeld, "run_held", kWarning, "A guard holds the plan, and nothing was written.",
        "More people would change than is usual. See who with `ucaas-sync plan`, and find the cause: mostly an "
        "export that lost people, or columns that were swapped. When the export is mended the next run goes "
        "through. When it is meant, agree to it with the command that the line and `ucaas-sync status` show; that "
        "serves for 24 hours, for these changes and no others."},
    EventType{
        kRunFailed, "run_failed", kError, "A run ended without doing its work; the line begins with the outcome.",
        "source: a file is missing, cut or unusable, the line says where; mend the export, nothing was written. "
        "refused: the target takes our credentials no more, or a right is missing; put in the new key. "
        "unavailable: the target could not be reached or kept failing; what is left is done later by itself. "
        "config: the state belongs to another account. error: something unexpected, which `ucaas-sync doctor` may "
        "explain. The service tries again by itself, after longer and longer, and says so once."},
    EventType{kRunRetry, "run_retry", kInfo, "The run that failed is tried again by itself.",
              "What stays the same is not said again, so that one outage does not fill the log: the next line about it "
              "is run_recovered, or another failure."},
    EventType{kRunRecovered, "run_recovered", kInfo, "After failed runs one went well again.",
              "The trouble that run_failed told is over. What it left undone is done, or follows."},
    EventType{kRunNotClosed, "run_not_closed", kWarning, "How a run ended could not be written to the state.",
              "The next run takes it for one that was cut off, and looks what became of its last requests. The state's "
              "disk is mostly full or failing: look there first."},
    EventType{kCommandFailed, "command_failed", kError, "A command ended without doing its work.",
              "The exit code says of which kind the failure is, the line what happened, where, and what to do. In a "
              "terminal the same stands without this name, with one line for each problem."},
    EventType{
        kRepeatsLeftOut, "repeats_left_out", kWarning, "More events of one kind came within a minute than are written.",
        "The line names the kind and says how many were left out. All of them count in the metrics, and all "
        "operations stand in the journal: `ucaas-sync runs`, `/runs/ID` of the pages, `ucaas-sync quarantine list`."},
    EventType{kSourceRead, "source_read", kInfo, "A source was read and is whole.",
              "The line says how many records it has and how many were rejected. Rejected ones are in quarantine, with "
              "their lines: `ucaas-sync quarantine list`."},
    EventType{
        kSourceIncomplete, "source_incomplete", kWarning, "A source was read and cannot be taken for whole.",
        "The line says where it ends or breaks and why. Nobody is removed because of it. A required source fails "
        "the run (run_failed); of one that is not required everybody stays as is. Look at the program that writes "
        "the export: it should write to another name and rename the finished file."},
    EventType{
        kSourceWaitedFor, "source_waited_for", kInfo, "A file was written a moment ago, so it is left to rest first.",
        "Nothing is to be done. If it comes with every run, let the export be written to another name and renamed "
        "when it is finished."},
    EventType{kPlanMade, "plan_made", kInfo, "A plan was made; the line says how many changes it has.",
              "`ucaas-sync runs` and the pages show them, attribute by attribute."},
    EventType{kPlanHeld, "plan_held", kWarning, "A plan was made, and a guard holds it.",
              "The end of the run says which guard and what to do: run_held in the service, else exit code 3."},
    EventType{
        kPlanWarning, "plan_warning", kWarning, "The plan goes on, with something that a person should know.",
        "The line says what: somebody whose key seems to have changed, a list of the target that is not whole, an "
        "attribute that somebody keeps changing in the account, a rule without records. The plan's text has the "
        "same. What lasts is said once, and again when it changes."},
    EventType{kNewcomersLookedFor, "newcomers_looked_for", kInfo,
              "A plan would create more than the guards allow, or the first of a kind, so the target was listed.",
              "Whoever is in the account already is adopted and not created: mostly a scope or a filter that was made "
              "wider, or a rule for another kind. What is left to create is judged by the guards as ever."},
    EventType{kNewcomersUnknown, "newcomers_unknown", kWarning,
              "A plan would create more than the guards allow, and the target could not be listed.",
              "The plan is held, and nothing was written. Whether they are in the account already is not known: wait "
              "until the target can be reached, rather than agree to it."},
    EventType{kRevertWithoutSources, "revert_without_sources", kWarning,
              "A run is reverted while the sources cannot be read.",
              "Whoever is put back is held until their record changes. What the record says now could not be read, so "
              "the next good read is taken for it: a change that came in meanwhile waits for "
              "`ucaas-sync quarantine release WHO`."},
    EventType{
        kOperationFailed, "operation_failed", kWarning,
        "The target did not do what it was asked for one person, group or contact.",
        "The line names the operation, the key and what the target said. The next run plans it anew. When too many "
        "fail, the run stops by itself and says what they have in common. `ucaas-sync explain WHO` shows the "
        "requests and replies."},
    EventType{
        kOperationQuarantined, "operation_quarantined", kWarning,
        "The target refuses the values of one person, group or contact, who is now set aside.",
        "Nobody else is affected. The line says what the target does not like: mend the value in the source. It is "
        "tried again when the values or the configuration change, once a day, or on `ucaas-sync quarantine release "
        "WHO`."},
    EventType{kExistingAdopted, "existing_adopted", kWarning,
              "Somebody who was to be created is in the account already, and was taken over unchanged.",
              "Somebody else created them in the portal meanwhile. If values differ, the next plan shows them before "
              "anything is changed. An adopted user is never deleted, only suspended."},
    EventType{
        kGroupRecreated, "group_recreated", kWarning,
        "A group was gone in the account, and was created anew under its name.",
        "Somebody removed it there. The next run puts its members back. To be rid of the group, take it out of the "
        "source or out of the rule."},
    EventType{
        kTargetPaces, "target_paces", kInfo, "The target asks for fewer requests, and gets fewer.",
        "Nothing fails because of it, the run only takes longer. If it comes with every run, lower target.rate to "
        "what the account's plan allows."},
    EventType{kTargetFails, "target_fails", kInfo, "The target failed for the moment, and the request is sent again.",
              "Nothing is to be done yet: a run ends as unavailable when it lasts (run_failed)."},
    EventType{kRequestRetried, "request_retried", kDebug,
              "One request is sent again after the pause that the line names.", "Only shown with the level debug."},
    EventType{kRequestsAbandoned, "requests_abandoned", kWarning,
              "The run was asked to end while requests had no answer yet.",
              "They count as unknown: the next run looks at the target what became of them before it sends anything "
              "again. Nothing is to be done."},
    EventType{kRefreshPaused, "refresh_paused", kInfo,
              "Comparing the account with the state was interrupted, and goes on with the next run.",
              "The line says why: something more urgent, a stop, or the target. Removals never wait for it."},
    EventType{kRefreshFinished, "refresh_finished", kInfo, "The account was compared with the state, and agrees.",
              "Nobody changed there by hand what is kept in step here."},
    EventType{kRefreshFoundDrift, "refresh_found_drift", kWarning,
              "The account was compared with the state, and somebody else has changed something there.",
              "The next plan puts it back and says so in the reason, or only tells it with `drift: report`. Somebody "
              "works by hand in the account: tell them that the directory is the place for it, or map those fields no "
              "more."},
    EventType{
        kRefreshGivenUp, "refresh_given_up", kWarning,
        "The account's lists could not be believed, so the comparison is put off.",
        "A page failed, or came twice. What was seen to differ is noted; that somebody is missing is not believed. "
        "If it comes for days, ask the provider, and see target.page_length."},
    EventType{kRefreshFailed, "refresh_failed", kWarning, "The account could not be compared with the state.",
              "The run's own work is done and stands. The next run tries the comparison again; the line says what kept "
              "it from it."},
    EventType{
        kLeftoverUnknown, "leftover_unknown", kWarning,
        "It is not known yet what became of a request of a run that was cut off.",
        "The next run asks the target again, after five minutes if nothing else brings it before, and sends nothing "
        "for this person before. If the line says that the "
        "target has several objects with one address, remove there the ones that nobody needs: only a person can "
        "tell which."},
    EventType{kLeftoverFound, "leftover_found", kWarning, "What a request has made that nobody answered was found.",
              "It is known now, and judged like anybody else: whoever left meanwhile leaves. Nothing is to be done."},
    EventType{kJournalNotTidied, "journal_not_tidied", kWarning,
              "Old runs could not be removed, or the file not made smaller.",
              "Runs older than journal.keep stay for now. Nothing is lost but room on the disk, and the next run tries "
              "again. If it stays, look at the state's disk "
              "with `ucaas-sync doctor`."},
};

constexpr bool IsInOrder() {
  for (std::size_t i = 0; i < kCatalogue.size(); ++i) {
    if (kCatalogue[i].id != static_cast<EventId>(i)) return false;
  }
  return kCatalogue.back().id == kJournalNotTidied;
}
static_assert(IsInOrder(), "one row for each EventId, in its order: TypeOf looks them up by number");

}  // namespace

std::string_view Word(Severity severity) {
  switch (severity) {
    case kDebug:
      return "debug";
    case kInfo:
      return "info";
    case kWarning:
      return "warning";
    case kError:
      return "error";
  }
  return "info";
}

std::span<const EventType> EventCatalogue() {
  return kCatalogue;
}

const EventType& TypeOf(EventId id) {
  return kCatalogue.at(static_cast<std::size_t>(id));
}

}  // namespace ucaas_sync
