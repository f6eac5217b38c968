// The body of a QUERY event: its status variables, database and statement.
#include <string_view>

#include "capture/binlog/query_event.hpp"
#include "capture/statement.hpp"
#include "fuzz_target.hpp"

namespace {

using namespace tailrace::capture;

bool lies_in(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void run(std::string_view bytes) {
  EventView event;
  event.header.type = EventType::query;
  event.body = bytes;
  const auto query = parse_query(event);
  if (!query) return;
  TAILRACE_ASSERT(lies_in(query->sql, bytes) && lies_in(query->database, bytes));
  FormatDescription format;
  static_cast<void>(statement_of(*query, format));
  format.mariadb = true;
  static_cast<void>(statement_of(*query, format));
}

}  // namespace

TAILRACE_FUZZ_TARGET(query_event, run)
