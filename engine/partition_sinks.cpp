// What sinks have of each root: coverage (R13, R15), pending marks, the initial load of a sink.
#include <algorithm>

#include "engine/partition.hpp"

namespace tailrace::engine {

using transform::Family;
using transform::PendingMark;

namespace {

constexpr std::size_t chunk_roots = 1000;
constexpr Milliseconds lookup_wait{200};

}  // namespace

bool PartitionTask::needs_document(const RootEntry& root, std::size_t sink) const {
  if (root.state.root() == nullptr) return false;  // children wait for their root
  const SinkProgress& progress = root.sinks[sink];
  if (progress.acknowledged == SinkProgress::unknown || root.visible > progress.acknowledged)
    return true;
  return std::any_of(root.state.pending().begin(), root.state.pending().end(),
                     [&](const PendingMark& mark) { return mark.sink == shared_.sinks[sink]; });
}

bool PartitionTask::waits_for_lookups(const RootEntry& root) const {
  return !root.asked.empty() && shared_.clock.now() - root.asked_at < lookup_wait;
}

void PartitionTask::acknowledged(RootEntry& root, std::size_t sink, Offset last, Offset upto) {
  SinkProgress& progress = root.sinks[sink];
  progress.acknowledged = std::max(progress.acknowledged, last);
  progress.attempts = 0;
  // A mark clears only when the sink has the current content.
  const bool current = last == root.state.last() || !shared_.rules.mark_until_current;
  if (current && clear_pending(root, sink)) note(root);
  cover(root, sink, upto);
}

void PartitionTask::covered(RootEntry& root, std::size_t sink, Offset upto) {
  cover(root, sink, upto);
}

void PartitionTask::cover(RootEntry& root, std::size_t sink, Offset upto) {
  SinkProgress& progress = root.sinks[sink];
  progress.covered = std::max(progress.covered, upto);
  if (progress.chunk != 0) {
    const std::uint32_t chunk = progress.chunk;
    progress.chunk = 0;
    retire_chunk(sink, chunk);
  }
  Offset low = progress.covered;
  for (const SinkProgress& other : root.sinks) low = std::min(low, other.covered);
  release_holds(root, low);
}

void PartitionTask::release_holds(RootEntry& root, Offset below) {
  auto at = root.holds.begin();
  for (; at != root.holds.end() && at->first < below; ++at) window_.release(at->second);
  if (at == root.holds.begin()) return;
  root.holds.erase(root.holds.begin(), at);
  const bool shown = std::any_of(root.sinks.begin(), root.sinks.end(), [&](const auto& sink) {
    return sink.acknowledged == root.state.last();
  });
  if (shown || shared_.rules.note_unshown) note(root);
}

std::string PartitionTask::pending_key(std::size_t sink, std::string_view root) const {
  std::string key = shared_.sinks[sink];
  key.push_back('\0');
  key.append(root);
  return key;
}

void PartitionTask::set_pending(RootEntry& root, std::size_t sink, bool dead_letter,
                                const std::string& reason, Offset upto) {
  clear_pending(root, sink);
  PendingMark mark;
  mark.sink = shared_.sinks[sink];
  mark.dead_letter = dead_letter;
  mark.since_us = shared_.clock.wall_us();
  mark.attempts = root.sinks[sink].attempts;
  mark.reason = reason.substr(0, 500);
  root.state.pending().push_back(std::move(mark));
  ++(dead_letter ? dead_count_ : pending_count_);
  batch_.put(Family::pending, pending_key(sink, root.key), dead_letter ? "dead" : "away");
  touch(root);
  note(root);
  cover(root, sink, upto);
}

bool PartitionTask::clear_pending(RootEntry& root, std::size_t sink) {
  auto& marks = root.state.pending();
  const auto at = std::find_if(marks.begin(), marks.end(), [&](const PendingMark& mark) {
    return mark.sink == shared_.sinks[sink];
  });
  if (at == marks.end()) return false;
  --(at->dead_letter ? dead_count_ : pending_count_);
  marks.erase(at);
  batch_.remove(Family::pending, pending_key(sink, root.key));
  touch(root);
  return true;
}

Result<bool> PartitionTask::drain_pending(std::size_t sink, std::size_t limit) {
  if (stage_ != Stage::running || next_ < silent_below_ || pending_count_ == 0) return false;
  const std::string prefix = pending_key(sink, "");
  std::string& cursor = pending_cursor_[sink];
  std::vector<std::string> roots;
  bool more = false;
  TAILRACE_TRY(scan_store(Family::pending, prefix + cursor,
                          [&](std::string_view key, std::string_view value) {
                            if (!key.starts_with(prefix)) return false;
                            more = roots.size() >= limit;
                            if (more) return false;
                            if (value != "dead") roots.emplace_back(key.substr(prefix.size()));
                            return true;
                          }));
  for (const std::string& key : roots) {
    TAILRACE_ASSIGN(RootEntry* const root, load(key));
    listener_.dirty(*this, *root, sink, Urgency::background);
  }
  cursor = more ? roots.back() + '\0' : std::string();
  return more;
}

Result<std::vector<std::string>> PartitionTask::dead_roots(std::size_t sink) {
  const std::string prefix = pending_key(sink, "");
  std::vector<std::string> roots;
  TAILRACE_TRY(
      scan_store(Family::pending, prefix, [&](std::string_view key, std::string_view value) {
        if (!key.starts_with(prefix)) return false;
        if (value == "dead") roots.emplace_back(key.substr(prefix.size()));
        return true;
      }));
  return roots;
}

Result<bool> PartitionTask::load_some(std::size_t sink) {
  if (!gate_open_ || !loads_[sink]) return false;
  Load& load = *loads_[sink];
  if (load.scanned || load.chunks.size() >= 2) return false;
  std::vector<std::string> keys;
  TAILRACE_TRY(scan_store(Family::root, load.next, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return keys.size() < chunk_roots;
  }));
  if (keys.empty()) {
    load.scanned = true;
    if (load.chunks.empty()) loads_[sink].reset();
    return true;
  }
  load.next = keys.back() + '\0';
  const std::uint32_t id = next_chunk_++;
  load.chunks.push_back({id, load.next, keys.size()});
  for (const std::string& key : keys) {
    TAILRACE_ASSIGN(RootEntry* const root, this->load(key));
    root->sinks[sink].chunk = id;
    listener_.dirty(*this, *root, sink, Urgency::background);
  }
  return true;
}

void PartitionTask::retire_chunk(std::size_t sink, std::uint32_t id) {
  if (!loads_[sink]) return;
  Load& load = *loads_[sink];
  for (Chunk& chunk : load.chunks) {
    if (chunk.id == id) --chunk.open;
  }
  while (!load.chunks.empty() && load.chunks.front().open == 0) {
    load.done = load.chunks.front().end;
    load.chunks.pop_front();
  }
  if (load.scanned && load.chunks.empty()) loads_[sink].reset();
}

}  // namespace tailrace::engine
