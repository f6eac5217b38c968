#include "tests/simulation/schedule.hpp"

namespace tailrace::simulation {

namespace {

constexpr std::uint64_t orders = 4;
constexpr std::uint64_t items = 6;
constexpr std::uint64_t payments = 3;
constexpr std::uint64_t values = 3;
constexpr std::uint64_t shipments = 3;
constexpr std::uint64_t parcels = 4;
constexpr std::uint64_t scans = 4;

std::int64_t pick(Random& random, std::uint64_t count) {
  return static_cast<std::int64_t>(random.below(count)) + 1;
}

// A number that was never there before, most likely.
std::int64_t fresh(Random& random) { return static_cast<std::int64_t>(random.below(1u << 20)); }

std::int64_t reference(Random& random) {
  return random.chance(8) ? null_value : pick(random, values);
}

Write lookup_write(Random& random) {
  const std::int64_t key = pick(random, values);
  const auto kind = random.below(4);
  const Table table = kind < 2 ? Table::products : kind == 2 ? Table::categories : Table::prices;
  if (random.chance(20)) return {table, key, std::nullopt};
  if (table != Table::products) return {table, key, Row{key, fresh(random)}};
  return {table, key, Row{key, fresh(random), reference(random)}};
}

Write order_write(Random& random, const ShopModel& model) {
  const std::int64_t key = pick(random, orders);
  const Row* old = model.find(Table::orders, key);
  const auto kind = random.below(100);
  if (kind < 20) return {Table::orders, key, std::nullopt};
  if (kind < 30 && old != nullptr) {  // another key
    return {Table::orders, key, Row{pick(random, orders), (*old)[1]}};
  }
  if (kind < 40 && old != nullptr) return {Table::orders, key, *old};  // nothing visible
  return {Table::orders, key, Row{key, fresh(random)}};
}

Write item_write(Random& random, const ShopModel& model) {
  const std::int64_t key = pick(random, items);
  const Row* old = model.find(Table::items, key);
  const auto kind = random.below(100);
  if (kind < 20) return {Table::items, key, std::nullopt};
  if (kind < 45 && old != nullptr) {  // moves
    Row row = *old;
    row[1] = pick(random, orders);
    return {Table::items, key, row};
  }
  if (kind < 52 && old != nullptr) {  // another key
    Row row = *old;
    row[0] = pick(random, items);
    return {Table::items, key, row};
  }
  if (kind < 60 && old != nullptr) return {Table::items, key, *old};
  return {Table::items, key,
          Row{key, pick(random, orders), reference(random), reference(random), fresh(random)}};
}

Write payment_write(Random& random) {
  const std::int64_t key = pick(random, payments);
  if (random.chance(25)) return {Table::payments, key, std::nullopt};
  return {Table::payments, key, Row{key, pick(random, orders), fresh(random)}};
}

// Rows below others: they move, lose their parent, change their key.
Write nested_write(Random& random, const ShopModel& model, Table table, std::uint64_t keys,
                   std::uint64_t parents) {
  const std::int64_t key = pick(random, keys);
  const Row* old = model.find(table, key);
  const auto kind = random.below(100);
  if (kind < 20) return {table, key, std::nullopt};
  const std::int64_t parent = random.chance(6) ? null_value : pick(random, parents);
  if (kind < 50 && old != nullptr) return {table, key, Row{key, parent, (*old)[2]}};
  if (kind < 57 && old != nullptr) {  // another key
    return {table, key, Row{pick(random, keys), (*old)[1], (*old)[2]}};
  }
  if (kind < 63 && old != nullptr) return {table, key, *old};
  if (kind < 75 && old != nullptr) return {table, key, Row{key, (*old)[1], fresh(random)}};
  return {table, key, Row{key, parent, fresh(random)}};
}

Write shipment_write(Random& random, const ShopModel& model) {
  const auto kind = random.below(10);
  if (kind < 4) return nested_write(random, model, Table::shipments, shipments, orders);
  if (kind < 8) return nested_write(random, model, Table::parcels, parcels, shipments);
  return nested_write(random, model, Table::scans, scans, parcels);
}

}  // namespace

std::vector<Write> held_by(SourceKind kind, std::size_t source, std::vector<Write> writes) {
  if (kind != SourceKind::split) return writes;
  std::erase_if(writes, [&](const Write& write) {
    return (write.table == Table::payments) != (source == 1);
  });
  return writes;
}

std::vector<Write> random_writes(Random random, const ShopModel& model, bool with_shipments) {
  std::vector<Write> writes;
  if (random.chance(30)) {
    writes.push_back(lookup_write(random));
    if (random.chance(70)) return writes;
  }
  // A few are large: groups in parts, transactions over several log transactions.
  const std::uint64_t count = random.chance(10) ? 12 : 1 + random.below(4);
  for (std::uint64_t n = 0; n < count; ++n) {
    const auto kind = random.below(10);
    if (with_shipments && random.chance(50)) {
      writes.push_back(shipment_write(random, model));
    } else if (kind < 3) {
      writes.push_back(order_write(random, model));
    } else if (kind < 8) {
      writes.push_back(item_write(random, model));
    } else {
      writes.push_back(payment_write(random));
    }
  }
  return writes;
}

}  // namespace tailrace::simulation
