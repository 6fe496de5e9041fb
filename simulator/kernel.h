// SPDX-License-Identifier: Apache-2.0
// Kernel: the inside of a World. Owns the queue, the processes and their handlers, the network, the disk and
// the faults, and turns the loop. For simulator/ only; everybody else uses world.h.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/disk.h"
#include "simulator/event_queue.h"
#include "simulator/fault_driver.h"
#include "simulator/network.h"
#include "simulator/process.h"
#include "simulator/slow_steps.h"
#include "simulator/world.h"

namespace onceproof::simulator {

class Kernel final : public LogClientHost, public NetworkHost, public FaultLevers {
 public:
  Kernel(WorldOptions options, FaultSourceFactory fault_sources);
  ~Kernel() override;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  env::ProcessId add_process(std::string name, env::ActorFactory main);
  void set_log_factory(LogFactory factory) { log_factory_ = std::move(factory); }
  void set_log_levers(LogLevers* levers) { log_levers_ = levers; }  // which outlive the kernel

  // Handles the next event at or before `limit_us`; false when there is none.
  bool step(TimeUs limit_us);
  bool idle() const { return queue_.empty(); }
  void advance_to(TimeUs at_us) { now_us_ = at_us > now_us_ ? at_us : now_us_; }
  TimeUs now() const override { return now_us_; }
  Trace& trace() { return trace_; }

  // ---- processes ---------------------------------------------------------------------------------------
  Process& process(env::ProcessId id) { return *processes_[id]; }
  size_t process_count() const { return processes_.size(); }
  const std::vector<std::string>& names() const override { return names_; }
  std::optional<env::ProcessId> process_named(const std::string& name) const override;
  bool alive(env::ProcessId id) const override { return processes_[id]->alive && !processes_[id]->doomed; }
  bool silent(env::ProcessId id) const override { return processes_[id]->silent; }
  void crash(env::ProcessId id, bool silent = false) override;
  void restart(env::ProcessId id) override;
  // A pause belongs to the fault that made it, and to this life of the process.
  void pause(env::ProcessId id, int fault = kNoFault) override;
  bool resume(env::ProcessId id, int fault = kNoFault) override;  // true when the pause held something back

  // ---- what the seams of an endpoint call --------------------------------------------------------------
  bool inert(const Binding& binding) const {
    const Process& owner = *processes_[binding.process];
    return binding.closed || binding.owner->closed || owner.doomed || !owner.alive;
  }
  void post(Binding& to, env::MailKind kind, uint64_t a, uint64_t b);
  env::TimerId after(Binding& to, DurationUs delay_us, env::MailKind kind, uint64_t a, uint64_t b);
  void cancel(const Binding& of, env::TimerId timer);
  void spawn(Binding& parent, std::string name, env::Endpoint endpoint, const env::ActorFactory& factory);
  void stop(env::ProcessId process, env::Endpoint endpoint);
  void charge(Binding& by, uint64_t records, uint64_t bytes);
  std::unique_ptr<env::Log> open_log(Binding& owner, const std::string& client_id);
  Binding& bind_storage(Binding& owner, env::MailHandler& client);
  void unbind_client(uint32_t binding) override;
  void hit(const Binding& by, env::Point point, env::Phase phase, const env::ProbeArgs& args);
  RandomStream fork(const Binding& binding, std::string_view name) const;
  TimeUs depart_us(const Binding& binding) const {
    const TimeUs busy = binding.owner->busy_until_us;
    return busy > now_us_ ? busy : now_us_;
  }

  // ---- parts -------------------------------------------------------------------------------------------
  SimulatedNetwork& network() { return network_; }
  SimulatedDisk& disk() { return disk_; }
  FaultDriver& faults() { return faults_; }
  const SlowSteps& slow_steps() const { return slow_steps_; }
  void took(TimeUs from_us, TimeUs until_us) override { slow_steps_.note(from_us, until_us); }
  EventSlab& slab() { return slab_; }
  void push(TimeUs at_us, uint32_t slot) { slab_[slot].order = queue_.push(at_us, slot); }
  void call_fault_back(TimeUs at_us, int fault, uint64_t tag) override;
  // The storage: a call takes effect at its time, or when the fault that it hangs on is healed.
  void call_storage(TimeUs at_us, uint32_t client, uint64_t call);
  void hang_storage(int fault, uint32_t client, uint64_t call) { hanging_.push_back({fault, client, call}); }
  void heal_storage(int fault) override;
  void storage_fault_applied(const DiskFault& fault);
  bool stall(env::ProcessId process, bool hitting, DurationUs delay_us) override;
  // 300: everything costs three times as much. Each owner (a fault, or a test's lever) has one factor, or none.
  void set_cpu_percent(env::ProcessId process, int owner, std::optional<uint32_t> percent) override;
  bool busy_since(env::ProcessId process, TimeUs since_us) const override;
  void stall_next(int fault, env::Point point, DurationUs delay_us) override { stalls_.push_back({fault, point, delay_us}); }
  void disarm_faults();
  // Handles the mail when the actor is idle, queues it otherwise.
  bool deliver(uint32_t slot, bool may_run) override;

