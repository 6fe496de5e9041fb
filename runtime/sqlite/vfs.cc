// SPDX-License-Identifier: Apache-2.0
#include "runtime/sqlite/vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "runtime/base/random.h"

namespace onceproof::sqlite {

namespace {

constexpr int64_t kJulianMsOfUnixEpoch = 210'866'760'000'000;
constexpr int64_t kFixedUnixMs = 1'767'225'600'000;  // 2026-01-01
constexpr int kMaxPath = 512;

// The index of one write-ahead log, shared by the process's connections to one database.
struct SharedMemory {
  int users = 0;
  std::unique_ptr<env::DiskFile> guard;  // keeps other processes out
  std::vector<std::unique_ptr<char[]>> regions;
  int readers[SQLITE_SHM_NLOCK] = {};
  bool exclusive[SQLITE_SHM_NLOCK] = {};
};

}  // namespace

struct Vfs::Impl {
  Impl(std::string its_name, env::Disk& its_disk, VfsOptions its_options)
      : name(std::move(its_name)), disk(its_disk), options(std::move(its_options)),
        random(RandomStream(options.seed).fork("sqlite")) {}

  std::string name;
  env::Disk& disk;
  VfsOptions options;
  RandomStream random;
  int64_t slept_us = 0;
  uint64_t next_temporary = 1;
  int open_files = 0;
  std::map<std::string, SharedMemory> shared;
  sqlite3_vfs vfs{};

  int64_t unix_ms() const { return (options.unix_ms ? options.unix_ms() : kFixedUnixMs) + slept_us / 1000; }
};

namespace {

struct FileState {
  Vfs::Impl* vfs;
  std::unique_ptr<env::DiskFile> file;
  std::string path;
  bool delete_on_close = false;
  bool name_is_new = false;  // of a journal or log: its directory is synced with its first sync
  SharedMemory* shared = nullptr;
  uint32_t shared_locks = 0;  // bits of slots
  uint32_t exclusive_locks = 0;
};
struct OpenFile {
  sqlite3_file base;
  FileState* state;
};

FileState& state_of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file)->state; }
Vfs::Impl& impl_of(sqlite3_vfs* vfs) { return *static_cast<Vfs::Impl*>(vfs->pAppData); }

int result_code(ErrorCode code, int otherwise) {
  switch (code) {
    case ErrorCode::ok: return SQLITE_OK;
    case ErrorCode::disk_full: return SQLITE_FULL;
    case ErrorCode::busy: return SQLITE_BUSY;
    default: return otherwise;
  }
}

env::LockLevel lock_level(int level) {
  switch (level) {
    case SQLITE_LOCK_SHARED: return env::LockLevel::shared;
    case SQLITE_LOCK_RESERVED: return env::LockLevel::reserved;
    case SQLITE_LOCK_PENDING: return env::LockLevel::pending;
    case SQLITE_LOCK_EXCLUSIVE: return env::LockLevel::exclusive;
    default: return env::LockLevel::none;
  }
}

// ---- the methods of an open file ----------------------------------------------------------------------------

int shm_unmap(sqlite3_file* file, int remove);

