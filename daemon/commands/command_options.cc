#include "daemon/commands/command_options.h"

#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace ucaas_sync::commands {
namespace {

// What a word on the command line is, where its name says it; an empty text would show the type of its value.
constexpr const char* kNameSaysIt = " ";

const std::map<std::string, Format> kTextOrJson{{"text", Format::kText}, {"json", Format::kJson}};
const std::map<std::string, Format> kAnyFormat{
    {"text", Format::kText}, {"json", Format::kJson}, {"html", Format::kHtml}};

void AddRead(CLI::App& app, ReadOptions& read) {
  CLI::App* command = app.add_subcommand("read", "Show what a source, or a file without any configuration, yields");
  command->add_option("SOURCE", read.source, "Name of a source in the configuration")->option_text(kNameSaysIt);
  command->add_option("--csv", read.csv, "Read this CSV file")->option_text("PATH");
  command->add_option("--ldif", read.ldif, "Read this LDIF file")->option_text("PATH");
  command->add_option("--delimiter", read.delimiter, "Between fields: one character, or tab (default: found)")
      ->option_text("D");
  command->add_option("--encoding", read.encoding, "An iconv name, such as windows-1252 (default: UTF-8)")
      ->option_text("E");
  command->add_option("--limit", read.limit, "Show at most N records")->option_text("N");
  command->add_option("--format", read.jsonl, "text, or jsonl: one JSON object a record")
      ->option_text("text|jsonl")
      ->transform(CLI::CheckedTransformer(std::map<std::string, bool>{{"text", false}, {"jsonl", true}}));
  command->footer(
      "Every good record is printed; ends 4 when records were rejected (each with its line on stderr), and 5\n"
      "when the file is not whole.\n\nExamples:\n  ucaas-sync read hr --limit 3\n"
      "  ucaas-sync read --csv people.csv --encoding windows-1252\n"
      "  ucaas-sync read --ldif export.ldif --format jsonl | jq .attributes.mail");
}

void AddPlan(CLI::App& app, PlanOptions& plan) {
  CLI::App* command = app.add_subcommand("plan", "The dry run: show what would change, and write nothing");
  command->add_option("--format", plan.format, "How to show the plan")
      ->option_text("text|json|html")
      ->transform(CLI::CheckedTransformer(kAnyFormat));
  command->add_option("--out", plan.out, "Write the plan to FILE too, for `apply FILE`")->option_text("FILE");
  command->add_flag("--detailed-exitcode", plan.detailed_exit_code, "End 2 when the plan is not empty");
  CLI::Option* refresh = command->add_flag("--refresh", plan.refresh, "List the target and compare it with the state");
  command->add_flag("--offline", plan.offline, "Never ask the target; say what could not be known")->excludes(refresh);
  command->add_option("--source", plan.sources, "Read PATH for the source NAME (may be repeated)")
      ->option_text("NAME=PATH");
  command->add_option("--only", plan.only, "Only this person or group: a key or an e-mail")->option_text("WHO");
  command->add_flag("--all", plan.all, "Show every change, however many");
  command->footer(
      "Ends 0 when a plan was made, 3 when a guard holds it, 5 when a source cannot be used.\n\nExamples:\n"
      "  ucaas-sync plan\n  ucaas-sync plan --source hr=tomorrow.csv\n"
      "  ucaas-sync plan --out monday.plan && ucaas-sync apply monday.plan\n"
      "  ucaas-sync plan --format html > plan.html");
}

void AddExplain(CLI::App& app, ExplainOptions& explain, RunsOptions& runs) {
  CLI::App* command =
      app.add_subcommand("explain", "Why somebody is as they are, or is not there; now or in a past run");
  command->add_option("WHO", explain.who, "A key or an e-mail")->option_text(kNameSaysIt)->required();
  command->add_option("--run", explain.run, "What that run did and decided, from the journal alone")
      ->option_text("RUN");
  command->add_option("--format", explain.format, "How to show it")
      ->option_text("text|json")
      ->transform(CLI::CheckedTransformer(kTextOrJson));
  command->footer(
      "Reads the sources and the state, writes nothing and asks the target nothing. Ends 0 also when nobody is "
      "found. A key or an e-mail of the past leads to whom it belonged to.\n\n"
      "Examples:\n  ucaas-sync explain E17\n  ucaas-sync explain ada.lovelace@example.com\n"
      "  ucaas-sync explain E17 --run 20261123T181323-4f2a");
  CLI::App* list = app.add_subcommand("runs", "The runs, newest first: outcome, counts, duration, message");
  list->add_option("--limit", runs.limit, "Show at most N")->option_text("N")->capture_default_str();
  list->add_option("--format", runs.format, "How to show them")
      ->option_text("text|json")
      ->transform(CLI::CheckedTransformer(kTextOrJson));
  list->footer("Example:\n  ucaas-sync runs --limit 100 --format json | jq '.runs[] | select(.failed > 0)'");
}

void AddSandbox(CLI::App& app, SandboxOptions& sandbox) {
  CLI::App* command = app.add_subcommand("sandbox", "Serve the built-in UCaaS API by itself, for trying things out");
  command->add_option("--listen", sandbox.listen, "Where to serve")->option_text("ADDRESS:PORT")->capture_default_str();
  command->add_option("--db", sandbox.db, "The SQLite file with its accounts")->option_text("FILE")->required();
  command->add_option("--id", sandbox.access_id, "The API access id that it accepts")
      ->option_text("ID")
      ->capture_default_str();
  command
      ->add_option("--key-file", sandbox.access_key_file, "A file (mode 0600) with the API access key that it accepts")
      ->option_text("FILE")
      ->required();
  command->add_option("--latency", sandbox.latency_ms, "Milliseconds added to every request")->option_text("MS");
  command->add_option("--rate-limit", sandbox.rate_limit, "Requests a second, beyond which it answers 429")
      ->option_text("R");
  command->add_option("--fault", sandbox.faults, "Do something wrong on purpose (may be repeated)")
      ->option_text("RULE");
  command->add_option("--seed", sandbox.seed, "Of the faults")->option_text("N")->capture_default_str();
  command->footer(
      "A fault is \"[METHOD] [ROUTE]: WHAT [WHEN]\".\n\nExamples:\n"
      "  ucaas-sync sandbox --db account.db --key-file key\n"
      "  ucaas-sync sandbox --db account.db --key-file key --fault 'POST users: 500 5%' --fault '*: delay 200ms'");
}

void AddApprove(CLI::App& app, ApproveOptions& approve) {
  CLI::App* command = app.add_subcommand("approve", "Consent to what a guard holds, for 24 h");
  command->add_option("RUN", approve.what, "A held run as `status` shows it, `last`, or a plan file")
      ->option_text("or FILE")
      ->required();
  command->add_option("--reason", approve.reason, "Why, for the record")->option_text("R");
  command->footer(
      "Covers what the guards held, and not more: a later plan passes while what it does under them is among that.\n"
      "Sources that cannot be used (5) cannot be approved.\n\nExamples:\n"
      "  ucaas-sync approve last --reason 'Leeds closes, ticket 4711'\n"
      "  ucaas-sync plan --out monday.plan; ucaas-sync approve monday.plan && ucaas-sync apply monday.plan");
}

void AddHold(CLI::App& app, HoldOptions& hold) {
  CLI::App* command = app.add_subcommand("hold", "Leave somebody as they are, whatever the source says");
  command->add_option("WHO", hold.who, "A key or an e-mail")->option_text(kNameSaysIt)->required();
  command->add_option("--until", hold.until, "A date, an instant, or a time from now; else until released")
      ->option_text("T");
  command->add_option("--reason", hold.reason, "Why, for the record")->option_text("R");
  command->footer(
      "Ended by `quarantine release WHO`.\n\nExamples:\n"
      "  ucaas-sync hold E4711 --until 30d --reason 'legal hold'\n"
      "  ucaas-sync hold ada.lovelace@example.com --until 2026-12-31");
}

void AddQuarantine(CLI::App& app, Parsed& parsed) {
  CLI::App* command = app.add_subcommand("quarantine", "See and end what is set aside: in quarantine or on hold");
  command->require_subcommand(1);
  CLI::App* list = command->add_subcommand("list", "Who is set aside since when, why, and what ends it");
  list->add_option("--format", parsed.quarantine_format, "How to show it")
      ->option_text("text|json")
      ->transform(CLI::CheckedTransformer(kTextOrJson));
  CLI::App* release = command->add_subcommand("release", "End a hold, try again what the target refused, or rekey");
  release->add_option("KEY", parsed.release.who, "A key or an e-mail")->option_text(kNameSaysIt)->required();
  release->add_option("--as", parsed.release.as, "The same person's key of before: their account goes on under KEY")
      ->option_text("OLD");
  release->footer("Examples:\n  ucaas-sync quarantine release E4711\n  ucaas-sync quarantine release N17 --as E4711");
  command->footer("Examples:\n  ucaas-sync quarantine list\n  ucaas-sync quarantine release N17 --as E4711");
}

void AddRevert(CLI::App& app, RevertOptions& revert) {
  CLI::App* command = app.add_subcommand("revert", "Undo a past run: its inverse, planned against what is there now");
  command->add_option("RUN", revert.run, "Its id, as `status` shows it")->option_text(kNameSaysIt)->required();
  command->add_flag("--plan", revert.plan_only, "Only show what would be done");
  command->add_flag("--yes", revert.yes, "Do not ask");
  command->add_flag("--all", revert.all, "Show every change, however many");
  command->footer(
      "Says first what cannot be undone. Fields that have changed since are left, and said. The same guards judge it\n"
      "(3). Whoever was put back is held until what the source says of them changes, or they are released.\n\n"
      "Example:\n  ucaas-sync revert 20261123T181323-9f3a --plan");
}

void AddState(CLI::App& app, Parsed& parsed) {
  CLI::App* state = app.add_subcommand("state", "Look after the state: check, backup, rebuild, rebind");
  state->require_subcommand(1);
  state->fallthrough();
  state->add_subcommand("check", "Is it sound, and what is in it? Ends 1 when it is not sound")
      ->footer("Example:\n  ucaas-sync state check");
  CLI::App* backup = state->add_subcommand("backup", "A checked copy of it, also while a run is under way");
  backup->add_option("FILE", parsed.backup_file, "A file that does not exist yet")
      ->option_text(kNameSaysIt)
      ->required();
  backup->footer("Example:\n  ucaas-sync state backup /var/lib/ucaas-sync/backup-$(date +%F).db");
  CLI::App* rebuild =
      state->add_subcommand("rebuild", "Move it away and make it anew from sources and target, without writing there");
  rebuild->add_flag("--yes", parsed.yes, "Do not ask");
  rebuild->footer("Example:\n  ucaas-sync state rebuild");
  CLI::App* rebind = state->add_subcommand(
      "rebind", "Bind it to the account's new address or credential, when it is the same account");
  rebind->add_flag("--yes", parsed.yes, "Do not ask");
  rebind->footer("Example:\n  ucaas-sync state rebind");
  CLI::App* forget = app.add_subcommand("forget", "Erase everything that is kept of a person who is gone");
  forget->add_option("WHO", parsed.forget_who, "A key or an e-mail")->option_text(kNameSaysIt)->required();
  forget->add_flag("--yes", parsed.yes, "Do not ask");
  forget->footer(
      "Refused (64) while a source still makes an account of them, they are active in the account, or a create of\n"
      "theirs was never answered. A suspended account stays there, and is nobody's: delete it by hand.\n\n"
      "Example:\n  ucaas-sync forget ada.lovelace@example.com");
}

}  // namespace

