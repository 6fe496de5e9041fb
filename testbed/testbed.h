// SPDX-License-Identifier: Apache-2.0
// Testbed: tests of a pipeline of one's own, in any test framework. The pipeline runs on a whole simulated cluster, once a
// seed, while faults that the seed draws strike it; what came out is compared with what its own functions make of the
// input. One seed, one history: a failure names the seed, and that seed fails again.
//
//   const auto outcome = testbed(word_count()).input({"a b", "b"}).seeds(200).keeps(exactly_once);
//   EXPECT_TRUE(outcome) << outcome;                                         // GoogleTest
//   REQUIRE(outcome);                                                        // Catch2
//   return outcome ? 0 : (std::cerr << outcome, 1);                          // main
//
// Reads one source topic and judges one sink topic. Not thread-safe; a run takes milliseconds.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/api/streams.h"

namespace onceproof {

enum class Delivery : uint8_t { at_most_once, at_least_once, exactly_once };
inline constexpr Delivery at_most_once = Delivery::at_most_once;
inline constexpr Delivery at_least_once = Delivery::at_least_once;
inline constexpr Delivery exactly_once = Delivery::exactly_once;

// What became of all runs. True when every run kept what was claimed: none violated it, and none was inconclusive or
// refused. Of the first that did not, the seed and the story.
struct Outcome {
  uint64_t runs = 0;
  uint64_t violated = 0;
  uint64_t inconclusive = 0;
  uint64_t effective_faults = 0;  // that changed something, in all runs; none: the runs are no evidence of anything
  std::optional<uint64_t> seed;   // of the first run that did not keep it
  std::string story;              // of that run, or why nothing was run
  bool refused = false;           // the pipeline or a setting makes no sense: story says which
  explicit operator bool() const { return runs > 0 && violated == 0 && inconclusive == 0 && !refused; }
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

class Testbed {
 public:
  explicit Testbed(api::Pipeline pipeline);
  ~Testbed();
  Testbed(Testbed&&) noexcept;

  Testbed& input(std::vector<std::string> records);  // the source topic's records, in this order; else a default text
  template <class T>
  Testbed& input_of(const std::vector<T>& values) {  // each as the bytes of its codec
    std::vector<std::string> records(values.size());
    for (size_t i = 0; i < values.size(); ++i) api::encode_value(values[i], records[i]);
    return input(std::move(records));
  }
  Testbed& span(DurationUs span_us);              // the time over which the records appear, and their event time; 60 s
  Testbed& out_of_orderness(DurationUs most_us);  // records lag behind by up to so much, and watermarks wait for them
  Testbed& source_partitions(int32_t partitions);
  Testbed& seeds(uint64_t count);                // 100
  Testbed& first_seed(uint64_t seed);            // 1
  Testbed& faults(std::string profile);          // "swarm": drawn broadly; "calm": none
  Testbed& bug(const std::string& name);         // a seeded bug of the runtime, to see the test fail (onceproof list bugs)
  // Runs every seed under the stack that claims it; up to the first that does not keep it.
  Outcome keeps(Delivery guarantee);

 private:
  struct Settings;
  std::unique_ptr<Settings> settings_;
};

inline Testbed testbed(api::Pipeline pipeline) { return Testbed(std::move(pipeline)); }

}  // namespace onceproof
