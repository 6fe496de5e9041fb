// SPDX-License-Identifier: Apache-2.0
// What becomes of a host disk's overlay: the rules at the head of host_disk.h, one function each.
#include <algorithm>
#include <cstring>
#include <set>

#include "simulator/host_disk.h"

namespace onceproof::simulator {

void HostDisk::overwrite(Bytes& bytes, uint64_t offset, ByteView data) {
  if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size());
  std::copy(data.begin(), data.end(), bytes.begin() + static_cast<ptrdiff_t>(offset));
}

void HostDisk::make_durable(Inode& inode) {
  for (const Change& change : inode.changes) {
    if (change.truncates) {
      inode.durable.resize(change.offset);
    } else {
      overwrite(inode.durable, change.offset, change.data);
    }
  }
  inode.changes.clear();
}

void HostDisk::kill_processes() {
  ++generation_;
  dead_ = false;
  dies_at_ = 0;
  for (Names* names : {&names_, &durable_names_}) {
    for (const auto& [path, inode] : *names) inode->locks.clear();
  }
}

void HostDisk::power_failure() {
  kill_processes();
  const bool draws = options_.unsynced == UnsyncedWrites::draw && !in_order();
  const uint64_t cut = in_order() ? draw_cut(false) : draws && options_.metadata_in_order ? draw_cut(true) : 0;
  resolve_names(cut);
  for (const auto& [path, inode] : names_) {
    if (inode->changes.empty()) continue;
    if (in_order()) {
      resolve_prefix(*inode, cut);
    } else if (draws) {
      resolve(*inode, cut);
    } else if (options_.unsynced == UnsyncedWrites::keep) {
      make_durable(*inode);
    }
    inode->changes.clear();
    inode->now = inode->durable;
  }
}

// The sequence number at which the world ended: the changes before it survive, of all or of the metadata alone.
uint64_t HostDisk::draw_cut(bool metadata_alone) {
  std::set<uint64_t> pending;
  for (const NameChange& change : name_changes_) pending.insert(change.sequence);
  for (const Names* names : {&names_, &durable_names_}) {
    for (const auto& [path, inode] : *names) {
      for (const Change& change : inode->changes) {
        if (change.truncates || !metadata_alone) pending.insert(change.sequence);
      }
    }
  }
  if (pending.empty()) return sequence_;
  const uint64_t kept = random_.below(pending.size() + 1);
  return kept == pending.size() ? sequence_ : *std::next(pending.begin(), static_cast<ptrdiff_t>(kept));
}

void HostDisk::resolve_names(uint64_t cut) {
  size_t survive = name_changes_.size();
  if (in_order() || (options_.unsynced == UnsyncedWrites::draw && options_.metadata_in_order)) {
    survive = static_cast<size_t>(std::count_if(name_changes_.begin(), name_changes_.end(),
                                                [&](const NameChange& change) { return change.sequence < cut; }));
  } else if (options_.unsynced == UnsyncedWrites::drop) {
    survive = 0;
  } else if (options_.unsynced == UnsyncedWrites::draw && survive > 0) {
    survive = random_.below(survive + 1);
  }
  for (size_t i = 0; i < survive; ++i) apply(durable_names_, name_changes_[i]);
  name_changes_.clear();
  names_ = durable_names_;
}

void HostDisk::resolve_prefix(Inode& inode, uint64_t cut) {
  for (Change& change : inode.changes) {
    if (change.sequence > cut) break;
    if (change.sequence < cut) {
      if (change.truncates) {
        inode.durable.resize(change.offset);
      } else {
        overwrite(inode.durable, change.offset, change.data);
      }
    } else if (!change.truncates) {
      change.data.resize(random_.below(change.data.size() + 1));
      overwrite(inode.durable, change.offset, change.data);
    }
  }
}

void HostDisk::resolve(Inode& inode, uint64_t cut) {
  const auto truncations = static_cast<uint64_t>(std::count_if(
      inode.changes.begin(), inode.changes.end(), [](const Change& change) { return change.truncates; }));
  uint64_t surviving = truncations == 0 ? 0 : random_.below(truncations + 1);
  for (const Change& change : inode.changes) {
    if (!change.truncates) {
      resolve_write(inode, change);
      continue;
    }
    if (options_.metadata_in_order ? change.sequence >= cut : surviving-- == 0) return;
    inode.durable.resize(change.offset);
  }
}

void HostDisk::resolve_write(Inode& inode, const Change& change) {
  const uint64_t sector = options_.traits.sector_bytes;
  const uint64_t end = change.offset + change.data.size();
  for (uint64_t begin = change.offset; begin < end;) {
    const uint64_t next = std::min(end, (begin / sector + 1) * sector);
    resolve_sector(inode.durable, begin, ByteView(change.data).substr(begin - change.offset, next - begin));
    begin = next;
  }
}

void HostDisk::resolve_sector(Bytes& bytes, uint64_t offset, ByteView data) {
  const uint64_t end = offset + data.size();
  const bool grows = end > bytes.size();
  const bool safe = options_.traits.safe_append;
  uint64_t fate = random_.below(options_.kept + options_.dropped + options_.torn + options_.garbled);
  if (safe && offset > bytes.size()) return;  // what would have to be there before it is not
  if (fate < options_.kept) {
    grow(bytes, offset);
    return overwrite(bytes, offset, data);
  }
  fate -= options_.kept;
  if (fate < options_.dropped) {
    if (grows && !safe && random_.one_in(2)) grow(bytes, end);
    return;
  }
  fate -= options_.dropped;
  if (fate < options_.torn || (safe && grows)) {
    const uint64_t part = random_.below(data.size() + 1);
    const bool first = (safe && grows) || random_.one_in(2);
    grow(bytes, first ? offset : end);
    if (first) return overwrite(bytes, offset, data.substr(0, part));
    return overwrite(bytes, end - part, data.substr(data.size() - part));
  }
  grow(bytes, end);
  const uint64_t sector = options_.traits.sector_bytes;
  if (options_.traits.powersafe_overwrite) return garble(bytes, offset, end);
  garble(bytes, offset / sector * sector, std::min<uint64_t>(bytes.size(), (offset / sector + 1) * sector));
}

// Longer, with what happens to lie there: zeros, or what an older file left.
void HostDisk::grow(Bytes& bytes, uint64_t size) {
  const uint64_t before = bytes.size();
  if (size <= before) return;
  bytes.resize(size);
  if (!options_.traits.safe_append && random_.one_in(2)) garble(bytes, before, size);
}

void HostDisk::garble(Bytes& bytes, uint64_t begin, uint64_t end) {
  for (uint64_t at = begin; at < end; at += sizeof(uint64_t)) {
    const uint64_t word = random_.next();
    std::memcpy(bytes.data() + at, &word, std::min<uint64_t>(sizeof word, end - at));
  }
}

}  // namespace onceproof::simulator
