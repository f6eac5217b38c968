// The store in memory: for tests and the simulation, and as its own reference.
// Threading: one thread.
#pragma once

#include <array>
#include <map>
#include <memory>

#include "transform/state/key_value_store.hpp"

namespace tailrace::transform {

class MemoryStores final : public StoreFactory {
 public:
  Result<std::unique_ptr<KeyValueStore>> open(const std::string& name) override;
  Result<void> remove(const std::string& name) override {
    data_.erase(name);
    return {};
  }

 private:
  using Data = std::array<std::map<std::string, std::string, std::less<>>, 5>;
  class View;
  std::map<std::string, std::shared_ptr<Data>>
      data_;  // shared: outlives an open view's factory entry
};

}  // namespace tailrace::transform
