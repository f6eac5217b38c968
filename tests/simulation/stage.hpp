// Steps by hand, for directed schedules: one partition, one worker that owns it and those that did;
// nothing is read, sent, written or committed that the schedule does not call for.
// Threading: one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/world.hpp"

namespace tailrace::simulation {

using Broken = std::optional<std::string>;

class Stage {
 public:
  using Worker = World::Worker;
  using Offset = stream::Offset;

  // How the next owner comes to its partition.
  struct Takeover {
    bool kill = false;           // the old owner dies; else it lives on and does not know
    bool old_view = false;       // the new one has seen nothing of the lookup logs
    bool only_assigned = false;  // it has not asked for the offset yet
    Worker* back = nullptr;      // an earlier owner with its store, killed before
  };

  explicit Stage(WorldOptions options);

  World world;
  Worker& owner() { return *owner_; }

  // One transaction at a source, read and published: offset of its last record.
  Offset write(const std::vector<Write>& writes, std::size_t source = 0);
  // The same of a statement that empties a table.
  Offset truncate(Table table, std::size_t source = 0);
  // The record at `offset` comes once more, as after a rewind.
  void again(Offset offset);
  Offset end() { return world.log().last_record(world.change_topic(), 0) + 1; }

  void read(Worker& worker, std::optional<Offset> below = std::nullopt);
  void view(Worker& worker);    // follows the lookup logs to their ends
  void send(Worker& worker);    // its appends arrive
  void submit(Worker& worker);  // renders what is dirty and hands it to the sink
  void sink(Worker& worker);    // ... where it arrives
  void begin(Worker& worker);   // a commit begins, and stays undecided
  void finish(Worker& worker);
  void commit(Worker& worker);
  void work(Worker& worker);  // all of it, until nothing is left
  Worker& move(Takeover how);
  Worker& move() { return move(Takeover{}); }

  // `restore`: first a new worker takes over with nothing but the state topic.
  Broken rest(bool restore = false);

 private:
  void step(Worker& worker, int times);
  Worker& join(const Takeover& how);
  Worker* owner_ = nullptr;
};

// Rows of the schedules: order 1 and 2, item 1 in order 1 with product 1 and price 1.
Write order(std::int64_t id, std::int64_t note);
Write item(std::int64_t id, std::int64_t in_order, std::int64_t qty);
Write no_item(std::int64_t id);
Write no_order(std::int64_t id);
Write product(std::int64_t name);
Write no_product();
Write price(std::int64_t amount);
Write shipment(std::int64_t id, std::int64_t in_order, std::int64_t carrier);
Write parcel(std::int64_t id, std::int64_t in_shipment, std::int64_t weight);
Write scan(std::int64_t id, std::int64_t in_parcel, std::int64_t place);
Write no_shipment(std::int64_t id);
Write no_parcel(std::int64_t id);
Write no_price();

}  // namespace tailrace::simulation
