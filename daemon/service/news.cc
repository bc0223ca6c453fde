#include "daemon/service/news.h"

#include <utility>

#include "daemon/model/text.h"
#include "daemon/report/naming.h"
#include "daemon/report/runs.h"
#include "daemon/service/schedule.h"

namespace ucaas_sync::service {
namespace {

bool IsFailure(ExitCode code) {
  switch (code) {
    case ExitCode::kError:
    case ExitCode::kSource:
    case ExitCode::kRefused:
    case ExitCode::kUnavailable:
    case ExitCode::kConfig:
      return true;
    default:
      return false;
  }
}

std::string AdviceOn(ExitCode code) {
  switch (code) {
    case ExitCode::kSource:
      return "Nothing is written until the source is whole. The message names the file, the line and the remedy.";
    case ExitCode::kRefused:
      return "The target refuses our credentials or rights: was the access key replaced? It is tried again, but "
             "seldom.";
    case ExitCode::kUnavailable:
      return "The target cannot be reached or keeps failing. It is tried again; what is left is done when it is back.";
    default:
      return "It is tried again. `ucaas-sync status` and the log say more.";
  }
}

}  // namespace

std::optional<News::Before> News::BeforeOf(const std::vector<RunRecord>& runs) {
  std::optional<Before> outage;
  for (const RunRecord& run : runs) {
    if (!run.outcome || !IsTrigger(run.trigger)) continue;
    // The second failure in a row was told.
    if (outage && IsFailure(*run.outcome)) return outage;
    if (outage || *run.outcome != ExitCode::kUnavailable) return Before{*run.outcome, report::LeftBy(run)};
    outage = Before{.code = ExitCode::kUnavailable, .left = 0};
  }
  return std::nullopt;
}

News::News(std::string host, std::optional<Before> before) : host_(std::move(host)) {
  if (!before) return;
  if (before->code == ExitCode::kUnavailable) {
    told_ = State::kPerhaps;
    return;
  }
  told_code_ = before->code;
  if (before->code == ExitCode::kHeld) told_ = State::kHeld;
  if (IsFailure(before->code) || before->left > 0) told_ = State::kFailing;
}

std::optional<notify::Notice> News::AfterFailure(const RunReport& report, notify::Notice notice) {
  const bool is_known = told_ == State::kFailing && told_code_ == report.code;
  told_ = State::kFailing;
  told_code_ = report.code;
  if (is_known) return std::nullopt;
  notice.event = "failed";
  return notice;
}

std::optional<notify::Notice> News::AfterPartial(const RunReport& report, notify::Notice notice) {
  if (report.left > 0) {
    notice.subject += "not up to date: too many changes failed";
    notice.text += '\n' + Counted(report.left, "change") + (report.left == 1 ? " is" : " are") +
                   " left. The next runs go on with " + (report.left == 1 ? "it" : "them") +
                   ", after longer and longer pauses. `ucaas-sync quarantine list` says who was set aside, and why.";
    return AfterFailure(report, std::move(notice));
  }
  if (report.set_aside == 0) {
    // The next run tries again, and tells: a failure that was told is not over yet.
    if (told_ == State::kFailing || told_ == State::kPerhaps || told_ == State::kPartly) return std::nullopt;
    told_ = State::kPartly;
  } else {
    told_ = report.unfinished > 0 ? State::kPartly : State::kWell;
  }
  notice.event = "quarantine";
  notice.subject += "some were set aside or failed";
  if (report.set_aside > 0) notice.text += "\n`ucaas-sync quarantine list` says who, why, and what ends it.";
  if (report.unfinished > 0) {
    notice.text += '\n' + WithThousands(report.unfinished) + " failed for the moment, and " +
                   (report.unfinished == 1 ? "is" : "are") + " tried again; `ucaas-sync status` and the log say more.";
  }
  notice.text += " Everybody else is up to date.";
  return notice;
}

std::optional<notify::Notice> News::After(const RunReport& report, std::uint32_t failures) {
  notify::Notice notice{.event = {},
                        .subject = "ucaas-sync on " + host_ + ": ",
                        // It leaves this host: nobody is named.
                        .text = report::DiscreetMessage(report.message, config::People::kKey),
                        .run = report.run,
                        .outcome = std::string(Word(report.code))};
  if (report.code == ExitCode::kHeld) {
    if (std::exchange(told_, State::kHeld) == State::kHeld) return std::nullopt;
    notice.event = "held";
    notice.subject += "a guard holds the changes and waits for a person";
    notice.text +=
        "\nSee whom it is about with `ucaas-sync plan`; nothing is written until somebody agrees, or the source "
        "is right.";
    return notice;
  }
  if (IsFailure(report.code)) {
    // A moment's outage mends itself before anybody has read of it.
    if (report.code == ExitCode::kUnavailable && failures < 2) return std::nullopt;
    notice.subject += "not up to date: " + notice.outcome;
    notice.text += '\n' + AdviceOn(report.code);
    return AfterFailure(report, std::move(notice));
  }
  if (report.code == ExitCode::kPartial) return AfterPartial(report, std::move(notice));
  // Somebody else's run, and one that ended before it began, say nothing.
  if (report.code != ExitCode::kConverged) return std::nullopt;
  const State before = std::exchange(told_, State::kWell);
  if (before == State::kWell || before == State::kPartly) return std::nullopt;
  notice.event = "recovered";
  notice.subject += "up to date again";
  notice.text = before == State::kHeld ? "What was held is settled." : "The last run succeeded.";
  return notice;
}

}  // namespace ucaas_sync::service
