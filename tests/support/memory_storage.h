// SPDX-License-Identifier: Apache-2.0
// MemoryStorage: env::Storage in memory for tests, with the durability rules of its contract taken at their worst:
// crash() drops unsynced bytes and every rename or removal whose directory was not synced. Nothing happens until the
// test says step() or run(): an operation is carried out and answered, the oldest first. Operations can be made to
// fail, with or without their effect, or to hang, and the writer can be made to die after a number of operations.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/env/storage.h"

namespace onceproof::tests {

class MemoryStorage final : public env::Storage {
 public:
  enum class Op : uint8_t { append, sync, rename, sync_directory, remove, list, read };
  enum class Effect : uint8_t { none, happens };

  // After `skip` more operations of that kind, the next `count` fail with io_error.
  void fail_next(Op op, Effect effect = Effect::none, int count = 1, int skip = 0) {
    failures_[op] = {effect, count, skip};
  }
  void heal() { failures_.clear(); }
  // After `count` more operations the writer is dead: nothing happens and nobody is answered until crash().
  void die_after(int count) { operations_left_ = count; }
  bool dead() const { return operations_left_ == 0; }
  // Operations on paths that begin so wait until release().
  void hang(std::string prefix) { hanging_ = std::move(prefix); }
  void release() { hanging_.reset(); }

  // Carries out the oldest operation that does not hang, and answers it; false when there is none.
  bool step() {
    if (dead()) return false;
    for (size_t i = 0; i < queue_.size(); ++i) {
      if (hanging_ && queue_[i].path.starts_with(*hanging_)) continue;
      const Operation operation = std::move(queue_[i]);
      queue_.erase(queue_.begin() + static_cast<ptrdiff_t>(i));
      operation.carry_out();
      return true;
    }
    return false;
  }
  int run() {
    int steps = 0;
    while (step()) ++steps;
    return steps;
  }
  size_t waiting() const { return queue_.size(); }

  // What the next process finds. Of each file's unsynced bytes the first `torn_bytes` survive.
  void crash(size_t torn_bytes = 0) {
    failures_.clear();
    operations_left_ = -1;
    queue_.clear();
    hanging_.reset();
    names_ = durable_names_;
    for (auto& [path, file] : names_) {
      file->data.resize(std::min(file->data.size(), file->synced + torn_bytes));
      file->synced = file->data.size();
    }
  }

  bool exists(const std::string& path) const { return names_.contains(path); }
  // Writes and syncs, outside of any failure: what somebody else left there. An existing file is replaced.
  void put(const std::string& path, ByteView data) {
    names_[path] = durable_names_[path] = std::make_shared<File>(File{Bytes(data), data.size()});
  }
  Bytes get(const std::string& path) const { return exists(path) ? names_.at(path)->data : Bytes(); }

  std::vector<std::string> paths(const std::string& prefix = "") const {
    std::vector<std::string> all;
    for (const auto& [path, file] : names_) {
      if (path.starts_with(prefix)) all.push_back(path);
    }
    return all;
  }

  void append(const std::string& path, ByteView data, Done done) override {
    queue(path, [this, path, bytes = Bytes(data), done] {
      done(attempt(Op::append, path, [&] {
        auto& file = names_[path];
        if (!file) file = std::make_shared<File>();
        file->data.append(bytes);
      }));
    });
  }
  void sync(const std::string& path, Done done) override {
    queue(path, [this, path, done] {
      const bool there = exists(path);
      const Status status = attempt(Op::sync, path, [&] {
        if (!there) return;
        names_[path]->synced = names_[path]->data.size();
        durable_names_[path] = names_[path];
      });
      done(status.ok() && !there ? absent(path) : status);
    });
  }
  void rename(const std::string& from, const std::string& to, Done done) override {
    queue(from, [this, from, to, done] {
      const bool there = exists(from);
      const Status status = attempt(Op::rename, from, [&] {
        if (!there) return;
        names_[to] = names_[from];
        names_.erase(from);
      });
      done(status.ok() && !there ? absent(from) : status);
    });
  }
  void sync_directory(const std::string& directory, Done done) override {
    queue(directory, [this, directory, done] {
      done(attempt(Op::sync_directory, directory, [&] {
        std::erase_if(durable_names_, [&](const auto& entry) { return parent_of(entry.first) == directory; });
        for (const auto& [path, file] : names_) {
          if (parent_of(path) == directory) durable_names_[path] = file;
        }
      }));
    });
  }
  void remove(const std::string& path, Done done) override {
    queue(path, [this, path, done] { done(attempt(Op::remove, path, [&] { names_.erase(path); })); });
  }
  void list(const std::string& directory, Reply<Paths> reply) override {
    queue(directory, [this, directory, reply] {
      const Status status = attempt(Op::list, directory, [] {});
      status.ok() ? reply(paths(directory + "/")) : reply(status.error());
    });
  }
  void read(const std::string& path, Reply<Bytes> reply) override {
    queue(path, [this, path, reply] {
      const Status status = attempt(Op::read, path, [] {});
      if (!status.ok()) return reply(status.error());
      exists(path) ? reply(names_[path]->data) : reply(absent(path).error());
    });
  }

 private:
  struct File {
    Bytes data;
    size_t synced = 0;
  };
  struct Failure {
    Effect effect = Effect::none;
    int count = 0;
    int skip = 0;
  };

  struct Operation {
    std::string path;
    std::function<void()> carry_out;
  };

  void queue(const std::string& path, std::function<void()> carry_out) {
    queue_.push_back({path, std::move(carry_out)});
  }
  static Status absent(const std::string& path) { return {ErrorCode::not_found, path + " does not exist"}; }

  static std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }

  template <class F>
  Status attempt(Op op, const std::string& path, F effect) {
    if (operations_left_ > 0) --operations_left_;
    const auto failure = failures_.find(op);
    if (failure != failures_.end() && failure->second.skip > 0) {
      --failure->second.skip;
    } else if (failure != failures_.end() && failure->second.count > 0) {
      --failure->second.count;
      if (failure->second.effect == Effect::happens) effect();
      return {ErrorCode::io_error, path + ": the test says no"};
    }
    effect();
    return {};
  }

  std::map<std::string, std::shared_ptr<File>> names_;
  std::map<std::string, std::shared_ptr<File>> durable_names_;
  std::map<Op, Failure> failures_;
  std::deque<Operation> queue_;
  std::optional<std::string> hanging_;
  int operations_left_ = -1;  // negative: no limit
};

}  // namespace onceproof::tests
