#include "tests/support/lossy_vfs.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <new>
#include <stdexcept>

namespace ucaas_sync::testing {
namespace {

constexpr std::int64_t kSector = 512;

std::string Bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<std::pair<dev_t, ino_t>> Identity(const std::string& path, nlink_t* links = nullptr) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  if (links != nullptr) *links = info.st_nlink;
  return std::pair(info.st_dev, info.st_ino);
}

void PutAt(std::string& content, std::int64_t offset, std::string_view bytes) {
  const auto at = static_cast<std::size_t>(offset);
  if (content.size() < at + bytes.size()) content.resize(at + bytes.size(), '\0');
  content.replace(at, bytes.size(), bytes);
}

bool Chance(std::mt19937_64& random, unsigned percent) {
  return random() % 100 < percent;
}

}  // namespace

/// SQLite's idea of an open file: ours, with the system's right behind it.
struct LossyFile {
  sqlite3_file base;  // must be first
  LossyVfs* vfs;
  std::size_t file;
  std::string* path;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  static LossyFile& Of(sqlite3_file* file) { return *reinterpret_cast<LossyFile*>(file); }
  int Judge(LossyVfs::Call call) { return vfs->Judge(call, *path); }
  void Note(LossyVfs::Step step) {
    if (path->empty()) return;  // a scratch file, which nobody wants back
    step.file = file;
    vfs->steps_.push_back(std::move(step));
  }

  static int Close(sqlite3_file* file) {
    LossyFile& self = Of(file);
    delete self.path;
    return self.real()->pMethods->xClose(self.real());
  }
  static int Read(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
    LossyFile& self = Of(file);
    if (const int failed = self.Judge(LossyVfs::Call::kRead); failed != SQLITE_OK) return failed;
    return self.real()->pMethods->xRead(self.real(), buffer, size, offset);
  }
  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    LossyFile& self = Of(file);
    if (const int failed = self.Judge(LossyVfs::Call::kWrite); failed != SQLITE_OK) return failed;
    self.Note({.what = LossyVfs::Step::What::kWrite,
               .offset = offset,
               .bytes = std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size)),
               .path = {}});
    return self.real()->pMethods->xWrite(self.real(), bytes, size, offset);
  }
  static int Truncate(sqlite3_file* file, sqlite3_int64 size) {
    LossyFile& self = Of(file);
    if (const int failed = self.Judge(LossyVfs::Call::kTruncate); failed != SQLITE_OK) return failed;
    self.Note({.what = LossyVfs::Step::What::kTruncate, .offset = size, .bytes = {}, .path = {}});
    return self.real()->pMethods->xTruncate(self.real(), size);
  }
  // Nothing is synced in earnest: the power only goes in the copy that Survive makes.
  static int Sync(sqlite3_file* file, int /*flags*/) {
    LossyFile& self = Of(file);
    if (const int failed = self.Judge(LossyVfs::Call::kSync); failed != SQLITE_OK) return failed;
    self.Note({.what = LossyVfs::Step::What::kSync, .bytes = {}, .path = {}});
    return SQLITE_OK;
  }
  static int FileSize(sqlite3_file* file, sqlite3_int64* size) {
    return Of(file).real()->pMethods->xFileSize(Of(file).real(), size);
  }
  static int Lock(sqlite3_file* file, int level) { return Of(file).real()->pMethods->xLock(Of(file).real(), level); }
  static int Unlock(sqlite3_file* file, int level) {
    return Of(file).real()->pMethods->xUnlock(Of(file).real(), level);
  }
  static int CheckReservedLock(sqlite3_file* file, int* out) {
    return Of(file).real()->pMethods->xCheckReservedLock(Of(file).real(), out);
  }
  static int FileControl(sqlite3_file* file, int operation, void* argument) {
    return Of(file).real()->pMethods->xFileControl(Of(file).real(), operation, argument);
  }
  static int SectorSize(sqlite3_file* file) { return Of(file).real()->pMethods->xSectorSize(Of(file).real()); }
  static int DeviceCharacteristics(sqlite3_file* file) {
    return Of(file).real()->pMethods->xDeviceCharacteristics(Of(file).real());
  }
  static int ShmMap(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
    LossyFile& self = Of(file);
    if (const int failed = self.Judge(LossyVfs::Call::kShmMap); failed != SQLITE_OK) return failed;
    return self.real()->pMethods->xShmMap(self.real(), page, size, extend, out);
  }
  static int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
    return Of(file).real()->pMethods->xShmLock(Of(file).real(), offset, count, flags);
  }
  static void ShmBarrier(sqlite3_file* file) { Of(file).real()->pMethods->xShmBarrier(Of(file).real()); }
  static int ShmUnmap(sqlite3_file* file, int remove) {
    return Of(file).real()->pMethods->xShmUnmap(Of(file).real(), remove);
  }
};

