// SPDX-License-Identifier: Apache-2.0
// Bank: the workload that is crashed, and the truth about it. Transfers between accounts with a conserved total, a
// ledger that names each of them, notes that come and go; the whole content of the database is a function of the
// ledger, so that a look at the database says exactly which transfers are in it, or that it is none that ever was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/random.h"
#include "runtime/base/result.h"
#include "runtime/sqlite/database.h"

namespace onceproof::scenarios::disk {

struct Transfer {
  int64_t source = 0;
  int64_t target = 0;
  int64_t amount = 0;
  uint64_t salt = 0;        // of the bytes that it writes
  uint64_t note_bytes = 0;  // 0: no note
  bool all_accounts = false;  // rewrites every account, so that SQLite's cache spills
  bool operator==(const Transfer&) const = default;
};

inline constexpr int64_t kAccounts = 40;
inline constexpr int64_t kOpeningBalance = 1'000;

class Bank {
 public:
  // What a look found.
  struct Look {
    enum class Kind : uint8_t {
      fine,         // a state that may be
      unreachable,  // the disk died meanwhile, or a fault struck: look again later
      wrong,        // `what`
    };
    Kind kind = Kind::fine;
    std::string what;
    uint64_t lost = 0;      // acknowledged transactions that are missing at the end; the schema counts as one
    bool in_doubt = false;  // there was a transaction whose outcome was open
    bool happened = false;  // ... and it is there
  };

  static Transfer draw(RandomStream& random);
  // The statements of a transfer, in order; the transaction around them is the caller's.
  Status apply(sqlite::Connection& connection, const Transfer& transfer) const;
  Status create_schema(sqlite::Connection& connection) const;

  // What the workload was told.
  void begin_schema() { schema_ = Schema::in_doubt; }
  void schema_committed() { schema_ = Schema::acknowledged; }
  // A commit that failed may still happen, also after a look that did not find it, until a later one is acknowledged:
  // the log that it failed in may come back with a name whose removal was lost.
  void in_doubt(const Transfer& transfer);
  void committed(const Transfer& transfer);

  // Looks at everything, and takes what is there for the truth from then on.
  Look look(sqlite::Connection& connection);
  // Through another connection while things are in flight: the sum and the number of transfers, or busy.
  static Result<std::pair<int64_t, int64_t>> glance(sqlite::Connection& connection);

  bool has_schema() const { return schema_ != Schema::absent; }
  int64_t transfers() const { return static_cast<int64_t>(history_.size()); }
  static constexpr int64_t total() { return kAccounts * kOpeningBalance; }

 private:
  enum class Schema : uint8_t { absent, in_doubt, present, acknowledged };

  Result<std::vector<Transfer>> read_ledger(sqlite::Connection& connection) const;
  Result<std::string> compare_accounts(sqlite::Connection& connection) const;
  Result<std::string> compare_notes(sqlite::Connection& connection) const;
  Look look_and_settle(sqlite::Connection& connection);
  Look look_at_schema(sqlite::Connection& connection);
  Look settle(const std::vector<Transfer>& ledger);

  Schema schema_ = Schema::absent;
  std::vector<Transfer> history_;    // what is there
  size_t acknowledged_ = 0;          // so many of them must stay
  struct Candidate {
    size_t position;  // in the ledger
    Transfer transfer;
  };
  std::vector<Candidate> candidates_;  // each of which may be there at its position
  bool undecided_ = false;             // the last of them has not been looked for
};

}  // namespace onceproof::scenarios::disk