int close_file(sqlite3_file* file) {
  shm_unmap(file, 0);
  FileState* state = &state_of(file);
  state->file.reset();
  if (state->delete_on_close) static_cast<void>(state->vfs->disk.remove(state->path));
  --state->vfs->open_files;
  delete state;
  reinterpret_cast<OpenFile*>(file)->state = nullptr;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* buffer, int size, sqlite3_int64 offset) {
  FileState& state = state_of(file);
  const auto wanted = static_cast<size_t>(size);
  const Result<size_t> count = state.file->read_at(static_cast<uint64_t>(offset), static_cast<char*>(buffer), wanted);
  if (!count.ok()) return SQLITE_IOERR_READ;
  if (count.value() == wanted) return SQLITE_OK;
  // SQLite takes the missing bytes for zeros beyond the end, so that it must be the end.
  const Result<uint64_t> end = state.file->size();
  if (!end.ok() || static_cast<uint64_t>(offset) + count.value() < end.value()) return SQLITE_IOERR_READ;
  std::memset(static_cast<char*>(buffer) + count.value(), 0, wanted - count.value());
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  const ByteView bytes(static_cast<const char*>(data), static_cast<size_t>(size));
  return result_code(state_of(file).file->write_at(static_cast<uint64_t>(offset), bytes).code(), SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return result_code(state_of(file).file->truncate(static_cast<uint64_t>(size)).code(), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  FileState& state = state_of(file);
  if (!state.file->sync().ok()) return SQLITE_IOERR_FSYNC;
  if (!state.name_is_new) return SQLITE_OK;
  // A journal that has no name after the crash is no journal.
  if (!state.vfs->disk.sync_directory(env::directory_of(state.path)).ok()) return SQLITE_IOERR_DIR_FSYNC;
  state.name_is_new = false;
  return SQLITE_OK;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const Result<uint64_t> bytes = state_of(file).file->size();
  if (!bytes.ok()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(bytes.value());
  return SQLITE_OK;
}

int lock_file(sqlite3_file* file, int level) {
  return result_code(state_of(file).file->lock(lock_level(level)).code(), SQLITE_IOERR_LOCK);
}

int unlock_file(sqlite3_file* file, int level) {
  return result_code(state_of(file).file->unlock(lock_level(level)).code(), SQLITE_IOERR_UNLOCK);
}

int check_reserved_lock(sqlite3_file* file, int* answer) {
  const Result<bool> reserved = state_of(file).file->reserved();
  if (!reserved.ok()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
  *answer = reserved.value() ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }

int sector_size(sqlite3_file* file) { return static_cast<int>(state_of(file).vfs->disk.traits().sector_bytes); }

int device_characteristics(sqlite3_file* file) {
  const env::DiskTraits traits = state_of(file).vfs->disk.traits();
  return (traits.powersafe_overwrite ? SQLITE_IOCAP_POWERSAFE_OVERWRITE : 0) |
         (traits.safe_append ? SQLITE_IOCAP_SAFE_APPEND : 0) | (traits.sequential ? SQLITE_IOCAP_SEQUENTIAL : 0);
}

// ---- the index of the write-ahead log, in this process's memory ---------------------------------------------

int attach_shared(FileState& state) {
  SharedMemory& shared = state.vfs->shared[state.path];
  if (shared.users == 0) {
    int code = SQLITE_OK;
    Result<std::unique_ptr<env::DiskFile>> guard = state.vfs->disk.open(state.path + "-shm", env::OpenMode::create);
    if (guard.ok()) code = result_code(guard.value()->lock(env::LockLevel::shared).code(), SQLITE_IOERR_SHMLOCK);
    if (guard.ok() && code == SQLITE_OK) {
      code = result_code(guard.value()->lock(env::LockLevel::exclusive).code(), SQLITE_IOERR_SHMLOCK);
    }
    if (!guard.ok() || code != SQLITE_OK) {
      state.vfs->shared.erase(state.path);
      return guard.ok() ? code : SQLITE_IOERR_SHMOPEN;
    }
    shared.guard = guard.take();
  }
  ++shared.users;
  state.shared = &shared;
  return SQLITE_OK;
}

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  FileState& state = state_of(file);
  *memory = nullptr;
  if (state.shared == nullptr) {
    if (const int code = attach_shared(state); code != SQLITE_OK) return code;
  }
  auto& regions = state.shared->regions;
  const auto wanted = static_cast<size_t>(region);
  while (regions.size() <= wanted && extend != 0) {
    regions.push_back(std::make_unique<char[]>(static_cast<size_t>(size)));  // zeros
  }
  if (wanted < regions.size()) *memory = regions[wanted].get();
  return SQLITE_OK;
}

void release_slots(FileState& state, uint32_t mask) {
  for (int slot = 0; slot < SQLITE_SHM_NLOCK; ++slot) {
    const uint32_t bit = 1u << slot;
    if (mask & state.shared_locks & bit) --state.shared->readers[slot];
    if (mask & state.exclusive_locks & bit) state.shared->exclusive[slot] = false;
  }
  state.shared_locks &= ~mask;
  state.exclusive_locks &= ~mask;
}

int shm_lock(sqlite3_file* file, int first, int count, int flags) {
  FileState& state = state_of(file);
  if (state.shared == nullptr) return SQLITE_IOERR_SHMLOCK;
  SharedMemory& shared = *state.shared;
  const uint32_t mask = ((1u << count) - 1) << first;
  if (flags & SQLITE_SHM_UNLOCK) {
    release_slots(state, mask);
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (int slot = first; slot < first + count; ++slot) {
    const bool mine_shared = (state.shared_locks >> slot & 1) != 0;
    const bool mine_exclusive = (state.exclusive_locks >> slot & 1) != 0;
    if (shared.exclusive[slot] && !mine_exclusive) return SQLITE_BUSY;
    if (exclusive && shared.readers[slot] > (mine_shared ? 1 : 0)) return SQLITE_BUSY;
  }
  for (int slot = first; slot < first + count; ++slot) {
    const uint32_t bit = 1u << slot;
    if (exclusive) {
      shared.exclusive[slot] = true;
      state.exclusive_locks |= bit;
    } else if (!(state.shared_locks & bit)) {
      ++shared.readers[slot];
      state.shared_locks |= bit;
    }
  }
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file*) {}  // one thread

int shm_unmap(sqlite3_file* file, int remove) {
  FileState& state = state_of(file);
  if (state.shared == nullptr) return SQLITE_OK;
  release_slots(state, ~0u);
  if (--state.shared->users == 0) {
    if (remove != 0) static_cast<void>(state.vfs->disk.remove(state.path + "-shm"));
    state.vfs->shared.erase(state.path);
  }
  state.shared = nullptr;
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,           close_file,          read_file,    write_file,  truncate_file,          sync_file,
    file_size,   lock_file,           unlock_file,  check_reserved_lock, file_control,   sector_size,
    device_characteristics, shm_map,  shm_lock,     shm_barrier, shm_unmap,              nullptr,
    nullptr};

// ---- the methods of the file system -------------------------------------------------------------------------

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  Vfs::Impl& impl = impl_of(vfs);
  file->pMethods = nullptr;
  const std::string path = name != nullptr ? name : "sqlite-temporary-" + std::to_string(impl.next_temporary++);
  env::OpenMode mode = env::OpenMode::read_write;
  if (flags & SQLITE_OPEN_CREATE) mode = env::OpenMode::create;
  if ((flags & SQLITE_OPEN_EXCLUSIVE) && name != nullptr) mode = env::OpenMode::create_exclusive;
  if (flags & SQLITE_OPEN_READONLY) mode = env::OpenMode::read_only;
  Result<std::unique_ptr<env::DiskFile>> opened = impl.disk.open(path, mode);
  if (!opened.ok()) return opened.code() == ErrorCode::disk_full ? SQLITE_FULL : SQLITE_CANTOPEN;
  constexpr int kJournals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  auto* state = new FileState{.vfs = &impl, .file = opened.take(), .path = path};
  state->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  state->name_is_new = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0;
  ++impl.open_files;
  reinterpret_cast<OpenFile*>(file)->state = state;
  file->pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  env::Disk& disk = impl_of(vfs).disk;
  const Status removed = disk.remove(name);
  if (removed.code() == ErrorCode::not_found) return SQLITE_IOERR_DELETE_NOENT;
  if (!removed.ok()) return SQLITE_IOERR_DELETE;
  if (sync_directory == 0) return SQLITE_OK;
  return disk.sync_directory(env::directory_of(name)).ok() ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* answer) {
  const Result<bool> there = impl_of(vfs).disk.exists(name);
  if (!there.ok()) return SQLITE_IOERR_ACCESS;
  *answer = there.value() ? 1 : 0;
  return SQLITE_OK;
}

int full_pathname(sqlite3_vfs*, const char* name, int size, char* out) {
  const size_t length = std::strlen(name);
  if (length + 1 > static_cast<size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int size, char* out) {
  for (int i = 0; i < size; ++i) out[i] = static_cast<char>(impl_of(vfs).random.next());
  return size;
}

int wait_a_while(sqlite3_vfs* vfs, int us) {
  Vfs::Impl& impl = impl_of(vfs);
  if (impl.options.wait_us) impl.options.wait_us(us);
  if (!impl.options.unix_ms) impl.slept_us += us;
  return us;
}

int current_time_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
  *out = impl_of(vfs).unix_ms() + kJulianMsOfUnixEpoch;
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* out) {
  *out = static_cast<double>(impl_of(vfs).unix_ms() + kJulianMsOfUnixEpoch) / 86'400'000.0;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

Vfs::Vfs(std::string name, env::Disk& disk, VfsOptions options)
    : impl_(std::make_unique<Impl>(std::move(name), disk, std::move(options))) {
  CHECK(sqlite3_vfs_find(impl_->name.c_str()) == nullptr, "a VFS's name is its own");
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(OpenFile);
  vfs.mxPathname = kMaxPath;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_pathname;
  vfs.xRandomness = randomness;
  vfs.xSleep = wait_a_while;
  vfs.xCurrentTime = current_time;
  vfs.xCurrentTimeInt64 = current_time_ms;
  vfs.xGetLastError = last_error;
  CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "registering a VFS needs memory alone");
}

Vfs::~Vfs() {
  CHECK(impl_->open_files == 0, "a VFS outlives its connections");
  sqlite3_vfs_unregister(&impl_->vfs);
}

const std::string& Vfs::name() const { return impl_->name; }

void seed_sqlite(uint32_t seed) {
  sqlite3_initialize();
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(seed), nullptr);
}

const char* sqlite_version() { return sqlite3_libversion(); }

}  // namespace onceproof::sqlite