namespace {

constexpr sqlite3_io_methods kMethods{.iVersion = 2,  // without memory maps, which nobody could note
                                      .xClose = &LossyFile::Close,
                                      .xRead = &LossyFile::Read,
                                      .xWrite = &LossyFile::Write,
                                      .xTruncate = &LossyFile::Truncate,
                                      .xSync = &LossyFile::Sync,
                                      .xFileSize = &LossyFile::FileSize,
                                      .xLock = &LossyFile::Lock,
                                      .xUnlock = &LossyFile::Unlock,
                                      .xCheckReservedLock = &LossyFile::CheckReservedLock,
                                      .xFileControl = &LossyFile::FileControl,
                                      .xSectorSize = &LossyFile::SectorSize,
                                      .xDeviceCharacteristics = &LossyFile::DeviceCharacteristics,
                                      .xShmMap = &LossyFile::ShmMap,
                                      .xShmLock = &LossyFile::ShmLock,
                                      .xShmBarrier = &LossyFile::ShmBarrier,
                                      .xShmUnmap = &LossyFile::ShmUnmap,
                                      .xFetch = nullptr,
                                      .xUnfetch = nullptr};

}  // namespace

LossyVfs::LossyVfs() : real_(sqlite3_vfs_find(nullptr)), own_(*real_) {
  own_.zName = "lossy";
  own_.szOsFile = static_cast<int>(sizeof(LossyFile)) + real_->szOsFile;
  own_.pNext = nullptr;
  own_.pAppData = this;
  own_.xOpen = &Open;
  own_.xDelete = &Delete;
  own_.xGetLastError = &LastError;
  if (sqlite3_vfs_register(&own_, 1) != SQLITE_OK) throw std::runtime_error("the VFS cannot be registered");
  is_default_ = true;
}

LossyVfs::~LossyVfs() {
  Detach();
}

void LossyVfs::Detach() {
  if (!is_default_) return;
  sqlite3_vfs_unregister(&own_);
  sqlite3_vfs_register(real_, 1);
  is_default_ = false;
}

int LossyVfs::Judge(Call call, std::string_view path) {
  for (Fault& fault : faults) {
    if (fault.call != call || !path.ends_with(fault.suffix) || fault.times == 0) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.times;
    ++struck_;
    last_error_ = fault.system_error;
    return fault.code;
  }
  last_error_ = 0;
  return SQLITE_OK;
}

int LossyVfs::LastError(sqlite3_vfs* vfs, int size, char* text) {
  auto& self = *static_cast<LossyVfs*>(vfs->pAppData);
  return self.last_error_ != 0 ? self.last_error_ : self.real_->xGetLastError(self.real_, size, text);
}

void LossyVfs::NoteOpened(const std::string& path, bool was_there) {
  const auto identity = Identity(path);
  if (!identity) throw std::logic_error("an open file without a name: " + path);
  const auto [known, is_new] = files_.emplace(*identity, baselines_.size());
  if (is_new) baselines_.push_back(was_there ? Bytes(path) : std::string());
  const auto [name, is_new_name] = names_.emplace(path, known->second);
  if (!is_new_name && name->second == known->second) return;
  name->second = known->second;
  // A name for a file that is known under another one was linked, and its directory synced before it was opened.
  steps_.push_back(
      {.what = Step::What::kAppear, .file = known->second, .bytes = {}, .path = path, .is_sure = is_new && was_there});
}

int LossyVfs::Open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  auto& self = *static_cast<LossyVfs*>(vfs->pAppData);
  auto& lossy = *::new (file) LossyFile{.base = {}, .vfs = &self, .file = 0, .path = nullptr};
  const std::string path = name == nullptr ? std::string() : name;
  if (const int failed = self.Judge(Call::kOpen, path); failed != SQLITE_OK) return failed;
  const bool was_there = Identity(path).has_value();
  const int result = self.real_->xOpen(self.real_, name, lossy.real(), flags, out_flags);
  if (result != SQLITE_OK) return result;
  if (name != nullptr) {
    self.NoteOpened(path, was_there);
    lossy.file = self.names_.at(path);
  }
  lossy.path = new std::string(path);
  lossy.base.pMethods = &kMethods;
  return SQLITE_OK;
}

int LossyVfs::Delete(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  auto& self = *static_cast<LossyVfs*>(vfs->pAppData);
  nlink_t links = 0;
  const auto identity = Identity(name, &links);
  const int result = self.real_->xDelete(self.real_, name, 0);
  const auto known = self.names_.find(name);
  if (result == SQLITE_OK && known != self.names_.end()) {
    self.steps_.push_back({.what = Step::What::kDelete,
                           .file = known->second,
                           .bytes = {},
                           .path = name,
                           .is_sure = sync_directory != 0});
    self.names_.erase(known);
    if (identity && links == 1) self.files_.erase(*identity);  // its number may be another file's soon
  }
  return result;
}

