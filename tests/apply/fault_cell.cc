#include "tests/apply/fault_cell.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "connectors/ucaas/client.h"
#include "connectors/ucaas/curl_transport.h"
#include "connectors/ucaas/token_transport.h"
#include "daemon/apply/caller.h"
#include "daemon/apply/executor.h"
#include "daemon/apply/listing.h"
#include "daemon/model/problem.h"
#include "tests/apply/bench.h"
#include "tests/apply/detour.h"
#include "tests/connectors/ucaas/exchange.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"
#include "tests/support/memory_store.h"

namespace ucaas_sync::apply {
namespace {

using ucaas::CurlOptions;
using ucaas::CurlTransport;

const std::string kKey = "correct-horse-battery";
const std::string kPassword = "let me in";
constexpr std::size_t kLargestReply = 1'000'000;  // so that the body of 100 MB is refused at once

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error(what);
}

config::LoginCredentials Login() {
  config::LoginCredentials login;
  login.api_id.value = "APP-1";
  login.email.value = "boss@example.com";
  login.password = config::Secret(kPassword);
  return login;
}

GatePolicy Policy() {
  return {.concurrency = 8,
          .rate = 20,
          .retry = {.attempts = 3,
                    .first_delay = Duration(500),
                    .max_delay = Duration(60'000),
                    .give_up = Duration(60'000)},
          .seed = 1};
}

struct End {
  ExitCode code = ExitCode::kConverged;
  std::string message;
};

class World {
 public:
  World(const MatrixSetting& setting, const Cell& cell, Duration time_limit)
      : cell_(cell),
        fault_(*cell.fault),
        sound_([this](const std::string& request) { return Answered(backend_.Handle(request)); }),
        faulty_([this](const std::string& request) { return Misbehave(request); }) {
    clock_.now = setting.now;
    CurlOptions options;
    options.base_url = sound_.base_url();
    options.authorization = HasToken() ? config::Secret() : ucaas::BasicAuthorization("id", config::Secret(kKey));
    sound_wire_.emplace(options);
    options.max_reply_bytes = kLargestReply;
    if (fault_.runs_out_of_time) options.timeout = time_limit;
    faulty_wire_.emplace(WithWay(options, setting));
    detour_.emplace(*sound_wire_, *faulty_wire_, clock_, cell.call, cell.is_lasting);
    if (HasToken()) tokens_.emplace(*detour_, clock_, Login(), "login", ucaas::Codes::BuiltIn());
    client_.emplace(tokens_ ? static_cast<Transport&>(*tokens_) : *detour_, ucaas::Routes::BuiltIn(),
                    ucaas::Codes::BuiltIn(), 100);
    Furnish();
  }

  /// What the client makes of the one call.
  std::string Verdict() {
    client_->Start(DirectCall());
    for (;;) {
      for (const ucaas::CallResult& result : client_->Wait(Monotonic::max())) {
        Settle();
        return std::string(ucaas::Name(result.verdict));
      }
    }
  }

  End Run() {
    Gate gate(Policy(), clock_.ticks);
    Caller caller(*client_, gate, clock_, observer_, nullptr);
    End end;
    if (cell_.call == MatrixCall::kList) {
      const Listing listing = ListAll(caller, cell_.kind, observer_);
      end = {.code = listing.code, .message = listing.incomplete.value_or("")};
      const bool is_whole = listing.objects.size() == 1;
      if (is_whole == listing.incomplete.has_value()) Fail("a list that is not whole passes for one that is");
    } else {
      ExecutorOptions options;
      if (cell_.call == MatrixCall::kGet && cell_.kind == Kind::kGroup) options.membership = config::Membership::kGroup;
      options.is_reviewed = cell_.call == MatrixCall::kLook;
      ucaas_sync::Plan plan;
      plan.operations.Add(TheOperation());
      Executor executor(store_, caller, clock_, observer_, options);
      const ApplyResult result = executor.Apply("run-1", plan);
      end = {.code = result.code, .message = result.message};
      if (result.done + result.failed + result.left != 1) Fail("the operation is not counted once");
      Remember();
    }
    Settle();
    for (const std::string& text : observer_.texts) Inspect(text);
    Inspect(end.message);
    return end;
  }

  std::string Holds() const {
    const testing::FakeTarget& target = backend_.target;
    switch (cell_.call) {
      case MatrixCall::kList:
        return target.CountOf(cell_.kind) == 1 ? "same" : "changed";
      case MatrixCall::kFind:
      case MatrixCall::kCreate: {
        const std::size_t count = target.CountOf(cell_.kind);
        return count == 0 ? "none" : count == 1 ? "one" : "TWO";
      }
      case MatrixCall::kDelete:
        return target.CountOf(cell_.kind) == 0 ? "gone" : "there";
      case MatrixCall::kSuspend:
      case MatrixCall::kReactivate:
        return target.objects.at(Kind::kUser).front().fields.at("status") == "S" ? "suspended" : "active";
      case MatrixCall::kGet:
        if (cell_.kind == Kind::kGroup) return target.CountRequests("PATCH groups/") > 0 ? "new" : "old";
        return target.objects.at(Kind::kContact).front().group_ids.empty() ? "old" : "new";
      case MatrixCall::kLook:
      case MatrixCall::kUpdate:
      case MatrixCall::kLogin:
        if (target.CountOf(cell_.kind) != 1) return "TWO";
        const auto& fields = target.objects.at(cell_.kind).front().fields;
        return std::any_of(fields.begin(), fields.end(), [](const auto& field) { return field.second == "New"; })
                   ? "new"
                   : "old";
    }
    return {};
  }

  /// The target is well again.
  void Mend() { detour_->Mend(); }
  int sent() const { return detour_->sent(); }
  std::size_t CountObjects() const { return backend_.target.CountOf(cell_.kind); }

 private:
  bool HasToken() const { return fault_.with_token || cell_.call == MatrixCall::kLogin; }

  static test::Script Answered(const HttpReply& reply) {
    return {test::Send(test::Reply(std::to_string(reply.status) + " X", reply.body, "Connection: close\r\n"))};
  }

  test::Script Misbehave(const std::string& request) {
    const HttpReply real = fault_.is_done ? backend_.Handle(request) : HttpReply();
    ++handled_;
    return fault_.script(real);
  }

  CurlOptions WithWay(CurlOptions options, const MatrixSetting& setting) {
    switch (fault_.way) {
      case Fault::Way::kAnswer:
        options.base_url = faulty_.base_url();
        break;
      case Fault::Way::kRefused:
        options.base_url = "http://127.0.0.1:" + std::to_string(test::RefusingPort()) + "/v1/";
        break;
      case Fault::Way::kNoName:
        // Longer than a label may be: told by the resolver itself, on every machine and at once.
        options.base_url = "http://" + std::string(70, 'x') + ".example/v1/";
        break;
      case Fault::Way::kWrongName:
        Encrypt(options, setting.wrong_name, setting.wrong_name_file);
        break;
      case Fault::Way::kExpired:
        Encrypt(options, setting.expired, setting.expired_file);
        break;
    }
    return options;
  }

  void Encrypt(CurlOptions& options, const test::TlsIdentity& identity, const std::string& file) {
    encrypted_.emplace(std::vector<test::Script>{test::Answer("200 OK", R"({"result":1})")}, identity);
    options.base_url = encrypted_->base_url();
    options.ca_file = file;
  }

  void Furnish() {
    switch (cell_.call) {
      case MatrixCall::kCreate:
        return;
      case MatrixCall::kFind: {
        // A run that was cut off has created it, and has not heard so.
        testing::MemoryStore elsewhere(log_);
        AddKnown(backend_.target, elsewhere, cell_.kind, "E1");
        store_.unknown = {{.kind = cell_.kind, .key = "E1", .address = Address()}};
        return;
      }
      case MatrixCall::kGet:
        if (cell_.kind != Kind::kUser) known_ = AddKnown(backend_.target, store_, Kind::kContact, "E1");
        AddKnown(backend_.target, store_, Kind::kGroup, "Finance");
        return;
      case MatrixCall::kReactivate:
        known_ = AddKnown(backend_.target, store_, cell_.kind, "E1");
        backend_.target.objects[Kind::kUser].front().fields["status"] = "S";
        store_.rows[known_.id].entity.lifecycle = Lifecycle::kSuspended;
        store_.rows[known_.id].entity.fields[kUserStatus] = Field::Value("S");
        return;
      case MatrixCall::kList:
      case MatrixCall::kLook:
      case MatrixCall::kUpdate:
      case MatrixCall::kSuspend:
      case MatrixCall::kDelete:
      case MatrixCall::kLogin:
        known_ = AddKnown(backend_.target, store_, cell_.kind, "E1");
        return;
    }
  }

  std::string Address() const { return cell_.kind == Kind::kGroup ? "E1" : "E1@x.org"; }

  FieldChange Change() const {
    switch (cell_.kind) {
      case Kind::kUser:
        return Bench::Change(kUserDepartment, "Sales", "New");
      case Kind::kContact:
        return Bench::Change(kContactCompany, "", "New");
      case Kind::kGroup:
        return Bench::Change(kGroupDesc, "", "New");
    }
    return {};
  }

  Operation TheOperation() const {
    switch (cell_.call) {
      case MatrixCall::kFind:
      case MatrixCall::kCreate:
        if (cell_.kind == Kind::kUser) return Bench::CreateUser("E1");
        if (cell_.kind == Kind::kContact) return Bench::CreateContact("E1");
        return Bench::On(Kind::kGroup, Action::kCreate, "E1", {Bench::Change(kGroupName, "", "E1")});
      case MatrixCall::kGet: {
        Operation joins = Bench::At(known_, Action::kUpdate);
        joins.groups = GroupsChange{.before = {}, .after = {"Finance"}};
        return joins;
      }
      case MatrixCall::kSuspend:
        return Bench::At(known_, Action::kSuspend, {Bench::Change(kUserStatus, "A", "S")});
      case MatrixCall::kReactivate:
        return Bench::At(known_, Action::kReactivate, {Bench::Change(kUserStatus, "S", "A")});
      case MatrixCall::kDelete:
        return Bench::At(known_, Action::kDelete);
      case MatrixCall::kList:
      case MatrixCall::kLook:
      case MatrixCall::kUpdate:
      case MatrixCall::kLogin:
        break;
    }
    return Bench::At(known_, Action::kUpdate, {Change()});
  }

  ucaas::Call DirectCall() const {
    ucaas::Call call;
    call.kind = cell_.kind;
    call.remote_id = known_.remote_id;
    const Operation operation = TheOperation();
    for (const FieldChange& change : operation.changes) call.fields.emplace_back(change.field, change.after);
    switch (cell_.call) {
      case MatrixCall::kList:
        call.verb = ucaas::Verb::kList;
        break;
      case MatrixCall::kFind:
        call.verb = ucaas::Verb::kFind;
        call.address = Address();
        break;
      case MatrixCall::kGet:
        call.verb = ucaas::Verb::kGet;
        if (cell_.kind == Kind::kGroup) call.remote_id = store_.Has(Kind::kGroup, "Finance")->remote_id;
        break;
      case MatrixCall::kLook:
        call.verb = ucaas::Verb::kGet;
        break;
      case MatrixCall::kCreate:
        call.verb = ucaas::Verb::kCreate;
        break;
      case MatrixCall::kUpdate:
      case MatrixCall::kSuspend:
      case MatrixCall::kReactivate:
      case MatrixCall::kLogin:
        call.verb = ucaas::Verb::kUpdate;
        break;
      case MatrixCall::kDelete:
        call.verb = ucaas::Verb::kDelete;
        break;
    }
    return call;
  }

  /// What the journal would tell the next run.
  void Remember() {
    if (cell_.call != MatrixCall::kFind && cell_.call != MatrixCall::kCreate) return;
    const auto found = store_.outcomes.find(1);
    const bool is_done = found != store_.outcomes.end() && found->second.done;
    const bool may_have_acted = found == store_.outcomes.end() || found->second.may_have_acted;
    if (!is_done && may_have_acted) {
      store_.unknown = {{.kind = cell_.kind, .key = "E1", .address = Address()}};
    } else if (is_done || found->second.quarantine) {
      store_.unknown = {};
    }
  }

  /// Until the servers have done what they were asked, also when nobody waited for their answer.
  void Settle() {
    if (fault_.way != Fault::Way::kAnswer) return;
    const Monotonic until = ucaas::In(20'000);
    while (handled_ < detour_->to_faulty()) {
      if (ucaas::In(0) > until) Fail("a request has not reached the target");
      std::this_thread::yield();
    }
    if (faulty_.requests().size() != detour_->to_faulty() || sound_.requests().size() != detour_->to_sound()) {
      Fail("a request was sent that nobody asked for");
    }
  }

  static void Inspect(const std::string& text) {
    for (const std::string& secret : {kKey, kPassword, std::string("token-")}) {
      if (text.find(secret) != std::string::npos) Fail("a secret is shown: " + text);
    }
  }

  const Cell cell_;
  const Fault& fault_;
  testing::FakeClock clock_;
  Backend backend_;
  std::atomic<std::size_t> handled_{0};
  test::ScriptedServer sound_;
  test::ScriptedServer faulty_;
  std::optional<test::ScriptedServer> encrypted_;
  std::optional<CurlTransport> sound_wire_;
  std::optional<CurlTransport> faulty_wire_;
  std::optional<Detour> detour_;
  std::optional<ucaas::TokenTransport> tokens_;
  std::optional<ucaas::Client> client_;
  std::vector<std::string> log_;
  testing::MemoryStore store_{log_};
  StoredEntity known_;
  RecordingObserver observer_;
};

}  // namespace

std::vector<Kind> KindsOf(MatrixCall call) {
  switch (call) {
    case MatrixCall::kSuspend:
    case MatrixCall::kReactivate:
    case MatrixCall::kLogin:
      return {Kind::kUser};
    case MatrixCall::kGet:
      return {Kind::kContact, Kind::kGroup};
    case MatrixCall::kList:
    case MatrixCall::kFind:
    case MatrixCall::kLook:
    case MatrixCall::kCreate:
    case MatrixCall::kUpdate:
    case MatrixCall::kDelete:
      return {kAllKinds.begin(), kAllKinds.end()};
  }
  return {};
}

std::string RunCell(const MatrixSetting& setting, const Cell& cell, Duration time_limit) {
  const std::string verdict = World(setting, cell, time_limit).Verdict();
  World world(setting, cell, time_limit);
  const End end = world.Run();
  std::string text = verdict + ' ' + std::to_string(world.sent()) + ' ' + world.Holds() + ' ' +
                     std::to_string(static_cast<int>(end.code));
  if (end.code != ExitCode::kConverged) {
    world.Mend();
    const End again = world.Run();
    if (again.code != ExitCode::kConverged) Fail("the next run does not mend it, but ends: " + again.message);
    if (cell.call != MatrixCall::kDelete && world.CountObjects() != 1) Fail("after the next run it is not there once");
    if (cell.call == MatrixCall::kDelete && world.CountObjects() != 0) Fail("after the next run it is still there");
  }
  return text;
}

}  // namespace ucaas_sync::apply
