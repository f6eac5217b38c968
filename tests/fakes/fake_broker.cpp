#include "tests/fakes/fake_broker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tailrace::fakes {

Offset FakePartition::last_stable() const {
  for (Offset offset = start; offset < end(); ++offset) {
    const StoredRecord& record = records[static_cast<std::size_t>(offset)];
    if (record.transaction && *record.transaction == TransactionState::open) return offset;
  }
  return end();
}

void FakePartition::read(const Reading& reading, Offset& position, FakeBuffer& buffer) const {
  const bool committed_only = reading.isolation == stream::Isolation::read_committed;
  const Offset stable = committed_only ? last_stable() : end();
  const Offset limit = std::min(stable, reading.end.value_or(stable));
  for (; position < limit && buffer.records.size() < reading.max_records; ++position) {
    const StoredRecord& stored = records[static_cast<std::size_t>(position)];
    if (stored.mark || stored.gone) continue;
    if (committed_only && stored.transaction && *stored.transaction == TransactionState::aborted) {
      continue;
    }
    Record record{number, position, buffer.arena.copy(stored.key), std::nullopt};
    if (stored.value) record.value = buffer.arena.copy(*stored.value);
    buffer.records.push_back(record);
  }
}

// Everybody keeps what he has up to his share; the rest goes to those who have too little.
void FakeGroup::share_out() {
  if (members.empty()) {
    for (Owned& owned : partitions) owned.target = 0;
    return;
  }
  std::map<std::uint64_t, std::size_t> counts;
  for (const auto& [instance, member] : members) counts[member] = 0;
  const std::size_t least = partitions.size() / counts.size();
  std::size_t extra = partitions.size() % counts.size();  // members that get one more
  std::vector<Owned*> free;
  for (Owned& owned : partitions) {
    const auto held = counts.find(owned.target);
    const bool keeps =
        held != counts.end() && (held->second < least || (held->second == least && extra > 0));
    if (!keeps) {
      free.push_back(&owned);
      continue;
    }
    if (++held->second > least) --extra;
  }
  for (Owned* owned : free) {
    const auto poorest = std::min_element(counts.begin(), counts.end(),
                                          [](auto& a, auto& b) { return a.second < b.second; });
    owned->target = poorest->first;
    ++poorest->second;
  }
}

void FakeGroup::give_up(std::uint64_t member) {
  std::erase_if(members, [&](const auto& entry) { return entry.second == member; });
  for (Owned& owned : partitions) {
    if (owned.owner != member) continue;
    owned.owner = 0;
    ++owned.assignment;
  }
  share_out();
}

std::optional<FakeBroker::Script> FakeBroker::next_failure(LogCall call) {
  const std::uint64_t number = ++counts[call];
  if (power_cut && power_cut()) {
    return Script{number, halt("fake.dead", "the process was killed").value(), false};
  }
  const auto [first, last] = scripts.equal_range(call);
  for (auto it = first; it != last; ++it) {
    if (it->second.at != number) continue;
    Script script = it->second;
    scripts.erase(it);
    return script;
  }
  return std::nullopt;
}

FakePartition* FakeBroker::find(std::string_view topic, Partition partition) {
  const auto found = topics.find(topic);
  if (found == topics.end() || partition < 0) return nullptr;
  if (partition >= found->second.spec.partitions) return nullptr;
  return &found->second.partitions[static_cast<std::size_t>(partition)];
}

Result<FakePartition*> FakeBroker::require(std::string_view topic, Partition partition) {
  FakePartition* found = find(topic, partition);
  if (found != nullptr) return found;
  return halt("log.no_topic",
              fmt::format("there is no topic {} with partition {}", topic, partition));
}

void FakeBroker::append(OpenTransaction* transaction, const stream::Append& record) {
  FakePartition* partition = find(record.topic, record.partition);
  StoredRecord stored;
  stored.key = record.key;
  if (record.value) stored.value = std::string(*record.value);
  for (const stream::Header& header : record.headers) {
    stored.headers.emplace_back(header.name, header.value);
  }
  if (transaction != nullptr) {
    stored.transaction = transaction->state;
    transaction->touched.insert(partition);
  }
  partition->records.push_back(std::move(stored));
  changed.notify_all();
}

void FakeBroker::end(OpenTransaction& transaction, TransactionState state) {
  const bool late = late_marks && state == TransactionState::committed &&
                    !transaction.offsets.empty() && !transaction.touched.empty();
  if (late) {
    for (auto& [offsets, committed] : transaction.offsets) {
      offsets->committed = std::move(committed);
      offsets->pending.reset();
    }
    unmarked.push_back(transaction.state);
    transaction = OpenTransaction();
    return;
  }
  *transaction.state = state;
  for (auto& [offsets, committed] : transaction.offsets) {
    if (state == TransactionState::committed) offsets->committed = std::move(committed);
  }
  for (FakePartition* partition : transaction.touched) {
    StoredRecord mark;
    mark.mark = true;
    partition->records.push_back(std::move(mark));
  }
  transaction = OpenTransaction();
  changed.notify_all();
}

std::uint64_t FakeBroker::open_transactions(const std::string& id) {
  end(transactions[id], TransactionState::aborted);
  return ++writers[id];
}

std::optional<Offset> FakeBroker::limit(std::string_view topic) const {
  const auto at = limits.find(topic);
  return at == limits.end() ? std::nullopt : std::optional(at->second);
}

void FakeBroker::wait(std::unique_lock<std::mutex>& lock, Deadline deadline) {
  changed.wait_until(lock, deadline);
}

}  // namespace tailrace::fakes
