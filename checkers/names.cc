// SPDX-License-Identifier: Apache-2.0
// The printed names of the history's and the verdict's enumerations: one spelling for tables, JSON and reports.
#include "checkers/history.h"
#include "checkers/verdict.h"

namespace onceproof::checkers {

const char* to_string(Guarantee guarantee) {
  switch (guarantee) {
    case Guarantee::none: return "none";
    case Guarantee::at_most_once: return "at-most-once";
    case Guarantee::at_least_once: return "at-least-once";
    case Guarantee::exactly_once: return "exactly-once";
  }
  return "?";
}

const char* to_string(JobStatus status) {
  switch (status) {
    case JobStatus::running: return "running";
    case JobStatus::finished: return "finished";
    case JobStatus::failed: return "failed";
  }
  return "?";
}

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::valid: return "valid";
    case Outcome::violated: return "violated";
    case Outcome::inconclusive: return "inconclusive";
  }
  return "?";
}

}  // namespace onceproof::checkers
