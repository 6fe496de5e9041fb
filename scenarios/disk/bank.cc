// SPDX-License-Identifier: Apache-2.0
#include "scenarios/disk/bank.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace onceproof::scenarios::disk {

namespace {

constexpr uint64_t kMemoBytes = 300;
constexpr int64_t kNotesKept = 4;

// Half of it noise, half of it zeros: a lost sector must not look like the sector that should be there.
Bytes filling(uint64_t salt, uint64_t size) {
  Bytes bytes(size, '\0');
  RandomStream random(salt);
  for (uint64_t at = 0; at < size; at += 8) {
    const uint64_t word = at / 64 % 2 == 0 ? random.next() : 0;
    std::memcpy(bytes.data() + at, &word, std::min<uint64_t>(8, size - at));
  }
  return bytes;
}

Bytes memo(int64_t account, uint64_t salt) { return filling(salt * 64 + static_cast<uint64_t>(account), kMemoBytes); }
Bytes note(uint64_t salt, uint64_t size) { return filling(~salt, size); }

Bank::Look wrong(std::string what) { return {.kind = Bank::Look::Kind::wrong, .what = std::move(what)}; }

// A database that cannot be read is wrong, a disk that cannot be read is to be asked again.
Bank::Look failed(const Error& error) {
  if (error.code == ErrorCode::corrupt || error.code == ErrorCode::invalid_argument) return wrong(error.message);
  return {.kind = Bank::Look::Kind::unreachable, .what = error.message};
}

}  // namespace

Transfer Bank::draw(RandomStream& random) {
  Transfer transfer;
  transfer.source = static_cast<int64_t>(random.below(kAccounts));
  transfer.target = (transfer.source + 1 + static_cast<int64_t>(random.below(kAccounts - 1))) % kAccounts;
  transfer.amount = random.between(1, 50);
  transfer.salt = random.next() >> 16;
  transfer.note_bytes = random.one_in(3) ? 0 : random.below(random.one_in(6) ? 20'000 : 2'000);
  transfer.all_accounts = random.one_in(10);
  return transfer;
}

Status Bank::create_schema(sqlite::Connection& connection) const {
  Status status = connection.exec(
      "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, memo BLOB NOT NULL);"
      "CREATE TABLE ledger (id INTEGER PRIMARY KEY, source INTEGER, target INTEGER, amount INTEGER, salt INTEGER,"
      " note_bytes INTEGER, all_accounts INTEGER);"
      "CREATE TABLE notes (id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
      "CREATE INDEX by_balance ON accounts (balance)");
  if (!status.ok()) return status;
  Result<sqlite::Statement> insert = connection.prepare("INSERT INTO accounts VALUES (?, ?, ?)");
  if (!insert.ok()) return insert.error();
  for (int64_t account = 0; account < kAccounts; ++account) {
    insert.value().bind(1, account).bind(2, kOpeningBalance).bind_blob(3, memo(account, 0));
    if (status = insert.value().run(); !status.ok()) return status;
  }
  return {};
}

