#include "daemon/run/program.h"

#include <memory>
#include <utility>

#include "connectors/bytes/unlinked_file.h"

namespace ucaas_sync::run {

Program Compile(config::Config config, config::Diagnostics& diagnostics) {
  mapping::Mapper mapper = mapping::Mapper::Compile(config, diagnostics);
  const auto protect =
      std::make_shared<mapping::ProtectFilter>(mapping::ProtectFilter::Compile(config.guards.protect, diagnostics));
  ucaas::Routes routes = ucaas::Routes::From(config.target, diagnostics);
  ucaas::Codes codes = ucaas::Codes::From(config.target, diagnostics);
  plan::Protect protects;
  if (!config.guards.protect.empty()) {
    protects = [protect](Kind kind, const FieldSetView& fields) { return protect->Protects(kind, fields); };
  }
  plan::Policy policy = plan::MakePolicy(config, std::move(protects), kMappingVersion);
  return {.config = std::move(config),
          .mapper = std::move(mapper),
          .protect = protect,
          .policy = std::move(policy),
          .routes = std::move(routes),
          .codes = std::move(codes)};
}

Program Compile(const std::filesystem::path& file, const config::Environment& environment,
                config::Diagnostics& diagnostics) {
  return Compile(config::Load(file, environment, diagnostics), diagnostics);
}

Program CompileOrThrow(const std::filesystem::path& file, const config::Environment& environment) {
  config::Diagnostics diagnostics;
  Program program = Compile(file, environment, diagnostics);
  diagnostics.ThrowIfErrors();
  return program;
}

MakeSpillFile SpillFor(const Program& program) {
  return bytes::UnlinkedFilesIn({program.config.state_dir, "/var/tmp"});
}

}  // namespace ucaas_sync::run
