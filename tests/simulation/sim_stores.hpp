// The state directory of one machine: stores that survive their process, and that lose what was not
// synced when the machine itself goes down, are deleted, or turn out damaged.
// Threading: one thread.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/fuse.hpp"
#include "tests/simulation/random.hpp"
#include "transform/state/key_value_store.hpp"

namespace tailrace::simulation {

class SimStores final : public transform::StoreFactory {
 public:
  explicit SimStores(Fuse& fuse) : fuse_(fuse) {}

  Result<std::unique_ptr<transform::KeyValueStore>> open(const std::string& name) override;
  Result<void> remove(const std::string& name) override;

  // While no process runs:
  void lose_unsynced(Random& random);  // of each store an end of its unsynced writes
  void lose_all() { disks_.clear(); }
  void damage(Random& random);  // one of them can no longer be read

 private:
  using Map = std::map<std::string, std::string, std::less<>>;
  using Families = std::array<Map, 5>;
  struct Disk {
    Families synced;
    Families now;
    std::deque<transform::StoreBatch> unsynced;
    bool damaged = false;
    bool open = false;
  };
  class View;
  static void write(Families& families, const transform::StoreBatch& batch);

  Fuse& fuse_;
  std::map<std::string, Disk> disks_;
};

}  // namespace tailrace::simulation
