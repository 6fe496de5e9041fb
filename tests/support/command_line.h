// SPDX-License-Identifier: Apache-2.0
// The command line called inside the test's own process: its exit code and what it printed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scenarios/cli/cli.h"

namespace onceproof::tests {

struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

// Of anything that prints and returns an exit code.
template <class Run>
Answer answer_of(Run run) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Answer answer;
  answer.code = run();
  std::fflush(stdout);
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

inline Answer call(std::vector<std::string> words) {
  words.insert(words.begin(), "onceproof");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return answer_of([&] { return scenarios::cli::run_command_line(static_cast<int>(words.size()), argv.data()); });
}

}  // namespace onceproof::tests
