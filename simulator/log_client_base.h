// SPDX-License-Identifier: Apache-2.0
// LogClient: what Env::open_log() makes in the simulator. A client has an endpoint and an Env of its own, so
// answers that brokers address to that endpoint go to the client, but it runs in its owner actor's thread (the
// same busy time, the same first-in-first-out mailbox). Destroying it unbinds the endpoint and drops its
// timers and mails. It gets no `start` mail.
#pragma once

#include "runtime/env/env.h"

namespace onceproof::simulator {

// Told when a client goes; implemented by the kernel.
class LogClientHost {
 public:
  virtual ~LogClientHost() = default;
  virtual void unbind_client(uint32_t binding) = 0;
};

class LogClient : public env::Log, public env::MailHandler {
 public:
  LogClient() = default;
  LogClient(const LogClient&) = delete;
  LogClient& operator=(const LogClient&) = delete;
  ~LogClient() override {
    if (host_ != nullptr) host_->unbind_client(binding_);
  }

  // For the kernel only.
  void attach(LogClientHost& host, uint32_t binding) {
    host_ = &host;
    binding_ = binding;
  }

 private:
  LogClientHost* host_ = nullptr;
  uint32_t binding_ = 0;
};

}  // namespace onceproof::simulator
