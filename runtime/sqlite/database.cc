// SPDX-License-Identifier: Apache-2.0
#include "runtime/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace onceproof::sqlite {

namespace {

ErrorCode error_code(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:  // tired of trying: another process holds the log's index
    case SQLITE_LOCKED: return ErrorCode::busy;
    case SQLITE_FULL: return ErrorCode::disk_full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::corrupt;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM: return ErrorCode::io_error;
    default: return ErrorCode::invalid_argument;
  }
}

Error error_of(sqlite3* database) {
  const int code = sqlite3_extended_errcode(database);
  return {error_code(code), fmt::format("SQLite: {} ({})", sqlite3_errmsg(database), code)};
}

}  // namespace

const char* to_string(Journal journal) {
  switch (journal) {
    case Journal::delete_file: return "delete";
    case Journal::truncate: return "truncate";
    case Journal::persist: return "persist";
    case Journal::wal: return "wal";
  }
  return "unknown";
}

const char* to_string(Synchronous synchronous) {
  switch (synchronous) {
    case Synchronous::off: return "off";
    case Synchronous::normal: return "normal";
    case Synchronous::full: return "full";
    case Synchronous::extra: return "extra";
  }
  return "unknown";
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int parameter, int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, parameter, value) == SQLITE_OK, "the statement has such a parameter");
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view value) {
  const int code = sqlite3_bind_text64(statement_, parameter, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  CHECK(code == SQLITE_OK, "the statement has such a parameter");
  return *this;
}

Statement& Statement::bind_blob(int parameter, ByteView value) {
  const int code = sqlite3_bind_blob64(statement_, parameter, value.data(), value.size(), SQLITE_TRANSIENT);
  CHECK(code == SQLITE_OK, "the statement has such a parameter");
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  CHECK(sqlite3_bind_null(statement_, parameter) == SQLITE_OK, "the statement has such a parameter");
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  const Error error = code == SQLITE_DONE ? Error{} : error_of(sqlite3_db_handle(statement_));
  sqlite3_reset(statement_);
  if (code == SQLITE_DONE) return false;
  return error;
}

Status Statement::run() {
  for (;;) {
    const Result<bool> row = step();
    if (!row.ok()) return row.error();
    if (!row.value()) return {};
  }
}

void Statement::reset() { sqlite3_reset(statement_); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

Bytes Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? Bytes() : Bytes(static_cast<const char*>(data), static_cast<size_t>(size));
}

Result<Connection> Connection::open(const Vfs& vfs, const std::string& path, const ConnectionOptions& options) {
  sqlite3* database = nullptr;
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  const int code = sqlite3_open_v2(path.c_str(), &database, kFlags, vfs.name().c_str());
  CHECK(database != nullptr, "SQLite had no memory for a connection");
  Connection connection(database);
  if (code != SQLITE_OK) return error_of(database);
  if (Status failed = connection.configure(options); !failed.ok()) return failed.error();
  return connection;
}

Status Connection::configure(const ConnectionOptions& options) {
  sqlite3_busy_timeout(database_, options.busy_timeout_ms);
  Status status = exec(fmt::format("PRAGMA temp_store = memory; PRAGMA cache_size = {}; PRAGMA synchronous = {}",
                                   options.cache_pages, to_string(options.synchronous)));
  if (!status.ok()) return status;
  const char* wanted = to_string(options.journal);
  const Result<Bytes> mode = text(fmt::format("PRAGMA journal_mode = {}", wanted));
  if (!mode.ok()) return mode.error();
  if (mode.value() == wanted) return {};
  return {ErrorCode::invalid_argument, fmt::format("the journal mode stays {}, not {}", mode.value(), wanted)};
}

Connection::~Connection() {
  if (database_ != nullptr) sqlite3_close_v2(database_);
}

Status Connection::exec(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return error_of(database_);
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const auto size = static_cast<int>(sql.size());
  if (sqlite3_prepare_v3(database_, sql.data(), size, 0, &statement, nullptr) != SQLITE_OK) return error_of(database_);
  return Statement(statement);
}

// A statement that writes commits at its end, after its last row: its outcome is not known before.
template <class T>
Result<T> Connection::first_value(std::string_view sql, T (Statement::*value)(int) const) {
  Result<Statement> statement = prepare(sql);
  if (!statement.ok()) return statement.error();
  const Result<bool> row = statement.value().step();
  if (!row.ok()) return row.error();
  if (!row.value()) return Error{ErrorCode::not_found, "the query has no row"};
  T first = (statement.value().*value)(0);
  if (const Status end = statement.value().run(); !end.ok()) return end.error();
  return first;
}

Result<int64_t> Connection::integer(std::string_view sql) { return first_value(sql, &Statement::integer); }

Result<Bytes> Connection::text(std::string_view sql) { return first_value(sql, &Statement::bytes); }

Status Connection::rollback() { return in_transaction() ? exec("ROLLBACK") : Status(); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

}  // namespace onceproof::sqlite
