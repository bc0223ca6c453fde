// SqliteStore's memory of what the log has said of the sources and the target, and need not say at every run.
#include "daemon/state/store_impl.h"

namespace ucaas_sync::state {

std::set<std::string> SqliteStore::NoteWarnings(const std::vector<std::string>& now) {
  Connection& connection = impl_->connection;
  const std::set<std::string> said = connection.Guard("read what was warned of", [&connection] {
    std::set<std::string> texts;
    Query query = connection.Prepare("SELECT text FROM warning_said");
    while (query.Next()) texts.insert(query.TextAt(0));
    return texts;
  });
  const std::set<std::string> current(now.begin(), now.end());
  std::set<std::string> news;
  for (const std::string& text : current) {
    if (!said.contains(text)) news.insert(text);
  }
  if (said == current) return news;
  impl_->Write("note what was warned of", [&] {
    connection.Prepare("DELETE FROM warning_said").Run();
    for (const std::string& text : current) {
      connection.Prepare("INSERT INTO warning_said (text) VALUES (?1)").Text(text).Run();
    }
  });
  return news;
}

}  // namespace ucaas_sync::state
