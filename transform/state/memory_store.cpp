#include "transform/state/memory_store.hpp"

namespace tailrace::transform {

class MemoryStores::View final : public KeyValueStore {
 public:
  explicit View(std::shared_ptr<Data> data) : data_(std::move(data)) {}

  Result<bool> get(Family family, std::string_view key, std::string& value) override {
    const auto& map = of(family);
    const auto at = map.find(key);
    if (at == map.end()) return false;
    value = at->second;
    return true;
  }
  Result<void> write(const StoreBatch& batch) override {
    for (const StoreBatch::Change& change : batch.changes()) {
      if (change.value) {
        of(change.family)[change.key] = *change.value;
      } else {
        of(change.family).erase(change.key);
      }
    }
    return {};
  }
  Result<void> sync() override { return {}; }
  Result<void> scan(Family family, std::string_view from, const Visitor& visit) override {
    const auto& map = of(family);
    for (auto at = map.lower_bound(from); at != map.end(); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }

 private:
  std::map<std::string, std::string, std::less<>>& of(Family family) {
    return (*data_)[static_cast<std::size_t>(family)];
  }
  std::shared_ptr<Data> data_;
};

Result<std::unique_ptr<KeyValueStore>> MemoryStores::open(const std::string& name) {
  auto& data = data_[name];
  if (!data) data = std::make_shared<Data>();
  return std::make_unique<View>(data);
}

}  // namespace tailrace::transform
