// SPDX-License-Identifier: Apache-2.0
#include "scenarios/disk/sqlite_crashes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "runtime/base/random.h"
#include "scenarios/disk/bank.h"
#include "simulator/host_disk.h"

namespace onceproof::scenarios::disk {

using simulator::HostDisk;
using simulator::HostDiskCall;
using simulator::HostDiskFault;
using simulator::HostDiskOptions;
using simulator::UnsyncedWrites;
using sqlite::Connection;
using sqlite::Journal;
using sqlite::Synchronous;

namespace {

constexpr const char* kDatabase = "bank/accounts.db";

HostDiskOptions draw_device(RandomStream& random, const CrashSetup& setup) {
  HostDiskOptions options;
  options.traits.sector_bytes = random.one_in(3) ? 4096 : 512;
  const bool plain = random.one_in(3);
  options.traits.powersafe_overwrite = setup.overwrite == Overwrite::powersafe ||
                                       (setup.overwrite == Overwrite::usual && (!plain || setup.journal == Journal::wal));
  options.sync_covers_names = random.one_in(8);
  return options;
}

// How this power failure treats what was not synced.
void draw_fates(RandomStream& random, HostDiskOptions& options) {
  static constexpr uint32_t kWeights[][4] = {{50, 35, 10, 5}, {90, 5, 3, 2}, {10, 80, 5, 5}, {40, 10, 40, 10}};
  const auto& weights = kWeights[random.below(4)];
  options.kept = weights[0];
  options.dropped = weights[1];
  options.torn = weights[2];
  options.garbled = weights[3];
  const uint64_t mode = random.below(20);
  options.unsynced = mode < 15   ? UnsyncedWrites::draw
                     : mode < 17 ? UnsyncedWrites::prefix
                     : mode < 19 ? UnsyncedWrites::drop
                                 : UnsyncedWrites::keep;
}

HostDiskFault draw_fault(RandomStream& random) {
  static constexpr HostDiskCall kCalls[] = {HostDiskCall::open,     HostDiskCall::read,  HostDiskCall::write,
                                            HostDiskCall::truncate, HostDiskCall::sync,  HostDiskCall::size,
                                            HostDiskCall::remove,   HostDiskCall::lock,  HostDiskCall::sync_directory,
                                            HostDiskCall::write,    HostDiskCall::sync};
  HostDiskFault fault;
  fault.call = kCalls[random.below(std::size(kCalls))];
  fault.skip = random.below(fault.call == HostDiskCall::write || fault.call == HostDiskCall::read ? 60 : 12);
  fault.effect_happens = random.one_in(2);
  if (fault.call == HostDiskCall::write && random.one_in(3)) fault.code = ErrorCode::disk_full;
  fault.short_read = fault.call == HostDiskCall::read && random.one_in(3);
  return fault;
}

// One disk and the lives of its process.
class Lives {
 public:
  Lives(const CrashSetup& setup, uint64_t seed, Tally& tally)
      : setup_(setup), seed_(seed), tally_(tally),
        random_(RandomStream(seed).fork(to_string(setup.journal)).fork(to_string(setup.synchronous))),
        disk_("host", draw_device(random_, setup), random_.fork("disk")) {
    page_bytes_ = random_.one_in(4) && disk_.traits().powersafe_overwrite ? 1024 : 4096;
    auto_vacuum_ = random_.below(3);
  }

  void run(uint64_t crashes) {
    sqlite::seed_sqlite(static_cast<uint32_t>(random_.next() >> 33) | 1);
    for (uint64_t i = 0; i < crashes && !over_; ++i) {
      live(true);
      if (!over_) end_life();
    }
    if (!over_) live(false);  // the last look
    tally_.calls += disk_.calls();
    const uint64_t facts[] = {tally_.digest.low, tally_.digest.high, disk_.calls(),   disk_.draws(),
                              tally_.committed,  tally_.lost,        tally_.corrupt, tally_.happened};
    tally_.digest = hash128(facts, sizeof facts);
  }

 private:
  using Facts = std::pair<int64_t, int64_t>;  // the total, the number of transfers

  void live(bool crashes) {
    const uint64_t transactions = static_cast<uint64_t>(random_.between(4, 40));
    if (crashes) disk_.die_at_call(draw_last_call(transactions));
    if (crashes && injects_faults() && random_.one_in(5)) disk_.fail_next(draw_fault(random_));
    faults_before_ = disk_.faults_applied();
    sqlite::VfsOptions options;
    options.seed = random_.next();
    sqlite::Vfs vfs(fmt::format("host-{}", ++lives_), disk_, options);
    std::optional<Connection> first = open(vfs);
    if (!first || !look(*first)) return;
    std::optional<Connection> second = open(vfs);
    if (!second) return;
    for (uint64_t i = 0; crashes && i < transactions; ++i) {
      if (!step(*first, *second)) return;
    }
  }

  // Recovery is short and deserves its share: a quarter of the lives end within it.
  uint64_t draw_last_call(uint64_t transactions) {
    return 1 + random_.below(random_.one_in(4) ? 60 : 80 + 40 * transactions);
  }

