#include <algorithm>

#include "capture/binlog/control_events.hpp"
#include "capture/binlog/serialization.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

// The encoding of MysqlGtidSet::encode(), plain or tagged.
Result<MysqlGtidSet> parse_previous_gtids(const EventView& event) {
  WireReader in(event.body);
  std::uint64_t count = in.u64();
  const bool tagged = count >> 56 == 1;
  if (tagged) count = count << 8 >> 16;
  MysqlGtidSet set;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    GtidSource source;
    const std::string_view uuid = in.take(source.uuid.size());
    if (!in.ok()) break;
    std::copy(uuid.begin(), uuid.end(), source.uuid.begin());
    if (tagged) source.tag = in.take(read_serialized_unsigned(in));
    if (!source.tag.empty() && !is_gtid_tag(source.tag)) in.fail();
    const std::uint64_t intervals = in.u64();
    for (std::uint64_t k = 0; k < intervals && in.ok(); ++k) {
      const auto first = static_cast<std::int64_t>(in.u64());
      const auto end = static_cast<std::int64_t>(in.u64());
      if (first < 1 || end <= first) in.fail();
      if (in.ok()) set.add(source, {first, end});
    }
  }
  if (!in.ok()) return corrupt_event(event, "an interval is cut off or empty, or a tag is none");
  return set;
}

}  // namespace tailrace::capture
