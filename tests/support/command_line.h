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

inline Answer call(std::vector<std::string> words) {
  words.insert(words.begin(), "onceproof");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Answer answer;
  answer.code = scenarios::cli::run_command_line(static_cast<int>(words.size()), argv.data());
  std::fflush(stdout);
  answer.out = testing::internal::GetCapturedStdout();
  answer.err = testing::internal::GetCapturedStderr();
  return answer;
}

}  // namespace onceproof::tests
