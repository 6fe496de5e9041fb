// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint/durable_counter.h"

#include <fmt/format.h>

#include <memory>

#include "runtime/checkpoint/sealed_file.h"

namespace onceproof::checkpoint {

namespace {

// READING -> CLEARING (a torn temporary file) -> WRITING -> SYNCING -> RENAMING -> PUBLISHING -> answered.
// An error anywhere ends it; the file then holds the old number or the new one, and the next reservation reads which.
class Reservation : public std::enable_shared_from_this<Reservation> {
 public:
  Reservation(env::Storage& storage, std::string path, uint64_t count, env::Storage::Reply<uint64_t> reply)
      : storage_(storage),
        path_(std::move(path)),
        temporary_(path_ + ".tmp"),
        count_(count),
        reply_(std::move(reply)) {}

  void start() {
    storage_.read(path_, [self = shared_from_this()](Result<Bytes> file) { self->on_read(file); });
  }

 private:
  enum class Step : uint8_t { clearing, writing, syncing, renaming, publishing, done };

  void on_read(const Result<Bytes>& file) {
    if (file.ok()) {
      const Result<Bytes> payload = unseal(path_, file.value());
      if (!payload.ok()) return reply_(payload.error());
      if (!decode(payload.value(), last_))
        return reply_(Error{ErrorCode::corrupt, fmt::format("{} does not hold a number", path_)});
    } else if (file.code() != ErrorCode::not_found) {
      return reply_(file.error());
    }
    begin(Step::clearing);
  }

  void begin(Step step) {
    auto next = [self = shared_from_this(), step](const Status& status) {
      if (!status.ok()) return self->reply_(status.error());
      self->begin(static_cast<Step>(static_cast<int>(step) + 1));
    };
    switch (step) {
      case Step::clearing: return storage_.remove(temporary_, std::move(next));
      case Step::writing: return storage_.append(temporary_, seal(encode(last_ + count_)), std::move(next));
      case Step::syncing: return storage_.sync(temporary_, std::move(next));
      case Step::renaming: return storage_.rename(temporary_, path_, std::move(next));
      case Step::publishing:
        return storage_.sync_directory(path_.substr(0, path_.rfind('/')), std::move(next));
      case Step::done: return reply_(last_ + 1);
    }
  }

  env::Storage& storage_;
  const std::string path_;
  const std::string temporary_;
  const uint64_t count_;
  const env::Storage::Reply<uint64_t> reply_;
  uint64_t last_ = 0;  // the highest number that is given out
};

}  // namespace

void reserve_numbers(env::Storage& storage, const std::string& path, uint64_t count,
                     env::Storage::Reply<uint64_t> reply) {
  std::make_shared<Reservation>(storage, path, count, std::move(reply))->start();
}

}  // namespace onceproof::checkpoint
