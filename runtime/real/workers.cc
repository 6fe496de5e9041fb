// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/workers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "runtime/real/files.h"
#include "runtime/real/program.h"

extern char** environ;

namespace onceproof::real {
namespace {

// Both ends close on exec: no worker may hold another's pipe open and hide its death.
int make_pipe(Descriptor& read_end, Descriptor& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  read_end = Descriptor(ends[0]);
  write_end = Descriptor(ends[1]);
  return 0;
}

}  // namespace

std::string describe_death(const WorkerEvent& event) {
  if (event.signal != 0) return fmt::format("was killed by signal {} ({})", event.signal, ::strsignal(event.signal));
  return fmt::format("exited with code {}", event.exit_code);
}

WorkerPool::~WorkerPool() {
  for (Worker& worker : workers_) {
    if (worker.pid > 0) ::kill(worker.pid, SIGKILL);
  }
  for (Worker& worker : workers_) {
    while (worker.pid > 0 && ::waitpid(worker.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

Status WorkerPool::start(int count) {
  ::signal(SIGPIPE, SIG_IGN);  // a write to a dead worker is an answer (EPIPE), not our end
  for (int i = 0; i < count; ++i) {
    if (Status spawned = spawn(workers_.emplace_back()); !spawned.ok()) return spawned;
  }
  return {};
}

Status WorkerPool::restart(int worker) {
  CHECK(!alive(worker), "only a dead worker's place is free");
  return spawn(workers_[worker]);
}

Status WorkerPool::spawn(Worker& worker) {
  const std::string program = program_path();
  Descriptor child_input;
  Descriptor child_output;
  int error = make_pipe(child_input, worker.input);
  if (error == 0) error = make_pipe(worker.output, child_output);
  if (error != 0) return system_error("open pipes for", program, error);

  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (std::string& argument : arguments_) argv.push_back(argument.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, child_input.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, child_output.get(), STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A ^C goes to the whole foreground group: in a group of their own the workers finish what they do, and the
  // parent decides. They end with the parent all the same, because their input ends.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  error = ::posix_spawn(&worker.pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    worker.pid = -1;
    return system_error("start", program, error);
  }
  worker.partial.clear();
  return {};
}

bool WorkerPool::send(int worker, std::string_view line) {
  if (!workers_[worker].input.open()) return false;
  std::string message(line);
  message.push_back('\n');
  return write_all(workers_[worker].input.get(), message) == 0;
}

void WorkerPool::close_input(int worker) { workers_[worker].input.close(); }

WorkerEvent WorkerPool::next(DurationUs timeout_us) {
  while (ready_.empty()) {
    std::vector<pollfd> polls;
    std::vector<int> indices;
    for (int i = 0; i < size(); ++i) {
      if (!alive(i)) continue;
      polls.push_back({workers_[i].output.get(), POLLIN, 0});
      indices.push_back(i);
    }
    WorkerEvent event;
    if (polls.empty()) return event.kind = WorkerEvent::Kind::all_dead, event;
    // Rounded up, so that a short timeout does not spin.
    const int timeout_ms = timeout_us < 0 ? -1 : static_cast<int>((timeout_us + 999) / 1000);
    const int count = ::poll(polls.data(), polls.size(), timeout_ms);
    if (count < 0) {
      CHECK(errno == EINTR, "poll() of open pipes fails only when interrupted");
      return event.kind = WorkerEvent::Kind::interrupted, event;
    }
    if (count == 0) return event;
    for (size_t i = 0; i < polls.size(); ++i) {
      if (polls[i].revents != 0) read_from(indices[i]);
    }
  }
  WorkerEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

void WorkerPool::read_from(int index) {
  Worker& worker = workers_[index];
  char chunk[1 << 16];
  const ssize_t count = ::read(worker.output.get(), chunk, sizeof chunk);
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {  // a line without its end is no line: the worker died while writing it
    ready_.push_back(reap(index));
    return;
  }
  worker.partial.append(chunk, static_cast<size_t>(count));
  size_t begin = 0;
  for (size_t end; (end = worker.partial.find('\n', begin)) != std::string::npos; begin = end + 1) {
    WorkerEvent event;
    event.kind = WorkerEvent::Kind::line;
    event.worker = index;
    event.line = worker.partial.substr(begin, end - begin);
    ready_.push_back(std::move(event));
  }
  worker.partial.erase(0, begin);
}

WorkerEvent WorkerPool::reap(int index) {
  Worker& worker = workers_[index];
  worker.input.close();
  worker.output.close();
  WorkerEvent event;
  event.kind = WorkerEvent::Kind::died;
  event.worker = index;
  int status = 0;
  while (::waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) event.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) event.signal = WTERMSIG(status);
  worker.pid = -1;
  return event;
}

bool read_line(std::string& line) {
  static std::string buffer;  // one standard input a process
  for (;;) {
    if (const size_t end = buffer.find('\n'); end != std::string::npos) {
      line.assign(buffer, 0, end);
      buffer.erase(0, end + 1);
      return true;
    }
    char chunk[1 << 16];
    const ssize_t count = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    buffer.append(chunk, static_cast<size_t>(count));
  }
}

bool write_line(std::string_view line) {
  std::string message(line);
  message.push_back('\n');
  return write_all(STDOUT_FILENO, message) == 0;
}

}  // namespace onceproof::real
