#include <algorithm>
#include <string>

#include "config/readers.h"
#include "config/secrets.h"
#include "config/url.h"
#include "daemon/model/text.h"
#include "daemon/model/time.h"
#include "daemon/model/time_window.h"

namespace ucaas_sync::config {
namespace {

void ReadListen(Section& root, Config& config) {
  root.Read("listen", config.listen);
  if (config.listen.empty()) return;
  std::string& value = config.listen.value;
  static constexpr std::string_view kUnix = "unix:";
  if (value.starts_with(kUnix) && value.size() > kUnix.size()) {
    value = std::string(kUnix) + root.context().Absolute(value.substr(kUnix.size()));
    return;
  }
  if (IsHostAndPort(value)) return;
  root.diagnostics().Error(config.listen.at, "listen: " + Quoted(value) + " is no address to listen on",
                           "write 127.0.0.1:9847, \"[::1]:9847\" or unix:/run/ucaas-sync/http.sock");
}

void ReadSchedule(Section& root, ScheduleConfig& out) {
  const Node* node = root.Find("schedule");
  if (node == nullptr) return;
  Section schedule(root.context(), *node, "schedule", root.KeyAt("schedule"), {"every", "watch", "refresh", "at"});
  schedule.Read("every", out.every, Duration(1000));
  schedule.Read("watch", out.watch);
  schedule.Read("refresh", out.refresh, Duration(60'000));
  if (const Node* at = schedule.FindQuietly("at"); at != nullptr && at->is_scalar() && at->value == "always") return;
  schedule.ReadList("at", Section::OneOrMore::kTextIsListOfOne, out.at);
  for (const Text& time : out.at) {
    if (ParseTimeWindow(time.value)) continue;
    schedule.diagnostics().Error(
        time.at, "schedule.at: " + Quoted(time.value) + " is no time of day",
        "write always, a time (\"06:30\"), or from and to (\"06:00-20:00\"), with two digits each, if need be after "
        "the days (\"Mon-Fri 06:00-20:00\")");
  }
}

void ReadLog(Section& root, LogConfig& out) {
  const Node* node = root.Find("log");
  if (node == nullptr) return;
  Section log(root.context(), *node, "log", root.KeyAt("log"), {"level", "format", "people"});
  log.ReadWord<std::string>("level", {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}},
                            out.level);
  LogFormat format = LogFormat::kText;
  if (log.Has("format")) {
    log.ReadWord<LogFormat>("format", {{"text", LogFormat::kText}, {"json", LogFormat::kJson}}, format);
    out.format = format;
  }
  log.ReadWord<People>("people", {{"full", People::kFull}, {"key", People::kKey}, {"hash", People::kHash}}, out.people);
}

void ReadNotify(Section& root, NotifyConfig& out) {
  const Node* node = root.Find("notify");
  if (node == nullptr) return;
  Section notify(root.context(), *node, "notify", root.KeyAt("notify"), {"webhook", "command"});
  notify.ReadList("command", Section::OneOrMore::kListOnly, out.command);
  Text webhook;
  notify.Read("webhook", webhook);
  if (webhook.empty()) return;
  const std::optional<Url> url = ParseUrl(webhook.value);
  if (!url || !(url->scheme == "https" || (url->scheme == "http" && IsLoopback(url->host)))) {
    notify.diagnostics().Error(webhook.at, "notify.webhook is not an https address", "write it whole: https://…");
    return;
  }
  out.webhook = Secret(std::move(webhook.value));
}

}  // namespace

void ReadService(Section& root, Config& config) {
  ReadListen(root, config);
  root.ReadWord<Drift>("drift", {{"repair", Drift::kRepair}, {"report", Drift::kReport}}, config.drift);
  ReadSchedule(root, config.schedule);
  ReadLog(root, config.log);
  ReadNotify(root, config.notify);

  Text zone;
  root.Read("timezone", zone);
  if (!zone.empty() && !DateIn(Instant{}, zone.value)) {
    root.diagnostics().Error(zone.at, "timezone: " + Quoted(zone.value) + " is not known on this machine",
                             "write local, UTC or a name such as Europe/Berlin (package tzdata)");
  } else if (!zone.empty()) {
    config.timezone = zone.value;
  }
  if (const Node* node = root.Find("journal")) {
    Section journal(root.context(), *node, "journal", root.KeyAt("journal"), {"keep"});
    journal.Read("keep", config.journal.keep, Duration(24 * 3600 * 1000LL));
  }
  if (const Node* node = root.Find("pages")) {
    Section pages(root.context(), *node, "pages", root.KeyAt("pages"), {"people"});
    pages.ReadWord<People>("people", {{"full", People::kFull}, {"key", People::kKey}, {"hash", People::kHash}},
                           config.pages.people);
  }
}

}  // namespace ucaas_sync::config
