// SPDX-License-Identifier: Apache-2.0
// Connection and Statement: the little of SQLite's interface that connectors need, with Result for errors: busy (try
// again), disk_full, io_error, corrupt, invalid_argument (SQL, constraints). Any error of commit() but busy leaves the
// outcome open: it may have happened. For one thread; a connection dies with its process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/base/bytes.h"
#include "runtime/base/result.h"
#include "runtime/sqlite/vfs.h"

struct sqlite3;
struct sqlite3_stmt;

namespace onceproof::sqlite {

enum class Journal : uint8_t { delete_file, truncate, persist, wal };
enum class Synchronous : uint8_t { off, normal, full, extra };
const char* to_string(Journal journal);          // "delete", "truncate", ...
const char* to_string(Synchronous synchronous);  // "off", "normal", ...

struct ConnectionOptions {
  Journal journal = Journal::wal;
  Synchronous synchronous = Synchronous::full;
  int busy_timeout_ms = 0;
  int cache_pages = 2000;
};

// Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
  }
  ~Statement();

  Statement& bind(int parameter, int64_t value);
  Statement& bind_text(int parameter, std::string_view value);
  Statement& bind_blob(int parameter, ByteView value);
  Statement& bind_null(int parameter);
  // True: a row is there to be read; false: done, and ready for the next binding.
  Result<bool> step();
  Status run();  // to the end, ignoring rows
  void reset();

  bool is_null(int column) const;
  int64_t integer(int column) const;
  Bytes bytes(int column) const;  // text or blob

 private:
  friend class Connection;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  // Creates the database when there is none. The journal mode is set with the first connection that can.
  static Result<Connection> open(const Vfs& vfs, const std::string& path, const ConnectionOptions& options = {});
  Connection(Connection&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Connection& operator=(Connection&& other) noexcept {
    std::swap(database_, other.database_);
    return *this;
  }
  ~Connection();  // rolls back what is open

  Status exec(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // The first column of the first row, once the statement has run to its end.
  Result<int64_t> integer(std::string_view sql);
  Result<Bytes> text(std::string_view sql);

  Status begin() { return exec("BEGIN IMMEDIATE"); }
  Status commit() { return exec("COMMIT"); }
  Status rollback();  // ok also when none is open
  bool in_transaction() const;
  // All of `work` or nothing of it; its error, or commit()'s.
  template <class Work>
  Status transaction(Work work) {
    Status status = begin();
    if (!status.ok()) return status;
    status = work();
    if (status.ok()) status = commit();
    if (!status.ok()) static_cast<void>(rollback());
    return status;
  }

 private:
  explicit Connection(sqlite3* database) : database_(database) {}
  Status configure(const ConnectionOptions& options);
  template <class T>
  Result<T> first_value(std::string_view sql, T (Statement::*value)(int) const);
  sqlite3* database_;
};

}  // namespace onceproof::sqlite
