// SPDX-License-Identifier: Apache-2.0
// Exit codes: part of the command line's contract, never renumbered.
#pragma once

namespace onceproof::scenarios::cli {

inline constexpr int kValid = 0;
inline constexpr int kViolated = 1;
inline constexpr int kInconclusive = 2;
inline constexpr int kNothingMatched = 4;
inline constexpr int kNondeterministic = 5;
inline constexpr int kUsage = 64;
inline constexpr int kInternal = 70;  // a defect of the program
inline constexpr int kNotWritten = 74;  // EX_IOERR: a result, a run folder or a state file could not be written
inline constexpr int kInterrupted = 130;

}  // namespace onceproof::scenarios::cli
