// A document store with external versions, and the way to it: bulks whose items arrive in any
// order, twice, late, after their worker died, or not at all; items that fail; a store that is
// away. Threading: one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/sink_port.hpp"
#include "tests/simulation/fuse.hpp"
#include "tests/simulation/law.hpp"
#include "tests/simulation/random.hpp"

namespace tailrace::simulation {

// What a store must do; the simulation switches one off to prove that it would see its absence.
struct SinkRules {
  bool compare_versions = true;  // external versions: the higher one wins
  bool keep_stubs = true;        // a delete keeps its version (a stub), it is not forgotten
};

struct SinkBatchState {
  std::uint64_t id = 0;
  std::vector<Result<void>> results;
  std::size_t open = 0;
};

class SimSinkStore {
 public:
  SimSinkStore(std::string name, const Models& models, SinkRules rules)
      : name_(std::move(name)), models_(models), rules_(rules) {}

  const std::string& name() const { return name_; }
  const Documents& documents() const { return documents_; }
  Law& law() { return law_; }
  const Law::Broken& broken() const { return broken_; }

  // The next call of its kind by a port.
  void receive(const std::shared_ptr<SinkBatchState>& batch, std::size_t index,
               DocumentWrite write);
  // How often it took a document of this id.
  std::size_t writes_of(const std::string& id) const {
    const auto at = taken_.find(id);
    return at == taken_.end() ? 0 : at->second;
  }
  std::size_t under_way() const { return flights_.size(); }
  // Item `n` of those under way arrives. `twice`: its answer is lost, so it is sent again.
  void deliver(std::size_t n, bool twice = false);
  void deliver_all();
  // Item `n` never arrives: only for those of a dead worker.
  void lose_orphans();
  // The next item that arrives is told to come again (429).
  void refuse_next() { ++refusals_; }
  void poison(const std::string& id) { poisoned_.insert(id); }
  void relent() { poisoned_.clear(); }  // what was set aside waits for its next change
  // Nothing is refused any more: the documents that were set aside and need a change.
  std::set<std::string> cure() {
    relent();
    return std::exchange(set_aside_, {});
  }
  void set_down(std::optional<Deadline> since) { down_since_ = since; }
  const std::optional<Deadline>& down_since() const { return down_since_; }

 private:
  struct Flight {
    std::shared_ptr<SinkBatchState> batch;
    std::size_t index;
    DocumentWrite write;
  };
  Result<void> arrive(const DocumentWrite& write);

  const std::string name_;
  const Models& models_;
  const SinkRules rules_;
  Law law_;
  Law::Broken broken_;
  Documents documents_;
  std::map<std::string, std::size_t> taken_;
  std::vector<Flight> flights_;
  std::set<std::string> poisoned_;
  std::set<std::string> set_aside_;
  std::size_t refusals_ = 0;
  std::optional<Deadline> down_since_;
};

// One worker's port to it.
class SimSinkPort final : public engine::SinkPort {
 public:
  SimSinkPort(SimSinkStore& store, Fuse& fuse) : store_(store), fuse_(fuse) {}

  void close(bool closed) { closed_ = closed; }  // has no room
  std::size_t outstanding() const { return batches_.size(); }

  const std::string& name() const override { return store_.name(); }
  std::size_t max_documents() const override { return 4; }
  std::size_t max_bytes() const override { return 1 << 20; }
  bool has_room() const override {
    return !closed_ && !store_.down_since() && batches_.size() < max_batches;
  }
  void submit(engine::SinkBatch batch) override;
  std::vector<engine::SinkOutcome> take() override;
  std::optional<Deadline> away_since() const override { return store_.down_since(); }
  std::optional<Error> fatal() const override { return std::nullopt; }
  void ask_older(std::uint16_t generation, std::size_t limit) override {
    question_ = std::pair(generation, limit);
  }
  std::optional<std::vector<std::string>> take_older() override;

 private:
  static constexpr std::size_t max_batches = 3;
  SimSinkStore& store_;
  Fuse& fuse_;
  bool closed_ = false;
  std::vector<std::shared_ptr<SinkBatchState>> batches_;
  std::optional<std::pair<std::uint16_t, std::size_t>> question_;
};

}  // namespace tailrace::simulation
