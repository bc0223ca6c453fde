// The two ends between which the fault matrix puts a fault: a target behind any number of addresses, and a transport
// that sends one call to the address that is faulty and everything else to the one that is sound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/model/transport.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_target.h"

namespace ucaas_sync::apply {

/// kGet: the groups of one contact, or the contacts of one group, before they are sent. kLook: one object before it is
/// touched, for guards.protect and for a plan that a person has read.
enum class MatrixCall : std::uint8_t {
  kList,
  kFind,
  kGet,
  kLook,
  kCreate,
  kUpdate,
  kSuspend,
  kReactivate,
  kDelete,
  kLogin
};
inline constexpr std::size_t kMatrixCalls = 10;
std::string_view Name(MatrixCall call);

/// What the target knows and does, whichever of its addresses it is asked at. Thread-safe, but for `target`.
class Backend {
 public:
  /// `bytes` is a whole HTTP request below /v1/.
  HttpReply Handle(const std::string& bytes);

 private:
  std::mutex mutex_;
  testing::FakeClock clock_;
  std::vector<std::string> log_;
  int tokens_ = 0;

 public:
  testing::FakeTarget target{clock_, log_};  ///< To be looked at when nothing is in flight.
};

/// Sends a call's request to the address with the fault, once or always, and everything else to the sound one. With
/// nothing in flight, waiting moves the clock and takes no time. Single-threaded; all must outlive it.
class Detour final : public Transport {
 public:
  Detour(Transport& sound, Transport& faulty, testing::FakeClock& clock, MatrixCall call, bool is_lasting);

  ExchangeId Start(HttpRequest request) override;
  /// Throws std::runtime_error when an exchange does not end in half a minute.
  std::vector<HttpReply> Wait(Monotonic until) override;
  std::size_t InFlight() const override { return flying_.size(); }

  /// The fault is over.
  void Mend() { left_ = 0; }
  /// How often the call's first request was sent, faulty or not.
  int sent() const { return sent_; }
  std::size_t to_faulty() const { return to_faulty_; }
  std::size_t to_sound() const { return to_sound_; }

 private:
  static constexpr int kAlways = -1;
  struct Flight {
    bool is_faulty = false;
    ExchangeId inner = 0;
    ExchangeId outer = 0;
  };
  Transport& Of(const Flight& flight) const { return flight.is_faulty ? faulty_ : sound_; }

  Transport& sound_;
  Transport& faulty_;
  testing::FakeClock& clock_;
  MatrixCall call_;
  int left_;
  std::string line_;
  int sent_ = 0;
  std::size_t to_faulty_ = 0;
  std::size_t to_sound_ = 0;
  std::vector<Flight> flying_;
  ExchangeId last_ = 0;
};

}  // namespace ucaas_sync::apply
