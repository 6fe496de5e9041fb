// SPDX-License-Identifier: Apache-2.0
#include "scenarios/cli/settings.h"

#include "runtime/real/files.h"
#include "runtime/real/terminal.h"
#include "scenarios/plan/json_reader.h"

namespace onceproof::scenarios::cli {

namespace {

constexpr const char* kFile = "onceproof.json";

struct Setting {
  const char* key;  // in onceproof.json
  const char* variable;
  std::string Options::*value;
};
constexpr Setting kSettings[] = {
    {"guarantee", "ONCEPROOF_GUARANTEE", &Options::guarantee},
    {"seed", "ONCEPROOF_SEED", &Options::seed},
    {"input", "ONCEPROOF_INPUT", &Options::input},
    {"profile", "ONCEPROOF_PROFILE", &Options::profile},
    {"out", "ONCEPROOF_OUT", &Options::out},
    {"seeds", "ONCEPROOF_SEEDS", &Options::seeds},
    {"jobs", "ONCEPROOF_JOBS", &Options::jobs},
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
      options.*setting.value = value->is_number() ? std::to_string(value->natural()) : value->word();
    }
  }
  return reader.ok() ? Status() : Status(reader.error());
}

}  // namespace

Status apply_settings(Options& options) {
  if (real::exists(kFile)) {
    const Result<std::string> text = real::read_file(kFile);
    if (!text.ok()) return text.error();
    if (Status status = read_settings_file(text.value(), options); !status.ok()) return status;
  }
  for (const Setting& setting : kSettings) {
    if (const auto value = real::environment(setting.variable)) options.*setting.value = *value;
  }
  return {};
}

}  // namespace onceproof::scenarios::cli
