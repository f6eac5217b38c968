#include "engine/capture_placement.hpp"

#include <fmt/format.h>

#include "core/bytes.hpp"
#include "core/log.hpp"

namespace tailrace::engine {

namespace {

// Bytes: docs/formats/placement.md.
constexpr std::uint8_t record_version = 1;
constexpr std::uint8_t flag_gone = 1;
constexpr std::uint8_t flag_wide = 2;      // what was there before follows
constexpr std::uint8_t flag_was_gone = 4;  // nothing was
constexpr Milliseconds poll_wait{20};
constexpr std::chrono::seconds patience{60};
constexpr std::size_t restore_bytes = 4u << 20;
const std::string offset_fact = "offset";
const std::string log_fact = "log";

Failure malformed() {
  return halt("placement.malformed", "a record of capture's placement topic is damaged");
}

struct Known {
  bool there = false;
  std::string value;
};

std::string encode(const Token& base, const std::optional<std::string>& value, bool wide,
                   const Known& before) {
  std::uint8_t flags = value ? 0 : flag_gone;
  if (wide) flags |= flag_wide;
  if (wide && !before.there) flags |= flag_was_gone;
  std::string out;
  out.push_back(static_cast<char>(record_version));
  out.push_back(static_cast<char>(flags));
  append_varint(out, base.epoch);
  append_varint(out, base.seq);
  if (value) append_sized(out, *value);
  if (wide && before.there) append_sized(out, before.value);
  return out;
}

}  // namespace

Result<std::unique_ptr<CapturePlacement>> CapturePlacement::open(
    PlacementOptions options, const transform::PipelinePlan& plan, stream::EventLog& log,
    transform::StoreFactory& stores, const SavedPosition& saved, const Clock& clock) {
  const auto opened = [&]() -> Result<std::unique_ptr<CapturePlacement>> {
    TAILRACE_ASSIGN(auto store, stores.open(options.store));
    return std::unique_ptr<CapturePlacement>(
        new CapturePlacement(options, plan, log, std::move(store)));
  };
  auto placement = opened();
  bool usable = false;
  if (placement) {
    TAILRACE_ASSIGN(usable, (*placement)->is_of_this_log());
  } else if (placement.error().code != "state.corrupt") {
    return Failure(placement.error());
  }
  if (!usable) {  // only a copy
    if (placement) placement->reset();
    TAILRACE_TRY(stores.remove(options.store));
    placement = opened();
    if (!placement) return placement;
  }
  TAILRACE_TRY((*placement)->store_.open());
  TAILRACE_TRY((*placement)->catch_up(saved, clock));
  return placement;
}

Result<bool> CapturePlacement::is_of_this_log() {
  std::string log_id;
  TAILRACE_ASSIGN(const bool filled, store_.fact(log_fact, log_id));
  if (!filled || log_id != options_.log_id) return false;
  std::string bytes;
  TAILRACE_ASSIGN(const bool noted, store_.fact(offset_fact, bytes));
  if (!noted) return true;
  TAILRACE_ASSIGN(const stream::Offset end, end_of_topic());
  return static_cast<stream::Offset>(ByteReader(bytes).varint()) <= end;
}

Result<void> CapturePlacement::catch_up(const SavedPosition& saved, const Clock& clock) {
  std::string bytes;
  TAILRACE_ASSIGN(const bool noted, store_.fact(offset_fact, bytes));
  const stream::Offset from =
      noted ? static_cast<stream::Offset>(ByteReader(bytes).varint()) : stream::Offset{0};
  TAILRACE_TRY(store_.set_fact(log_fact, options_.log_id));
  TAILRACE_ASSIGN(auto reader,
                  log_.open_reader(options_.topic, 0, from, stream::Isolation::read_committed));
  TAILRACE_ASSIGN(const stream::Bounds bounds, reader->bounds());
  std::uint64_t count = 0;
  std::optional<stream::Offset> unfinished;
  Deadline deadline = clock.now() + patience;
  while (options_.rules.catch_up_placement && reader->position() < bounds.end) {
    TAILRACE_ASSIGN(const auto records, reader->poll(clock.now() + poll_wait));
    if (!records.empty()) deadline = clock.now() + patience;
    if (records.empty() && clock.now() >= deadline && reader->position() < bounds.end) {
      return retry("placement.timeout", "reading capture's placement topic took too long");
    }
    for (const stream::Record& record : records) {
      TAILRACE_ASSIGN(const bool counts, take(record, saved));
      if (!counts && !unfinished) unfinished = record.offset;
    }
    count += records.size();
    if (store_.unkept_bytes() >= restore_bytes) TAILRACE_TRY(store_.keep());
  }
  TAILRACE_TRY(store_.keep());
  log_info("capture.placement_read", {{"topic", options_.topic}, {"records", count}});
  // A transaction that goes on does not write again what it wrote.
  return note(unfinished.value_or(bounds.end));
}

// Of a transaction that is in the log in part only what was there before it counts: it is read
// again, from its start.
Result<bool> CapturePlacement::take(const stream::Record& record, const SavedPosition& saved) {
  if (!record.value) return true;
  ByteReader in(*record.value);
  if (in.byte() != record_version) return malformed();
  const std::uint8_t flags = in.byte();
  const auto epoch = static_cast<std::uint16_t>(in.varint());
  const std::uint64_t seq = in.varint();
  std::optional<std::string> value;
  if ((flags & flag_gone) == 0) value.emplace(in.sized());
  std::optional<std::string> before;
  const bool wide = (flags & flag_wide) != 0;
  if (wide && (flags & flag_was_gone) == 0) before.emplace(in.sized());
  if (!in.ok() || !in.at_end()) return malformed();
  const bool counts =
      std::pair(epoch, seq) <= std::pair(saved.epoch, saved.seq) || !options_.rules.place_whole;
  if (!counts && !wide) return malformed();  // it is in the log transaction of its position
  store_.restore(std::string(record.key), counts ? std::move(value) : std::move(before));
  return counts;
}

Result<void> CapturePlacement::append(const Token& base, bool wide, const Append& append) {
  return store_.changes([&](const transform::PlacementStore::Change& change) -> Result<void> {
    Known before;
    TAILRACE_ASSIGN(before.there, store_.get(transform::Moment::before, change.key, before.value));
    if (change.value ? before.there && before.value == *change.value : !before.there) return {};
    const std::string record = encode(base, change.value, wide, before);
    if (record.size() + change.key.size() > log_.max_record_bytes()) {
      return halt("placement.row_too_large",
                  fmt::format("a row below another child comes to {} bytes, the log takes {}: "
                              "leave large columns out with 'fields'",
                              record.size(), log_.max_record_bytes()));
    }
    appended_bytes_ += record.size() + change.key.size();
    return append({options_.topic, 0, change.key, record, {}});
  });
}

Result<stream::Offset> CapturePlacement::end_of_topic() {
  TAILRACE_ASSIGN(auto reader,
                  log_.open_reader(options_.topic, 0, 0, stream::Isolation::read_committed));
  TAILRACE_ASSIGN(const stream::Bounds bounds, reader->bounds());
  return bounds.end;
}

Result<void> CapturePlacement::before_commit() {
  if (appended_bytes_ < options_.note_bytes) return {};
  TAILRACE_ASSIGN(noted_, end_of_topic());
  return {};
}

// What lies below the noted offset was written by this process or read by it, or its commit, and so
// this one, would have been refused.
Result<void> CapturePlacement::after_commit() {
  TAILRACE_TRY(store_.keep());
  if (!noted_) return {};
  const stream::Offset offset = *noted_;
  noted_.reset();
  appended_bytes_ = 0;
  return note(offset);
}

Result<void> CapturePlacement::note(stream::Offset offset) {
  std::string bytes;
  append_varint(bytes, static_cast<std::uint64_t>(offset));
  return store_.set_fact(offset_fact, std::move(bytes));
}

}  // namespace tailrace::engine
