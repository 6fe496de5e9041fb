// SPDX-License-Identifier: Apache-2.0
#include "reports/json_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/json.h"

namespace onceproof::reports {

void JsonLine::put(std::string_view name, std::string_view text) {
  std::string& out = begin(name);
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  if (plain) {
    ((out += '"') += text) += '"';
    return;
  }
  out += to_text(nlohmann::ordered_json(text), -1);
  out.pop_back();  // the newline
}

}  // namespace onceproof::reports
