// SPDX-License-Identifier: Apache-2.0
#include "simulator/world.h"

#include "simulator/kernel.h"

namespace onceproof::simulator {

World::World(WorldOptions options, FaultSourceFactory fault_sources)
    : kernel_(std::make_unique<Kernel>(std::move(options), fault_sources)) {}
World::~World() = default;

env::ProcessId World::add_process(std::string name, env::ActorFactory main) {
  return kernel_->add_process(std::move(name), std::move(main));
}
void World::set_log_factory(LogFactory factory) { kernel_->set_log_factory(std::move(factory)); }

bool World::step() { return kernel_->step(kMaxTimeUs); }

bool World::run_until(TimeUs until_us, uint64_t most_events) {
  while (events() < most_events) {
    if (kernel_->step(until_us)) continue;
    kernel_->advance_to(until_us);
    break;
  }
  return !kernel_->idle();
}

TimeUs World::now() const { return kernel_->now(); }
uint64_t World::events() const { return kernel_->trace().events(); }
const Trace& World::trace() const { return kernel_->trace(); }
uint64_t World::reconnections() const { return kernel_->network().reconnections(); }
uint64_t World::state_hash() const { return kernel_->trace().state_hash(); }

const std::vector<PointHit>& World::points() const { return kernel_->points(); }
std::vector<PointHit> World::take_points() {
  std::vector<PointHit> taken = std::move(kernel_->points());
  kernel_->points().clear();
  return taken;
}
uint64_t World::hits(env::Point point) const { return kernel_->hits(point); }
const std::vector<FaultStatus>& World::faults() const { return kernel_->faults().status(); }
bool World::faults_quiet() const { return kernel_->faults().quiet(); }
TimeUs World::last_heal_us() const { return kernel_->faults().last_heal_us(); }
void World::disarm_remaining_faults() { kernel_->disarm_faults(); }

const std::vector<SlowSpan>& World::slow_steps() const { return kernel_->slow_steps().spans(); }
SimulatedDisk& World::disk() { return kernel_->disk(); }
const std::vector<std::string>& World::process_names() const { return kernel_->names(); }
bool World::alive(env::ProcessId process) const { return kernel_->alive(process); }
bool World::paused(env::ProcessId process) const { return kernel_->process(process).paused(); }
uint32_t World::incarnation(env::ProcessId process) const { return kernel_->process(process).incarnation; }

void World::crash(env::ProcessId process, bool silent) { kernel_->crash(process, silent); }
void World::restart(env::ProcessId process) { kernel_->restart(process); }
void World::pause(env::ProcessId process) { kernel_->pause(process); }
void World::resume(env::ProcessId process) { kernel_->resume(process); }
void World::set_cpu_percent(env::ProcessId process, uint32_t percent) {
  kernel_->set_cpu_percent(process, kNoFault, percent);
}

}  // namespace onceproof::simulator
