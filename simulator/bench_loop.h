// SPDX-License-Identifier: Apache-2.0
// The event loop's own benchmark and its baseline, as functions, so that the command line and the benchmark
// programs measure the same thing. Both keep about a thousand events pending.
#pragma once

#include <cstdint>

namespace onceproof::simulator {

// A World whose actors re-arm empty timers, trace on. Returns the trace hash's low half, so that nothing is
// optimised away and so that two calls can be compared.
uint64_t run_empty_mail_loop(uint64_t events);

// std::priority_queue of {time, sequence, payload}: one pop and one push an event, nothing else.
uint64_t run_bare_heap_loop(uint64_t events);

}  // namespace onceproof::simulator