  // Under the others nobody may rely on what was acknowledged before a fault.
  bool injects_faults() const { return promise_of(setup_) <= Promise::all_but_last; }
  bool struck() const { return disk_.dead() || disk_.faults_applied() != faults_before_; }

  std::optional<Connection> open(const sqlite::Vfs& vfs) {
    const sqlite::ConnectionOptions options{
        .journal = setup_.journal, .synchronous = setup_.synchronous, .cache_pages = 6};
    Result<Connection> opened = Connection::open(vfs, kDatabase, options);
    if (!opened.ok()) return problem("opening", opened.error()), std::nullopt;
    return std::optional<Connection>(opened.take());
  }

  bool look(Connection& connection) {
    const Bank::Look seen = bank_.look(connection);
    if (seen.kind == Bank::Look::Kind::unreachable) {
      return problem("looking", {ErrorCode::io_error, seen.what}), false;
    }
    // integrity_check calls a page that could not be read a wrong one: the next life looks again.
    if (seen.kind == Bank::Look::Kind::wrong && struck()) return false;
    const Promise promise = power_failed_ ? promise_of(setup_) : Promise::durable;
    if (seen.kind == Bank::Look::Kind::wrong) {
      ++tally_.corrupt;
      over_ = true;
      return damage(promise == Promise::nothing, seen.what), false;
    }
    power_failed_ = false;
    tally_.in_doubt += seen.in_doubt ? 1 : 0;
    tally_.happened += seen.happened ? 1 : 0;
    if (seen.lost > 0) {
      tally_.lost += seen.lost;
      ++tally_.lossy_crashes;
      const bool allowed = promise >= Promise::consistent || (promise == Promise::all_but_last && seen.lost == 1);
      damage(allowed, fmt::format("{} acknowledged transaction{} missing", seen.lost, seen.lost == 1 ? " is" : "s are"));
    }
    return bank_.has_schema() || make_schema(connection);
  }

  bool make_schema(Connection& connection) {
    static constexpr const char* kAutoVacuum[] = {"none", "incremental", "full"};
    Status status = connection.exec(fmt::format("PRAGMA auto_vacuum = {}", kAutoVacuum[auto_vacuum_]));
    if (status.ok()) status = connection.begin();
    if (status.ok()) status = bank_.create_schema(connection);
    if (!status.ok()) return problem("making the schema", status.error()), false;
    bank_.begin_schema();
    status = connection.commit();
    if (!status.ok()) return problem("committing the schema", status.error()), false;
    bank_.schema_committed();
    ++tally_.committed;
    return true;
  }

  // One transaction of the first connection, with the second one looking on. False: this life is over.
  bool step(Connection& first, Connection& second) {
    const Transfer transfer = Bank::draw(random_);
    Status status = first.begin();
    if (status.ok()) status = bank_.apply(first, transfer);
    if (!status.ok()) return problem("writing", status.error()), false;
    if (random_.one_in(4) && !disturb(second)) return false;
    if (random_.one_in(8)) {
      status = first.rollback();
      return status.ok() || (problem("rolling back", status.error()), false);
    }
    return commit(first, second, transfer) && keep_house(first, second);
  }

  // Perhaps while the second connection reads: a rollback journal makes the commit wait for it, a log lets it keep the
  // state that it began with.
  bool commit(Connection& first, Connection& second, const Transfer& transfer) {
    const Facts facts{Bank::total(), bank_.transfers()};
    const bool logs = setup_.journal == Journal::wal;
    const bool reads = random_.one_in(4) && begins_to_read(second);
    bank_.in_doubt(transfer);
    Status status = first.commit();
    if (reads && status.ok() && !logs) return broken("a commit did not wait for a reader");
    if (reads && status.code() == ErrorCode::busy) {
      static_cast<void>(second.rollback());
      status = first.commit();
    }
    if (!status.ok()) return problem("committing", status.error()), false;
    bank_.committed(transfer);
    ++tally_.committed;
    if (!reads || !logs) return true;
    const Result<Facts> seen = Bank::glance(second);
    if (!seen.ok()) return problem("reading on", seen.error()), false;
    if (seen.value() != facts) return broken("a reader saw a commit that came after its beginning");
    status = second.rollback();
    return status.ok() || (problem("ending a read", status.error()), false);
  }

  bool begins_to_read(Connection& second) {
    if (second.exec("BEGIN").ok() && Bank::glance(second).ok()) return true;
    static_cast<void>(second.rollback());  // busy, or struck: who commits next will know
    return false;
  }

  // While the first connection writes, the second sees what was committed, and may not write.
  bool disturb(Connection& second) {
    const Result<Facts> seen = Bank::glance(second);
    if (!seen.ok() && seen.code() != ErrorCode::busy) return problem("glancing", seen.error()), false;
    if (seen.ok() && seen.value() != Facts(Bank::total(), bank_.transfers())) {
      return broken(fmt::format("a second connection saw a total of {} and {} transfers instead of {} and {}",
                                seen.value().first, seen.value().second, Bank::total(), bank_.transfers()));
    }
    const Status began = second.begin();
    if (began.ok()) return broken("two connections are writing at once");
    return began.code() == ErrorCode::busy || (problem("beginning", began.error()), false);
  }

