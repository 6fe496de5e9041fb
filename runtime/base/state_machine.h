// SPDX-License-Identifier: Apache-2.0
// A life cycle: an enum with printable names (to_string, found beside the enum) and the table of its transitions,
// which stands at the head of the header that owns it. Going a way that is not in the table is a defect of the
// program itself, never something that a fault can cause: whoever handles a message asks the state first.
#pragma once

#include <algorithm>
#include <iterator>

#include "runtime/base/check.h"

namespace onceproof {

template <class State>
struct Transition {
  State from;
  State to;
};

// `Table` is a constexpr array of Transition<State>.
template <const auto& Table>
class LifeCycle {
 public:
  using State = decltype(std::begin(Table)->from);

  constexpr explicit LifeCycle(State initial) : state_(initial) {}
  constexpr operator State() const { return state_; }  // so that it reads, compares and switches like the enum
  const char* name() const { return to_string(state_); }

  static constexpr bool allowed(State from, State to) {
    return std::any_of(std::begin(Table), std::end(Table),
                       [&](const auto& transition) { return transition.from == from && transition.to == to; });
  }
  constexpr bool may(State to) const { return allowed(state_, to); }

  void go(State to) {
    CHECK(may(to), to_string(to));
    state_ = to;
  }

 private:
  State state_;
};

}  // namespace onceproof