void AddCommands(CLI::App& app, Parsed& parsed) {
  app.add_subcommand("check", "Validate the configuration: every problem at once, with its place")
      ->footer("Example:\n  ucaas-sync -c ./config.yaml check");
  app.add_subcommand("doctor", "Look at all that a run needs: files, state, disk, clock, network, credentials, rights")
      ->footer(
          "Writes nothing. Ends 0, or as a run would end by the worst that it found.\n\nExample:\n  ucaas-sync doctor");
  AddRead(app, parsed.read);
  AddPlan(app, parsed.plan);
  CLI::App* sync = app.add_subcommand("sync", "One run: read, plan, guards, apply");
  sync->add_option("--only", parsed.sync_only, "Only this person or group: a key or an e-mail")->option_text("WHO");
  sync->footer("Examples:\n  ucaas-sync sync\n  ucaas-sync sync --only ada.lovelace@example.com");
  CLI::App* apply = app.add_subcommand("apply", "Apply exactly the plan in FILE");
  apply->add_option("FILE", parsed.apply_file, "What `plan --out FILE` wrote")->option_text(kNameSaysIt)->required();
  apply->footer(
      "Refused (9) when the plan was altered or used, or when the configuration or anybody it touches has changed.\n\n"
      "Example:\n  ucaas-sync plan --out monday.plan && ucaas-sync apply monday.plan");
  AddApprove(app, parsed.approve);
  AddHold(app, parsed.hold);
  AddQuarantine(app, parsed);
  CLI::App* status = app.add_subcommand("status", "The last runs, quarantine, what a guard holds, who is due or kept");
  status->add_option("--format", parsed.status_format, "How to show it")
      ->option_text("text|json")
      ->transform(CLI::CheckedTransformer(kTextOrJson));
  status->footer("Example:\n  ucaas-sync status --format json | jq '.runs[0].outcome'");
  AddExplain(app, parsed.explain, parsed.runs);
  AddRevert(app, parsed.revert);
  AddState(app, parsed);
  app.add_subcommand("run", "The service: syncs when a source changes, when something is due, and every so often")
      ->footer(
          "Ends by SIGTERM (0), within 10 s. SIGHUP reads the configuration again, SIGUSR1 syncs now.\n\n"
          "Example:\n  ucaas-sync -c ./config.yaml run");
  AddSandbox(app, parsed.sandbox);
  app.add_subcommand("codes", "The table from the API's result codes to what they mean here");
  app.add_subcommand("version", "Show the version");
  CLI::App* help = app.add_subcommand("help", "Show the help of a command");
  help->add_option("command", parsed.help_topic, "The command")->option_text("COMMAND");
}

}  // namespace ucaas_sync::commands
