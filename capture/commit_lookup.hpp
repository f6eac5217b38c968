// Looks ahead for the commit of a transaction whose rows are told before it is reached.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "capture/binlog/event_stream.hpp"
#include "capture/binlog/payload_reader.hpp"

namespace tailrace::capture {

// The number in the XID event of the group whose events come next. Nothing: the group ends in
// another way, or not in this stream, or too far ahead. Damage is left to whoever reads there. No
// event of the stream is valid afterwards.
Result<std::optional<std::uint64_t>> xid_of_group(EventStream& events);

// The same for a transaction inside a payload, which is unpacked for it with a reader of its own.
Result<std::optional<std::uint64_t>> xid_in_payload(PayloadReader& reader, const EventView& event);

}  // namespace tailrace::capture
