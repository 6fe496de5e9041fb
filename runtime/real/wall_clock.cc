// SPDX-License-Identifier: Apache-2.0
#include "runtime/real/wall_clock.h"

#include <time.h>

namespace onceproof::real {

double monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

TimeUs epoch_us() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return seconds(now.tv_sec) + now.tv_nsec / 1000;
}

std::string local_timestamp() {
  const time_t now = time(nullptr);
  tm local{};
  localtime_r(&now, &local);
  char text[sizeof "2026-11-21T04-12-47"];
  strftime(text, sizeof text, "%Y-%m-%dT%H-%M-%S", &local);
  return text;
}

void sleep_us(DurationUs duration_us) {
  if (duration_us <= 0) return;
  const timespec span{duration_us / 1'000'000, (duration_us % 1'000'000) * 1000};
  nanosleep(&span, nullptr);
}

}  // namespace onceproof::real
