// SPDX-License-Identifier: Apache-2.0
// Interpretation: the data that the reference's interpreter works on and leaves behind.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/history.h"

namespace onceproof::checkers {

// Which partitions of the input a source of the pipeline reads: those of all sources are numbered through.
struct SourceRange {
  int32_t node = 0;
  uint32_t first_partition = 0;
  uint32_t partitions = 0;
};

// One contribution to an element: its position, and the element that had it first: as it was read, or as it was split.
struct Origin {
  Position position = 0;
  std::string_view word;
};

inline constexpr uint32_t kNoWindow = UINT32_MAX;
inline constexpr uint32_t kNoRoute = UINT32_MAX;

struct Item {
  ByteView key;
  ByteView value;
  TimeUs timestamp_us = 0;
  uint32_t first = 0;  // index of its first origin
  uint32_t count = 0;
  uint32_t window = kNoWindow;  // index of the last window that it comes from
  // Two elements of one source partition, or of one key's windows, keep their order where their routes are the same;
  // kNoRoute: nobody promises so.
  uint32_t route = 0;
};

struct FiredWindow {
  int32_t node = 0;
  TimeUs start_us = 0;
  TimeUs end_us = 0;
  ByteView key;
};

// Bytes that stay where they are.
class Texts {
 public:
  ByteView keep(ByteView text);

 private:
  std::vector<std::unique_ptr<char[]>> pieces_;
  size_t left_ = 0;
  char* next_ = nullptr;
};

struct Interpretation {
  std::vector<std::vector<Item>> sinks;  // what each sink gets, in the order of their nodes
  std::vector<Origin> origins;
  std::vector<FiredWindow> windows;
  Texts texts;          // keys, values and words lie here, or in the input
  bool drops = false;   // an element came to nothing
  bool drops_windows = false;  // what a window gave out came to nothing
  std::string problem;  // why it is not what the pipeline means: a function threw, or made more than is followed
};

}  // namespace onceproof::checkers
