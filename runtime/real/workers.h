// SPDX-License-Identifier: Apache-2.0
// WorkerPool: worker processes of this same executable, each exec'ed anew so that each has its own ASLR base,
// speaking lines over pipes (a worker reads its standard input and writes its standard output; standard error
// is shared). A worker's death is an event like a line. Not for several threads.
#pragma once

#include <sys/types.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/time.h"
#include "runtime/real/descriptor.h"

namespace onceproof::real {

struct WorkerEvent {
  enum class Kind : uint8_t {
    line,         // `line`, without its end
    died,         // after its last line; `exit_code` or `signal`
    timed_out,    // nothing happened in time
    interrupted,  // a signal came to this process
    all_dead,     // no worker is left that could say anything
  };
  Kind kind = Kind::timed_out;
  int worker = -1;
  std::string line;
  int exit_code = -1;  // -1: did not exit by itself
  int signal = 0;      // 0: was not killed
};

// "exited with code 70", "was killed by signal 11 (Segmentation fault)".
std::string describe_death(const WorkerEvent& event);

class WorkerPool {
 public:
  // `arguments` follow the program's name: {"sweep-worker", "..."}.
  explicit WorkerPool(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}
  ~WorkerPool();  // kills and reaps whoever is left
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  Status start(int count);
  Status restart(int worker);  // a new process in a dead worker's place
  int size() const { return static_cast<int>(workers_.size()); }
  bool alive(int worker) const { return workers_[worker].pid > 0; }
  pid_t pid(int worker) const { return workers_[worker].pid; }

  // Sends one line. False: the worker is gone (its death will be, or was, an event). Blocks while the pipe is
  // full, so do not send more than a few KiB ahead of the answers.
  bool send(int worker, std::string_view line);
  // End of the worker's input: a well-behaved worker then exits with 0.
  void close_input(int worker);

  // The next event of any worker. A negative timeout waits for ever.
  WorkerEvent next(DurationUs timeout_us = -1);

 private:
  struct Worker {
    pid_t pid = -1;
    Descriptor input;   // its standard input, our end
    Descriptor output;  // its standard output, our end
    std::string partial;
  };

  Status spawn(Worker& worker);
  void read_from(int index);
  WorkerEvent reap(int index);

  std::vector<std::string> arguments_;
  std::vector<Worker> workers_;
  std::deque<WorkerEvent> ready_;
};

// The worker's own side: the next line of standard input (false at its end), one line to standard output.
bool read_line(std::string& line);
bool write_line(std::string_view line);

}  // namespace onceproof::real
