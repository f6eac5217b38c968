// Global transaction ids in all their forms. Input: which form, then its bytes. A set that was read
// is the same after its text, and its binary form, were read again; and subtraction keeps its laws.
#include <string>
#include <string_view>

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/gtid_event.hpp"
#include "core/gtid_set.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

EventView event_of(EventType type, std::string_view body) {
  EventView event;
  event.header.type = type;
  event.body = body;
  return event;
}

void check_set(const MysqlGtidSet& set) {
  const auto from_text = MysqlGtidSet::parse(set.text());
  TAILRACE_ASSERT(from_text && *from_text == set);
  const std::string encoded = set.encode();
  const auto from_bytes = parse_previous_gtids(event_of(EventType::previous_gtids, encoded));
  TAILRACE_ASSERT(from_bytes && *from_bytes == set);
  TAILRACE_ASSERT(set.minus(set).empty() && set.contains(set));
}

void mysql_texts(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const auto one = MysqlGtidSet::parse(input.piece());
  const auto other = MysqlGtidSet::parse(input.rest());
  if (one) check_set(*one);
  if (other) check_set(*other);
  if (!one || !other) return;
  const MysqlGtidSet rest = one->minus(*other);
  check_set(rest);
  TAILRACE_ASSERT(one->contains(rest));
  TAILRACE_ASSERT(other->contains(*one) == rest.empty());
  MysqlGtidSet both = *other;
  both.add(*one);
  TAILRACE_ASSERT(both.contains(*one) && both.contains(*other));
  MysqlGtidSet sum = rest;
  sum.add(*other);
  TAILRACE_ASSERT(sum == both);
}

void mariadb_texts(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  const auto one = MariadbGtidSet::parse(input.piece());
  const auto other = MariadbGtidSet::parse(input.rest());
  if (!one) return;
  const auto again = MariadbGtidSet::parse(one->text());
  TAILRACE_ASSERT(again && *again == *one);
  TAILRACE_ASSERT(one->minus(*one).empty() && one->contains(*one));
  if (other) TAILRACE_ASSERT(other->contains(*one) == one->minus(*other).empty());
}

void events(EventType type, std::string_view bytes) {
  if (type == EventType::mariadb_gtid) {
    static_cast<void>(parse_mariadb_gtid(event_of(type, bytes)));
    return;
  }
  const auto gtid = parse_gtid(event_of(type, bytes));
  if (!gtid || gtid->anonymous) return;
  MysqlGtidSet set;
  set.add(gtid->gtid);
  check_set(set);
  TAILRACE_ASSERT(set.contains(gtid->gtid));
}

void run(std::string_view bytes) {
  fuzz::Pieces input(bytes);
  switch (input.byte() % 8) {
    case 0:
      return mysql_texts(input.rest());
    case 1:
      return mariadb_texts(input.rest());
    case 2: {
      const auto set = parse_previous_gtids(event_of(EventType::previous_gtids, input.rest()));
      if (set) check_set(*set);
      return;
    }
    case 3:
      return events(EventType::gtid, input.rest());
    case 4:
      return events(EventType::gtid_tagged, input.rest());
    case 5:
      return events(EventType::mariadb_gtid, input.rest());
    case 6:
      return events(EventType::anonymous_gtid, input.rest());
    default: {
      const auto set = GtidSet::parse(input.rest());
      if (set) TAILRACE_ASSERT(GtidSet::parse(set->text()) == *set);
    }
  }
}

}  // namespace

TAILRACE_FUZZ_TARGET(gtid_set, run)
