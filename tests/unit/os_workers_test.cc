// SPDX-License-Identifier: Apache-2.0
// WorkerPool: this program is its own worker. Told "worker", it obeys the lines of its standard input.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <set>

#include "runtime/real/program.h"
#include "runtime/real/workers.h"

namespace onceproof::real {
namespace {

int work() {
  std::string line;
  while (read_line(line)) {
    if (line == "abort") ::raise(SIGKILL);
    if (line == "quit") return 3;
    if (line == "half") return ::write(STDOUT_FILENO, "half", 4) == 4 ? 0 : 1;
    if (line == "address") line = std::to_string(reinterpret_cast<uintptr_t>(&line));
    write_line(line);
  }
  return 0;
}

using Kind = WorkerEvent::Kind;

class OsWorkers : public ::testing::Test {
 protected:
  WorkerPool pool_{{"worker"}};
};

TEST_F(OsWorkers, EveryWorkerAnswersItsOwnLines) {
  ASSERT_TRUE(pool_.start(3).ok());
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 100; ++j) ASSERT_TRUE(pool_.send(i, std::to_string(i * 1000 + j)));
  }
  std::vector<int> seen(3, 0);
  for (int n = 0; n < 300; ++n) {
    const WorkerEvent event = pool_.next();
    ASSERT_EQ(event.kind, Kind::line);
    EXPECT_EQ(event.line, std::to_string(event.worker * 1000 + seen[event.worker]++));
  }
  EXPECT_EQ(pool_.next(1000).kind, Kind::timed_out);
}

TEST_F(OsWorkers, ALongLineArrivesWhole) {
  ASSERT_TRUE(pool_.start(1).ok());
  const std::string line(50'000, 'x');
  ASSERT_TRUE(pool_.send(0, line));
  EXPECT_EQ(pool_.next().line, line);
}

TEST_F(OsWorkers, AKilledWorkerIsAnEventAndCanBeReplaced) {
  ASSERT_TRUE(pool_.start(1).ok());
  pool_.send(0, "last words");
  pool_.send(0, "abort");
  EXPECT_EQ(pool_.next().line, "last words");
  const WorkerEvent death = pool_.next();
  EXPECT_EQ(death.kind, Kind::died);
  EXPECT_EQ(death.signal, SIGKILL);
  EXPECT_EQ(describe_death(death), "was killed by signal 9 (Killed)");
  EXPECT_FALSE(pool_.send(0, "hello"));
  EXPECT_EQ(pool_.next().kind, Kind::all_dead);
  ASSERT_TRUE(pool_.restart(0).ok());
  pool_.send(0, "hello");
  EXPECT_EQ(pool_.next().line, "hello");
}

TEST_F(OsWorkers, AnExitCodeIsSeenAndAHalfLineIsNoLine) {
  ASSERT_TRUE(pool_.start(2).ok());
  pool_.send(0, "quit");
  WorkerEvent death = pool_.next();
  EXPECT_EQ(death.exit_code, 3);
  EXPECT_EQ(describe_death(death), "exited with code 3");
  pool_.send(1, "half");
  death = pool_.next();
  EXPECT_EQ(death.kind, Kind::died);
  EXPECT_EQ(death.worker, 1);
  EXPECT_EQ(death.exit_code, 0);
}

TEST_F(OsWorkers, TheEndOfItsInputEndsAWorkerThoughOthersLive) {
  ASSERT_TRUE(pool_.start(3).ok());  // a later worker must not hold the earlier one's pipe open
  pool_.close_input(0);
  const WorkerEvent death = pool_.next();
  EXPECT_EQ(death.kind, Kind::died);
  EXPECT_EQ(death.worker, 0);
  EXPECT_EQ(death.exit_code, 0);
}

TEST_F(OsWorkers, EachWorkerHasAnAddressSpaceOfItsOwn) {
  ASSERT_TRUE(pool_.start(4).ok());
  std::set<std::string> addresses;
  for (int i = 0; i < 4; ++i) pool_.send(i, "address");
  for (int i = 0; i < 4; ++i) addresses.insert(pool_.next().line);
  EXPECT_GT(addresses.size(), 1u) << "address space randomisation is off, or workers are forks";
}

TEST_F(OsWorkers, AnInterruptWakesTheWaitAndLeavesWorkersAlive) {
  ASSERT_TRUE(pool_.start(1).ok());
  catch_interrupts();
  EXPECT_FALSE(interrupted());
  ASSERT_EQ(::raise(SIGINT), 0);
  EXPECT_TRUE(interrupted());
  pool_.send(0, "still here");
  EXPECT_EQ(pool_.next().line, "still here");
}

}  // namespace
}  // namespace onceproof::real

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "worker") return onceproof::real::work();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
