// SPDX-License-Identifier: Apache-2.0
// What a failed CHECK does after it has printed its place: by default the process aborts, which is what a test and a
// debugger want. A program for people sets a handler that says what to report and ends with an exit code of its own.
#pragma once

namespace onceproof {

// The handler must not return to the code whose invariant is broken: it ends the process, or abort() follows.
void on_check_failure(void (*after_the_message)());

}  // namespace onceproof
