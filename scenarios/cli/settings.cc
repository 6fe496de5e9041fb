// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/settings.h"

#include "runtime/real/files.h"
#include "runtime/real/terminal.h"
#include "scenarios/plan/json_reader.h"

namespace onceproof::scenarios::cli {

namespace {

constexpr const char* kFile = "onceproof.json";
constexpr uint64_t kMostBytes = 1 << 20;

struct Setting {
  const char* key;  // in onceproof.json
  const char* flag;
  const char* variable;
  std::string Options::*value;
  bool number;
};
constexpr Setting kSettings[] = {
    {"guarantee", "--guarantee", "ONCEPROOF_GUARANTEE", &Options::guarantee, false},
    {"seed", "--seed", "ONCEPROOF_SEED", &Options::seed, true},
    {"input", "--input", "ONCEPROOF_INPUT", &Options::input, false},
    {"input_limit", "--input-limit", "ONCEPROOF_INPUT_LIMIT", &Options::input_limit, true},
    {"event_limit", "--event-limit", "ONCEPROOF_EVENT_LIMIT", &Options::event_limit, true},
    {"profile", "--profile", "ONCEPROOF_PROFILE", &Options::profile, false},
    {"out", "--out", "ONCEPROOF_OUT", &Options::out, false},
    {"seeds", "--seeds", "ONCEPROOF_SEEDS", &Options::seeds, true},
    {"jobs", "--jobs", "ONCEPROOF_JOBS", &Options::jobs, true},
    {"keep", "--keep", "ONCEPROOF_KEEP", &Options::keep, true},
};

Status read_settings_file(const std::string& text, Options& options) {
  JsonReader reader(kFile);
  std::vector<std::string> keys;
  for (const Setting& setting : kSettings) keys.push_back(setting.key);
  const auto root = reader.parse(text);
  if (root && root->object_of(keys, "setting")) {
    for (const Setting& setting : kSettings) {
      const auto value = root->member(setting.key);
      if (!value) continue;
      const bool digits = setting.number && !value->is_string();  // "0x1f" has to be a string
      options.*setting.value = digits ? std::to_string(value->natural()) : value->word();
      if ((options.*setting.value).empty()) value->problem("an empty word says nothing");
      options.decided_by[setting.flag] = std::string(kFile) + ": " + value->pointer();
    }
  }
  return reader.ok() ? Status() : Status(reader.error());
}

}  // namespace

Status apply_settings(Options& options) {
  if (real::exists(kFile)) {
    const Result<std::string> text = real::read_file(kFile, kMostBytes);
    if (!text.ok()) return text.error();
    if (Status status = read_settings_file(text.value(), options); !status.ok()) return status;
  }
  for (const Setting& setting : kSettings) {
    const std::string value = real::environment(setting.variable).value_or("");
    if (value.empty()) continue;  // as if it were not there: `ONCEPROOF_SEED= onceproof ...` takes it back
    options.*setting.value = value;
    options.decided_by[setting.flag] = setting.variable;
  }
  return {};
}

}  // namespace onceproof::scenarios::cli
