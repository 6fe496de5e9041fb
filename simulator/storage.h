// SPDX-License-Identifier: Apache-2.0
// SimulatedStorage: one actor's client of the simulated disk. A call leaves with its handler, takes its time, takes
// effect at one event of the world (around which its protocol point is hit) and is answered by a mail. A crash before
// that event means that it never happened, also when the call had been made; one after it leaves the rest to the disk's
// overlay. Lives in the ActorEnv of its owner; the kernel calls carry_out().
#pragma once

#include <map>

#include "simulator/disk.h"
#include "simulator/process.h"

namespace onceproof::simulator {

class Kernel;

class SimulatedStorage final : public env::Storage, public env::MailHandler {
 public:
  SimulatedStorage(Kernel& kernel, Binding& owner);
  ~SimulatedStorage() override;

  void append(const std::string& path, ByteView data, Done done) override;
  void sync(const std::string& path, Done done) override;
  void rename(const std::string& from, const std::string& to, Done done) override;
  void sync_directory(const std::string& directory, Done done) override;
  void remove(const std::string& path, Done done) override;
  void list(const std::string& directory, Reply<Paths> reply) override;
  void read(const std::string& path, Reply<Bytes> reply) override;

  void carry_out(uint64_t id);
  void on_mail(env::Mail& mail) override;  // storage_answer
  uint64_t digest(uint64_t id) const;  // for the trace

 private:
  //   BLOCKED (behind an earlier call on its path) -> UNDER_WAY -> [STRUCK (hangs, or is slow) ->] DONE (answer posted)
  enum class State : uint8_t { blocked, under_way, struck, done };
  struct Call {
    StorageCall kind = StorageCall::append;
    State state = State::blocked;
    std::string path = {};
    std::string to = {};  // of a rename
    Bytes data = {};      // to append, or that was read
    Paths paths = {};
    Status status = {};
    uint64_t digest = 0;  // for the trace: what the call is about
    Done done = {};
    Reply<Paths> on_paths = {};
    Reply<Bytes> on_bytes = {};
  };
  void make(Call call);
  void begin_unblocked();
  void schedule(uint64_t id, TimeUs at_us);
  bool blocked(uint64_t id, const Call& call) const;
  DurationUs cost_us(const Call& call) const;
  void perform(Call& call, size_t append_bytes);
  bool hit(const Call& call, env::Phase phase);  // false: the process was killed there

  Kernel& kernel_;
  Binding& owner_;
  Binding& binding_;
  std::map<uint64_t, Call> calls_;  // in the order in which they were made
  uint64_t next_id_ = 1;
};

}  // namespace onceproof::simulator