  // ---- what else the network asks ------------------------------------------------------------------------
  bool keep(env::ProcessId process, uint32_t slot) override;
  Binding* bound(env::ProcessId process, env::Endpoint endpoint) override;
  const std::map<env::Endpoint, Binding*>& endpoints(env::ProcessId process) override {
    return processes_[process]->endpoints;
  }
  void forget(Binding& client, uint32_t connection) override;
  void fault_effective(int fault) override { faults_.effective(fault); }
  void fault_applied(int fault, TimeUs until_us) override { faults_.applied(fault, until_us); }

  void send(Binding& from, const env::Address& to, env::MailKind kind, Bytes&& body);
  void record(PointHit hit) override;
  void cut(int fault, std::vector<std::pair<env::ProcessId, env::ProcessId>> directions, CutMode mode) override {
    network_.cut(fault, std::move(directions), mode);
  }
  void heal_cut(int fault) override { network_.heal(fault); }
  void delay_next(DelayRule rule) override { network_.delay_next(rule); }
  void fail_storage(DiskFault fault) override { disk_.add_fault(std::move(fault)); }
  LogLevers* log() override { return log_levers_; }
  RandomStream stream(std::string_view name) const override { return RandomStream(options_.seed).fork(name); }

  std::vector<PointHit>& points() { return points_; }
  uint64_t hits(env::Point point) const { return hits_[static_cast<size_t>(point)]; }

 private:
  uint32_t local_event(const Binding& to, env::MailKind kind, uint64_t a, uint64_t b);
  struct Stall {
    int fault;
    env::Point point;
    DurationUs delay_us;
  };

  struct HangingCall {
    int fault;
    uint32_t client;
    uint64_t call;
  };

  void start_process(env::ProcessId id);
  TimeUs own_time_us(env::ProcessId id) const;
  Binding& bind(env::ProcessId process, env::Endpoint endpoint, std::string name, Binding* owner);
  void create_actor(Binding& binding, const env::ActorFactory& factory);
  void destroy_actor(uint32_t id);
  void finish_crash(env::ProcessId id);
  void clean_up();
  void handle(Binding& binding, uint32_t slot);
  void carry_out_storage_call(const Event& event);
  bool handle_ready(uint32_t binding);
  void enqueue(Binding& owner, uint32_t slot);
  uint32_t dequeue(Binding& owner);
  void schedule_ready(Binding& owner);
  void fold_world_event(const Event& event, env::ProcessId process);
  void apply_stalls(const Binding& by, env::Point point);

  WorldOptions options_;
  TimeUs now_us_ = 0;
  EventQueue queue_;
  EventSlab slab_;
  Trace trace_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Binding>> bindings_;  // by id; null: gone
  LogFactory log_factory_;
  LogLevers* log_levers_ = nullptr;
  SimulatedNetwork network_;
  SimulatedDisk disk_;
  SlowSteps slow_steps_;
  FaultDriver faults_;
  std::vector<Stall> stalls_;
  std::vector<HangingCall> hanging_;
  std::vector<PointHit> points_;
  std::array<uint64_t, env::kPointCount> hits_{};

  const Binding* hitting_ = nullptr;  // the endpoint that is at a protocol point
  int running_process_ = -1;         // whose code is on the stack
  Binding* running_owner_ = nullptr;  // the actor whose handler that is; null in a main actor's constructor
  bool clean_up_needed_ = false;
  std::vector<uint32_t> to_stop_;  // actors, in the order of the calls
  std::vector<env::ProcessId> to_crash_;
  std::vector<std::unique_ptr<Binding>> graveyard_;  // clients that went while a handler was running
};

}  // namespace onceproof::simulator
