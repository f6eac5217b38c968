#include "tests/simulation/sim_stores.hpp"

namespace tailrace::simulation {

namespace {

constexpr std::size_t kept_unsynced = 40;

Failure dead() { return halt("fake.dead", "the process was killed"); }

}  // namespace

void SimStores::write(Families& families, const transform::StoreBatch& batch) {
  for (const auto& change : batch.changes()) {
    Map& map = families[static_cast<std::size_t>(change.family)];
    if (change.value) {
      map[change.key] = *change.value;
    } else {
      map.erase(change.key);
    }
  }
}

class SimStores::View final : public transform::KeyValueStore {
 public:
  View(SimStores& stores, std::string name) : stores_(stores), name_(std::move(name)) {
    disk().open = true;
  }
  ~View() override {
    if (const auto at = stores_.disks_.find(name_); at != stores_.disks_.end()) {
      at->second.open = false;
    }
  }

  Result<bool> get(transform::Family family, std::string_view key, std::string& value) override {
    const Map& map = disk().now[static_cast<std::size_t>(family)];
    const auto at = map.find(key);
    if (at == map.end()) return false;
    value = at->second;
    return true;
  }
  Result<void> write(const transform::StoreBatch& batch) override {
    if (stores_.fuse_.burn()) return dead();
    Disk& at = disk();
    SimStores::write(at.now, batch);
    at.unsynced.push_back(batch);
    if (at.unsynced.size() > kept_unsynced) {
      SimStores::write(at.synced, at.unsynced.front());
      at.unsynced.pop_front();
    }
    return {};
  }
  Result<void> sync() override {
    if (stores_.fuse_.burn()) return dead();
    Disk& at = disk();
    for (const auto& batch : at.unsynced) SimStores::write(at.synced, batch);
    at.unsynced.clear();
    return {};
  }
  Result<void> scan(transform::Family family, std::string_view from,
                    const Visitor& visit) override {
    const Map& map = disk().now[static_cast<std::size_t>(family)];
    for (auto at = map.lower_bound(from); at != map.end(); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

 private:
  Disk& disk() { return stores_.disks_[name_]; }
  SimStores& stores_;
  const std::string name_;
};

Result<std::unique_ptr<transform::KeyValueStore>> SimStores::open(const std::string& name) {
  if (fuse_.burn()) return dead();
  if (disks_[name].open) return halt("state.io", "this process has the store open");
  if (disks_[name].damaged) return halt("state.corrupt", "a block does not fit its checksum");
  return std::make_unique<View>(*this, name);
}

Result<void> SimStores::remove(const std::string& name) {
  if (fuse_.burn()) return dead();
  disks_.erase(name);
  return {};
}

void SimStores::lose_unsynced(Random& random) {
  for (auto& [name, disk] : disks_) {
    const std::size_t kept = random.below(disk.unsynced.size() + 1);
    disk.unsynced.resize(kept);
    disk.now = disk.synced;
    for (const auto& batch : disk.unsynced) write(disk.now, batch);
  }
}

void SimStores::damage(Random& random) {
  if (disks_.empty()) return;
  auto at = disks_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random.below(disks_.size())));
  at->second.damaged = true;
}

}  // namespace tailrace::simulation