Status Bank::apply(sqlite::Connection& connection, const Transfer& t) const {
  const int64_t id = transfers() + 1;
  Result<sqlite::Statement> update =
      connection.prepare("UPDATE accounts SET balance = balance + ?, memo = ? WHERE id = ?");
  if (!update.ok()) return update.error();
  const auto change = [&](int64_t account, int64_t amount) {
    return update.value().bind(1, amount).bind_blob(2, memo(account, t.salt)).bind(3, account).run();
  };
  if (Status status = change(t.source, -t.amount); !status.ok()) return status;
  if (Status status = change(t.target, t.amount); !status.ok()) return status;
  for (int64_t account = 0; t.all_accounts && account < kAccounts; ++account) {
    if (Status status = change(account, 0); !status.ok()) return status;
  }
  Result<sqlite::Statement> insert = connection.prepare("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!insert.ok()) return insert.error();
  insert.value().bind(1, id).bind(2, t.source).bind(3, t.target).bind(4, t.amount);
  insert.value().bind(5, static_cast<int64_t>(t.salt)).bind(6, static_cast<int64_t>(t.note_bytes));
  if (Status status = insert.value().bind(7, t.all_accounts ? 1 : 0).run(); !status.ok()) return status;
  if (t.note_bytes > 0) {
    Result<sqlite::Statement> body = connection.prepare("INSERT INTO notes VALUES (?, ?)");
    if (!body.ok()) return body.error();
    if (Status status = body.value().bind(1, id).bind_blob(2, note(t.salt, t.note_bytes)).run(); !status.ok()) {
      return status;
    }
  }
  Result<sqlite::Statement> forget = connection.prepare("DELETE FROM notes WHERE id <= ?");
  if (!forget.ok()) return forget.error();
  return forget.value().bind(1, id - kNotesKept).run();
}

void Bank::in_doubt(const Transfer& transfer) {
  candidates_.push_back({history_.size(), transfer});
  undecided_ = true;
}

void Bank::committed(const Transfer& transfer) {
  history_.push_back(transfer);
  acknowledged_ = history_.size();
  candidates_.clear();
  undecided_ = false;
}

Result<std::pair<int64_t, int64_t>> Bank::glance(sqlite::Connection& connection) {
  Result<sqlite::Statement> query =
      connection.prepare("SELECT (SELECT sum(balance) FROM accounts), (SELECT count(*) FROM ledger)");
  if (!query.ok()) return query.error();
  const Result<bool> row = query.value().step();
  if (!row.ok()) return row.error();
  return std::pair(query.value().integer(0), query.value().integer(1));
}

// ---- looking ---------------------------------------------------------------------------------------------------

Bank::Look Bank::look(sqlite::Connection& connection) {
  Bank next = *this;
  Look seen = next.look_and_settle(connection);
  if (seen.kind == Look::Kind::fine) *this = std::move(next);
  return seen;
}

Bank::Look Bank::look_and_settle(sqlite::Connection& connection) {
  const Result<Bytes> integrity = connection.text("PRAGMA integrity_check");
  if (!integrity.ok()) return failed(integrity.error());
  if (integrity.value() != "ok") return wrong("integrity_check: " + integrity.value());
  const Look seen = look_at_schema(connection);
  if (seen.kind != Look::Kind::fine || !has_schema()) return seen;
  const Result<std::vector<Transfer>> ledger = read_ledger(connection);
  if (!ledger.ok()) return failed(ledger.error());
  Look settled = settle(ledger.value());
  if (settled.kind != Look::Kind::fine) return settled;
  for (const auto compare : {&Bank::compare_accounts, &Bank::compare_notes}) {
    const Result<std::string> difference = (this->*compare)(connection);
    if (!difference.ok()) return failed(difference.error());
    if (!difference.value().empty()) return wrong(difference.value());
  }
  return settled;
}

Bank::Look Bank::look_at_schema(sqlite::Connection& connection) {
  const Result<int64_t> tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return failed(tables.error());
  Look look;
  if (tables.value() == 4) {
    if (schema_ == Schema::absent) return wrong("a schema that nobody made");
    if (schema_ == Schema::in_doubt) schema_ = Schema::present;
    return look;
  }
  if (tables.value() != 0) return wrong(fmt::format("{} tables and indexes of 4", tables.value()));
  if (schema_ == Schema::acknowledged) look.lost = acknowledged_ + 1;
  *this = Bank();
  return look;
}

Result<std::vector<Transfer>> Bank::read_ledger(sqlite::Connection& connection) const {
  Result<sqlite::Statement> query = connection.prepare("SELECT * FROM ledger ORDER BY id");
  if (!query.ok()) return query.error();
  const sqlite::Statement& row = query.value();
  std::vector<Transfer> ledger;
  for (;;) {
    const Result<bool> more = query.value().step();
    if (!more.ok()) return more.error();
    if (!more.value()) return ledger;
    if (row.integer(0) != static_cast<int64_t>(ledger.size()) + 1) {
      return Error{ErrorCode::corrupt, fmt::format("entry {} of the ledger is numbered {}", ledger.size() + 1,
                                                   row.integer(0))};
    }
    ledger.push_back({row.integer(1), row.integer(2), row.integer(3), static_cast<uint64_t>(row.integer(4)),
                      static_cast<uint64_t>(row.integer(5)), row.integer(6) != 0});
  }
}

Bank::Look Bank::settle(const std::vector<Transfer>& ledger) {
  for (size_t i = 0; i < ledger.size(); ++i) {
    if (i < acknowledged_) {
      if (ledger[i] != history_[i]) return wrong("the ledger has an entry that is not the one that was made");
      continue;
    }
    const bool known = std::any_of(candidates_.begin(), candidates_.end(), [&](const Candidate& candidate) {
      return candidate.position == i && candidate.transfer == ledger[i];
    });
    if (!known) return wrong("a transaction that was never committed is there");
  }
  Look look;
  look.in_doubt = undecided_;
  look.happened = undecided_ && ledger.size() == candidates_.back().position + 1 &&
                  ledger.back() == candidates_.back().transfer;
  if (ledger.size() < acknowledged_) look.lost = acknowledged_ - ledger.size();
  history_ = ledger;
  acknowledged_ = std::min(acknowledged_, ledger.size());
  std::erase_if(candidates_, [&](const Candidate& candidate) { return candidate.position > ledger.size(); });
  undecided_ = false;
  return look;
}

Result<std::string> Bank::compare_accounts(sqlite::Connection& connection) const {
  std::vector<int64_t> balances(kAccounts, kOpeningBalance);
  std::vector<uint64_t> salts(kAccounts, 0);
  for (const Transfer& t : history_) {
    balances[static_cast<size_t>(t.source)] -= t.amount;
    balances[static_cast<size_t>(t.target)] += t.amount;
    salts[static_cast<size_t>(t.source)] = salts[static_cast<size_t>(t.target)] = t.salt;
    if (t.all_accounts) std::fill(salts.begin(), salts.end(), t.salt);
  }
  Result<sqlite::Statement> query = connection.prepare("SELECT id, balance, memo FROM accounts ORDER BY id");
  if (!query.ok()) return query.error();
  int64_t seen = 0, sum = 0;
  for (;; ++seen) {
    const Result<bool> more = query.value().step();
    if (!more.ok()) return more.error();
    if (!more.value()) break;
    const auto at = static_cast<size_t>(seen);
    if (seen >= kAccounts || query.value().integer(0) != seen) return std::string("an account too many");
    sum += query.value().integer(1);
    if (query.value().integer(1) != balances[at] || query.value().bytes(2) != memo(seen, salts[at])) {
      return fmt::format("account {} is not as transfer {} left it", seen, history_.size());
    }
  }
  if (seen != kAccounts) return fmt::format("{} accounts of {}", seen, kAccounts);
  return sum == total() ? std::string() : fmt::format("the total is {}, not {}", sum, total());
}

Result<std::string> Bank::compare_notes(sqlite::Connection& connection) const {
  std::vector<int64_t> expected;
  for (int64_t id = std::max<int64_t>(1, transfers() - kNotesKept + 1); id <= transfers(); ++id) {
    if (history_[static_cast<size_t>(id) - 1].note_bytes > 0) expected.push_back(id);
  }
  Result<sqlite::Statement> query = connection.prepare("SELECT id, body FROM notes ORDER BY id");
  if (!query.ok()) return query.error();
  for (const int64_t id : expected) {
    const Transfer& t = history_[static_cast<size_t>(id) - 1];
    const Result<bool> more = query.value().step();
    if (!more.ok()) return more.error();
    if (!more.value() || query.value().integer(0) != id || query.value().bytes(1) != note(t.salt, t.note_bytes)) {
      return fmt::format("note {} is missing or another one", id);
    }
  }
  const Result<bool> more = query.value().step();
  if (!more.ok()) return more.error();
  return more.value() ? std::string("a note too many") : std::string();
}

}  // namespace onceproof::scenarios::disk
