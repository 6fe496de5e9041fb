// SPDX-License-Identifier: Apache-2.0
// The words that findings and evidence share: times, counts, quoted values, places in the input. Integer
// arithmetic only, so that the same verdict reads the same everywhere.
#pragma once

#include <string>
#include <string_view>

#include "checkers/history.h"
#include "checkers/reference.h"

namespace onceproof::checkers {

std::string time_text(TimeUs time_us);                          // "17.3 s"
std::string count_text(uint64_t count, std::string_view noun);  // "1 word", "41 words"
std::string quoted(std::string_view value);                     // at most 40 bytes, controls escaped
std::string window_text(const ExpectedResult& result);  // "[10 s, 20 s)"
std::string result_text(const Reference& reference, uint32_t result);               // "\"the\" in window [10 s, 20 s)"
bool counts_records(const ExpectedResult& result);  // its value is the number of its records
std::string place_text(Position position);                                          // "partition 2, offset 31"
// "partition 2, offset 31, word 4": words are counted from 1, here and everywhere else; all of the record without words.
std::string position_text(Position position, bool counts_words);
std::string contribution_text(const Reference& reference, uint32_t index);  // "\"the\" from partition 2, offset 31, word 4"
std::string output_text(const OutputRecord& output);  // "\"the\"=7 at sink partition 0, offset 12"
const char* noun_of(const Reference& reference);      // "word" when the pipeline splits, else "record"

}  // namespace onceproof::checkers
