// SPDX-License-Identifier: Apache-2.0
// Durable counter: numbers that are given out once, whatever crashes and whichever writes fail. What was reserved is
// durable before the answer says so; a reservation of unknown outcome is burned. For leader sessions, generations and
// checkpoint ids. One caller at a time: two that reserve at the same moment could read the same number.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/env/storage.h"

namespace onceproof::checkpoint {

// Reserves `count` numbers of the counter in the file `path` (in a directory) and answers the first of them; numbers
// begin at 1 and rise. Errors: io_error (nothing was given out: ask again), corrupt (ask a human). The answer never
// comes when the actor ends first.
void reserve_numbers(env::Storage& storage, const std::string& path, uint64_t count,
                     env::Storage::Reply<uint64_t> reply);

}  // namespace onceproof::checkpoint
