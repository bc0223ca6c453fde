#include "tests/sim/export_files.h"

#include <fstream>
#include <string>

namespace ucaas_sync::sim {
namespace {

std::string HrFile(const Export& day) {
  std::string text = day.health == Health::kNoKeyColumn ? "id" : "employee_id";
  text += ",first_name,last_name,";
  text += day.health == Health::kNoEmail ? "e-mail" : "email";
  text += ",department,status,start_date\n";
  for (const HrRow& row : day.rows) {
    const Person& person = row.person;
    text += person.id + ',' + person.id + ',' + person.last + ',' + person.email + ',' + person.department + ',' +
            person.status + ',' + person.start + '\n';
  }
  for (const BrokenRow& broken : day.broken) {
    std::string line;
    for (const std::string& value : broken.values) line += (line.empty() ? "" : ",") + value;
    text += line + '\n';
  }
  if (day.health == Health::kCutOff) text += "P0,P0,Cut";
  return text;
}

std::string DirectoryFile(const Export& day) {
  std::string text = "employee_id,title\n";
  std::size_t written = 0;
  for (const auto& [id, title] : day.titles) {
    if (!day.directory_is_whole && written * 2 >= day.titles.size()) break;
    text += id + ',' + title + '\n';
    ++written;
  }
  if (!day.directory_is_whole) text += "P0";
  return text;
}

}  // namespace

void WriteExports(const Export& day, const std::filesystem::path& folder) {
  std::ofstream(folder / "hr.csv", std::ios::binary | std::ios::trunc) << HrFile(day);
  std::ofstream(folder / "directory.csv", std::ios::binary | std::ios::trunc) << DirectoryFile(day);
}

}  // namespace ucaas_sync::sim
