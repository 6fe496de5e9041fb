// SPDX-License-Identifier: Apache-2.0
#include "runtime/env/mail.h"

namespace onceproof::env {

namespace {
constexpr const char* kNames[] = {
#define X(identifier, name) name,
    ONCEPROOF_MAIL_KINDS(X)
#undef X
};
}  // namespace

const char* to_string(MailKind kind) { return kNames[static_cast<int>(kind)]; }

std::optional<MailKind> mail_kind(std::string_view name) {
  for (int i = 0; i < kMailKindCount; ++i) {
    if (name == kNames[i]) return static_cast<MailKind>(i);
  }
  return std::nullopt;
}

}  // namespace onceproof::env
