#include "connectors/ucaas/sandbox/sandbox.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "connectors/ucaas/sandbox/api.h"
#include "connectors/ucaas/sandbox/database.h"
#include "connectors/ucaas/sandbox/render.h"
#include "connectors/ucaas/sandbox/server.h"
#include "connectors/ucaas/sandbox/strikes.h"
#include "daemon/model/problem.h"

namespace ucaas_sync::sandbox {
namespace {

constexpr RowId kAccount = 0;

Options Checked(Options options) {
  if (options.access_id.empty() || options.access_key.empty() || options.access_id.find(':') != std::string::npos) {
    throw Failure(ExitCode::kConfig,
                  "the sandbox needs an access id and an access key, neither empty, the id without a colon");
  }
  if (options.max_page_length == 0 || options.rate_limit < 0 || !std::isfinite(options.rate_limit)) {
    throw Failure(ExitCode::kConfig, "the sandbox's page length must be 1 or more, and its rate limit 0 or more");
  }
  if (!options.clock) {
    options.clock = [] { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); };
  }
  return options;
}

/// A token bucket that holds a tenth of a second's requests.
class RateLimit {
 public:
  explicit RateLimit(double per_second)
      : per_second_(per_second), capacity_(std::max(1.0, per_second / 10)), tokens_(capacity_) {}

  /// Nothing when the request may pass, otherwise the whole seconds to wait.
  std::optional<std::int64_t> Take(Instant now) {
    if (per_second_ <= 0) return std::nullopt;
    // The clock may jump back; then no time has passed.
    const double seconds = last_ ? std::max(0.0, std::chrono::duration<double>(now - *last_).count()) : 0.0;
    last_ = now;
    tokens_ = std::min(capacity_, tokens_ + seconds * per_second_);
    if (tokens_ >= 1) {
      tokens_ -= 1;
      return std::nullopt;
    }
    return std::max<std::int64_t>(1, std::llround(std::ceil((1 - tokens_) / per_second_)));
  }

 private:
  double per_second_;
  double capacity_;
  double tokens_;
  std::optional<Instant> last_;
};

}  // namespace

class Sandbox::Impl {
 public:
  explicit Impl(const Options& options)
      : options_(Checked(options)),
        database_(options_.db),
        api_(options_, database_),
        strikes_(options_.faults, options_.seed),
        rate_limit_(options_.rate_limit),
        server_(options_.address, options_.allow_remote, options_.port, options_.max_body,
                {.arrive = [this](const Request& request) { return Arrive(request); },
                 .handle = [this](const Request& request) { return Handle(request); }}) {}

  const Server& server() const { return server_; }

  void SetFaults(const Faults& faults) {
    const std::lock_guard lock(mutex_);
    strikes_ = Strikes(faults, options_.seed);
  }

  Counters counters() {
    const std::lock_guard lock(mutex_);
    Counters counters = counters_;
    counters.welcome_mails = database_.CountMails();
    return counters;
  }

  std::string Dump(Kind kind) {
    const std::lock_guard lock(mutex_);
    std::map<RowId, std::string> group_names;
    if (kind == Kind::kContact) {
      database_.ForEach(Kind::kGroup, kAccount, [&group_names](const Object& group) {
        group_names[group.id] = DisplayName(Kind::kGroup, group);
      });
    }
    std::string out;
    database_.ForEach(kind, kAccount, [&](const Object& object) {
      std::vector<std::string> groups;
      for (const RowId group : object.links) groups.push_back(group_names[group]);
      std::sort(groups.begin(), groups.end());
      out += RenderDump(kind, object, groups);
      out += '\n';
    });
    return out;
  }

  std::size_t Count(Kind kind) {
    const std::lock_guard lock(mutex_);
    return database_.Count(kind, kAccount);
  }

  std::vector<std::string> WelcomeMails() {
    const std::lock_guard lock(mutex_);
    return database_.Mails();
  }

 private:
  Strike Arrive(const Request& request) {
    const std::string route = ParseRoute(request.target).Name();
    const std::lock_guard lock(mutex_);
    ++counters_.requests;
    ++counters_.by_route[CounterName(request.method, route)];
    if (const auto wait = rate_limit_.Take(options_.clock())) {
      ++counters_.throttled;
      Strike strike;
      strike.rule.emplace();
      strike.rule->status = 429;
      strike.rule->retry_after = std::to_string(*wait);
      return strike;
    }
    Strike strike = strikes_.Next(request.method, route);
    if (strike.struck) ++counters_.faults;
    return strike;
  }

  Reply Handle(const Request& request) {
    const Route route = ParseRoute(request.target);
    const std::lock_guard lock(mutex_);
    try {
      Reply reply = api_.Handle(request, route, options_.clock());
      if (reply.wrote) ++counters_.writes;
      return reply;
    } catch (const std::exception& error) {
      // The transaction was rolled back; the caller learns no more than from the real service.
      ++counters_.internal_errors;
      counters_.last_error = error.what();
      return Refuse({Code::kInternal, "Something went wrong.", {}}, options_.status_style);
    }
  }

  /// Methods are the client's words: only known ones become names, so that nobody can fill the memory with them.
  static std::string CounterName(const std::string& method, const std::string& route) {
    const bool known = method == "GET" || method == "POST" || method == "PATCH" || method == "DELETE";
    return (known ? method : "?") + " " + route;
  }

  const Options options_;
  std::mutex mutex_;
  // Protected by mutex_.
  Database database_;
  Api api_;
  Strikes strikes_;
  RateLimit rate_limit_;
  Counters counters_;

  Server server_;  // Last: it stops before what its hooks use is gone.
};

Sandbox::Sandbox(const Options& options) : impl_(std::make_unique<Impl>(options)) {}

Sandbox::~Sandbox() = default;

std::uint16_t Sandbox::port() const {
  return impl_->server().port();
}

std::string Sandbox::base_url() const {
  return "http://" + impl_->server().authority() + "/ucaas/v1/";
}

void Sandbox::SetFaults(const Faults& faults) {
  impl_->SetFaults(faults);
}

Counters Sandbox::counters() const {
  return impl_->counters();
}

std::string Sandbox::Dump(Kind kind) const {
  return impl_->Dump(kind);
}

std::size_t Sandbox::Count(Kind kind) const {
  return impl_->Count(kind);
}

std::vector<std::string> Sandbox::WelcomeMails() const {
  return impl_->WelcomeMails();
}

}  // namespace ucaas_sync::sandbox
