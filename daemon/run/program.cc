#include "daemon/run/program.h"

#include <memory>
#include <utility>

#include "daemon/mapping/facts.h"
#include "daemon/mapping/filter.h"
#include "daemon/model/fields.h"

namespace ucaas_sync::run {
namespace {

// `guards.protect` looks at the target's fields. One filter serves the three kinds: a field that a kind does not have
// is absent there.
class Protection {
 public:
  Protection(const config::Text& text, config::Diagnostics& diagnostics) {
    filter_ = mapping::Filter::Compile(
        text,
        [this, &text, &diagnostics](std::string_view name, std::size_t offset) {
          bool is_field = false;
          for (const Kind kind : kAllKinds) is_field = is_field || FindField(kind, name).has_value();
          if (!is_field) {
            diagnostics.Error(text, offset, "no kind has a field named \"" + std::string(name) + '"',
                              "protect compares the target's fields, such as user_type, email or department");
          }
          return table_.Need(name);
        },
        diagnostics);
  }

  bool operator()(Kind kind, const FieldSetView& fields) {
    record_.Clear();
    const auto specs = FieldsOf(kind);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const Slot slot = table_.Find(specs[i].name);
      if (slot != kNoSlot && fields[i].state == FieldState::kValue) record_.Add(slot, fields[i].text);
    }
    mapping::Findings findings;
    // What cannot be judged is protected rather than touched.
    return filter_.Judge({.record = record_}, {}, findings) != mapping::Verdict::kNo;
  }

 private:
  AttributeTable table_ = AttributeTable::Selected();
  mapping::Filter filter_;
  Record record_;
};

plan::Protect MakeProtect(const config::Config& config, config::Diagnostics& diagnostics) {
  if (config.guards.protect.empty()) return {};
  const auto protection = std::make_shared<Protection>(config.guards.protect, diagnostics);
  return [protection](Kind kind, const FieldSetView& fields) { return (*protection)(kind, fields); };
}

}  // namespace

Program Compile(const std::filesystem::path& file, const config::Environment& environment,
                config::Diagnostics& diagnostics) {
  config::Config config = config::Load(file, environment, diagnostics);
  mapping::Mapper mapper = mapping::Mapper::Compile(config, diagnostics);
  plan::Protect protect = MakeProtect(config, diagnostics);
  ucaas::Routes routes = ucaas::Routes::From(config.target, diagnostics);
  ucaas::Codes codes = ucaas::Codes::From(config.target, diagnostics);
  if (config.target.login) {
    diagnostics.Error(config.target.login->email.at, "target.login is not available in this version",
                      "use target.basic with the account's API access id and key");
  }
  plan::Policy policy = plan::MakePolicy(config, std::move(protect), kMappingVersion);
  return {.config = std::move(config),
          .mapper = std::move(mapper),
          .policy = std::move(policy),
          .routes = std::move(routes),
          .codes = std::move(codes)};
}

Program CompileOrThrow(const std::filesystem::path& file, const config::Environment& environment) {
  config::Diagnostics diagnostics;
  Program program = Compile(file, environment, diagnostics);
  diagnostics.ThrowIfErrors();
  return program;
}

}  // namespace ucaas_sync::run