std::string LossyVfs::Describe(std::size_t step) const {
  if (step >= steps_.size()) return "the end";
  const Step& one = steps_[step];
  std::string path = one.path;
  for (std::size_t i = step; path.empty() && i-- > 0;) {
    if (steps_[i].what == Step::What::kAppear && steps_[i].file == one.file) path = steps_[i].path;
  }
  const std::string name = std::filesystem::path(path).filename().string();
  switch (one.what) {
    case Step::What::kWrite:
      return "write " + name + ' ' + std::to_string(one.offset) + '+' + std::to_string(one.bytes.size());
    case Step::What::kTruncate:
      return "truncate " + name + " to " + std::to_string(one.offset);
    case Step::What::kSync:
      return "sync " + name;
    case Step::What::kAppear:
      return "open " + name;
    case Step::What::kDelete:
      return "delete " + name;
  }
  return {};
}

/// What of one file is on the platter, and what is still on its way there.
struct LossyVfs::Disk {
  std::string durable;
  std::vector<const Step*> pending;
  bool was_synced = false;

  static void Apply(const Step& step, std::string& content) {
    if (step.what == Step::What::kWrite) {
      PutAt(content, step.offset, step.bytes);
    } else {
      content.resize(static_cast<std::size_t>(step.offset), '\0');
    }
  }
  void Sync() {
    for (const Step* step : pending) Apply(*step, durable);
    pending.clear();
    was_synced = true;
  }
  std::string Survivor(std::mt19937_64& random) const {
    std::string content = durable;
    const auto mood = random() % 8;
    if (mood == 0) return content;
    for (const Step* step : pending) {
      const auto fate = mood == 1 ? 0 : random() % 8;
      if (fate < 4) {
        Apply(*step, content);
      } else if (fate == 4 && step->what == Step::What::kWrite) {
        // Up to a sector's end; a sector itself is written whole or not at all.
        const std::int64_t first_end = kSector - step->offset % kSector;
        const auto size = static_cast<std::int64_t>(step->bytes.size());
        const std::int64_t sectors = size > first_end ? (size - first_end) / kSector + 1 : 0;
        if (sectors == 0) continue;
        const auto kept =
            first_end + kSector * static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(sectors));
        PutAt(content, step->offset, std::string_view(step->bytes).substr(0, static_cast<std::size_t>(kept)));
      } else if (fate == 5 && step->what == Step::What::kWrite) {
        // The file has its new size already, and its new blocks hold nothing yet.
        const auto end = static_cast<std::size_t>(step->offset) + step->bytes.size();
        if (content.size() < end) content.resize(end, '\0');
      }
    }
    return content;
  }
};

void LossyVfs::Survive(const std::filesystem::path& from, const std::filesystem::path& to, std::size_t cut,
                       std::uint64_t seed, Honesty honesty) const {
  std::mt19937_64 random(seed * 1'000'003 + cut);
  std::vector<Disk> disks(baselines_.size());
  for (std::size_t i = 0; i < disks.size(); ++i) disks[i].durable = baselines_[i];
  enum class Standing : std::uint8_t { kSure, kAppearing, kGoing };
  std::map<std::string, std::pair<std::size_t, Standing>> names;
  for (const Step& step : steps_) {
    if (step.what == Step::What::kAppear && step.is_sure) names[step.path] = {step.file, Standing::kSure};
  }
  for (std::size_t i = 0; i < std::min(cut + 1, steps_.size()); ++i) {
    const Step& step = steps_[i];
    const bool is_under_way = i == cut;
    Disk& disk = disks[step.file];
    switch (step.what) {
      case Step::What::kWrite:
      case Step::What::kTruncate:
        disk.pending.push_back(&step);
        break;
      case Step::What::kSync:
        if (is_under_way || honesty == Honesty::kLies) break;
        disk.Sync();
        // The first sync of a file that SQLite made syncs its directory too.
        for (auto& [path, name] : names) {
          if (name.first == step.file && name.second == Standing::kAppearing) name.second = Standing::kSure;
        }
        break;
      case Step::What::kAppear: {
        if (step.is_sure) break;
        const bool was_linked = disk.was_synced && !is_under_way;
        names[step.path] = {step.file, was_linked ? Standing::kSure : Standing::kAppearing};
        break;
      }
      case Step::What::kDelete:
        if (step.is_sure && !is_under_way) {
          names.erase(step.path);
        } else if (const auto name = names.find(step.path); name != names.end()) {
          name->second.second = Standing::kGoing;
        }
        break;
    }
  }
  for (const auto& [path, name] : names) {
    const std::filesystem::path file(path);
    if (file.parent_path() != from) continue;
    const std::string content = disks[name.first].Survivor(random);
    if (name.second != Standing::kSure && Chance(random, 50)) continue;
    std::ofstream(to / file.filename(), std::ios::binary | std::ios::trunc) << content;
    // The index of the log is never synced: after a power cut it holds anything or is not there.
    if (file.extension() == ".db" && Chance(random, 30)) {
      std::string garbage(32768, '\0');
      for (char& byte : garbage) byte = static_cast<char>(random());
      std::ofstream(to / (file.filename().string() + "-shm"), std::ios::binary | std::ios::trunc) << garbage;
    }
  }
}

}  // namespace ucaas_sync::testing
