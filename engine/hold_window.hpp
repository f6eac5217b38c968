// Which records of one partition still hold the commit offset back (R15). Each record read gets a
// place; holds on it are counted; the lowest held place is where the offset may stand.
// Threading: one thread.
#pragma once

#include <algorithm>
#include <deque>

#include "core/assert.hpp"
#include "stream/event_log.hpp"

namespace tailrace::engine {

class HoldWindow {
 public:
  using Offset = stream::Offset;

  // A record was read; offsets rise.
  void add(Offset offset) { places_.push_back({offset, 0}); }
  void hold(Offset offset) { ++find(offset).holds; }
  void release(Offset offset) {
    Place& place = find(offset);
    TAILRACE_ASSERT(place.holds > 0);
    --place.holds;
  }
  std::uint32_t holds(Offset offset) { return find(offset).holds; }
  // Lowest offset that something holds; `next` where nothing does.
  Offset low(Offset next) {
    while (!places_.empty() && places_.front().holds == 0) places_.pop_front();
    return places_.empty() ? next : places_.front().offset;
  }
  std::size_t size() const { return places_.size(); }

 private:
  struct Place {
    Offset offset;
    std::uint32_t holds;
  };
  Place& find(Offset offset) {
    const auto at = std::lower_bound(places_.begin(), places_.end(), offset,
                                     [](const Place& place, Offset o) { return place.offset < o; });
    TAILRACE_ASSERT(at != places_.end() && at->offset == offset);
    return *at;
  }
  std::deque<Place> places_;
};

}  // namespace tailrace::engine
