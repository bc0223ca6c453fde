#include "daemon/commands/command.h"

int main(int argc, char** argv) {
  return ucaas_sync::commands::Main(argc, argv);
}