  bool keep_house(Connection& first, Connection& second) {
    Status status;
    if (setup_.journal == Journal::wal && random_.one_in(6)) {
      static constexpr const char* kModes[] = {"PASSIVE", "FULL", "RESTART", "TRUNCATE"};
      status = second.exec(fmt::format("PRAGMA wal_checkpoint({})", kModes[random_.below(4)]));
    } else if (auto_vacuum_ == 1 && random_.one_in(6)) {
      status = first.exec("PRAGMA incremental_vacuum");
    }
    return status.ok() || status.code() == ErrorCode::busy || (problem("keeping house", status.error()), false);
  }

  // An error is the disk's doing, or SQLite's opinion of the database.
  void problem(const char* doing, const Error& error) {
    if (struck()) return;
    over_ = true;
    ++tally_.corrupt;
    const Promise promise = power_failed_ ? promise_of(setup_) : Promise::durable;
    damage(promise == Promise::nothing || opened_after_damage(), fmt::format("{}: {}", doing, error.message));
  }
  // Damage that the checks cannot see may show later, when nothing was promised.
  bool opened_after_damage() const { return promise_of(setup_) == Promise::nothing; }

  bool broken(std::string what) {
    over_ = true;
    return damage(false, what), false;
  }

  void damage(bool allowed, const std::string& what) {
    const env::DiskTraits traits = disk_.traits();
    std::string& text = allowed ? tally_.damage : tally_.story;
    if (!allowed) ++tally_.violations;
    if (!text.empty()) return;
    text = fmt::format("life {} on a disk with sectors of {} bytes, {}powersafe overwrite, pages of {}: {}", lives_,
                       traits.sector_bytes, traits.powersafe_overwrite ? "" : "no ", page_bytes_, what);
    if (!allowed) tally_.story_seed = seed_;
  }

  void end_life() {
    ++tally_.crashes;
    if (disk_.faults_applied() != faults_before_) ++tally_.faulted;
    disk_.drop_faults();
    if (random_.one_in(8)) {
      ++tally_.kills;
      return disk_.kill_processes();
    }
    ++tally_.power_failures;
    power_failed_ = true;
    draw_fates(random_, disk_.options());
    disk_.power_failure();
  }

  const CrashSetup setup_;
  const uint64_t seed_;
  Tally& tally_;
  RandomStream random_;
  HostDisk disk_;
  Bank bank_;
  uint64_t page_bytes_ = 4096;
  uint64_t auto_vacuum_ = 0;
  uint64_t lives_ = 0;
  uint64_t faults_before_ = 0;
  bool power_failed_ = false;  // since the last look
  bool over_ = false;
};

}  // namespace

const char* to_string(Overwrite overwrite) {
  switch (overwrite) {
    case Overwrite::usual: return "usual";
    case Overwrite::powersafe: return "powersafe";
    case Overwrite::plain: return "plain";
  }
  return "unknown";
}

const char* to_string(Promise promise) {
  switch (promise) {
    case Promise::durable: return "durable";
    case Promise::all_but_last: return "all but the last";
    case Promise::consistent: return "consistent";
    case Promise::nothing: return "nothing";
  }
  return "unknown";
}

Promise promise_of(const CrashSetup& setup) {
  switch (setup.synchronous) {
    case Synchronous::off: return Promise::nothing;
    // A rollback journal is synced together with its own header, so that a garbled record may be played back.
    case Synchronous::normal: return setup.journal == Journal::wal ? Promise::consistent : Promise::nothing;
    // The journal's removal is the commit, and full does not sync the directory after it.
    case Synchronous::full: return setup.journal == Journal::delete_file ? Promise::all_but_last : Promise::durable;
    case Synchronous::extra: return Promise::durable;
  }
  return Promise::nothing;
}

std::vector<CrashSetup> all_setups() {
  std::vector<CrashSetup> setups;
  for (const auto synchronous : {Synchronous::extra, Synchronous::full, Synchronous::normal, Synchronous::off}) {
    for (const auto journal : {Journal::delete_file, Journal::truncate, Journal::persist, Journal::wal}) {
      setups.push_back({journal, synchronous});
    }
  }
  return setups;
}

void crash_one_disk(const CrashSetup& setup, uint64_t seed, uint64_t crashes, Tally& tally) {
  tally.setup = setup;
  ++tally.disks;
  Lives(setup, seed, tally).run(crashes);
}

Tally crash_disks(const CrashSetup& setup, uint64_t seed, uint64_t crashes) {
  Tally tally;
  tally.setup = setup;
  while (tally.crashes < crashes) crash_one_disk(setup, seed++, kCrashesOfADisk, tally);
  return tally;
}

}  // namespace onceproof::scenarios::disk
