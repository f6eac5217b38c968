#include "tests/simulation/shop_model.hpp"

#include <algorithm>
#include <set>

namespace tailrace::simulation {

namespace {

const History never_there = {gone};
const OrderHistory no_order = {{gone, ""}};

template <class State>
void push(std::vector<State>& history, State state, const State& first) {
  if (history.empty()) history.push_back(first);
  if (history.back() != state) history.push_back(std::move(state));
}

// Their rows do not say whose they are.
bool is_deep(Table table) { return table == Table::parcels || table == Table::scans; }

bool is_value(Table table) {
  return table == Table::products || table == Table::categories || table == Table::prices;
}

}  // namespace

std::string number_text(std::int64_t number) {
  return number == null_value ? "null" : std::to_string(number);
}

std::string item_text(const Row& row) {
  return number_text(row[2]) + "," + number_text(row[3]) + "," + number_text(row[4]);
}

std::string nested_text(std::int64_t value, const std::map<std::int64_t, std::string>& below) {
  std::string out = number_text(value);
  for (const auto& [id, text] : below) out += " " + std::to_string(id) + "=(" + text + ")";
  return out;
}

std::string OrderText::text() const {
  std::string out;
  for (const auto& [id, item] : items) out += " item " + std::to_string(id) + ":" + item;
  for (const auto& [id, amount] : payments) out += " paid " + std::to_string(id) + ":" + amount;
  for (const auto& [id, text] : shipments) out += " ship " + std::to_string(id) + ":" + text;
  return out;
}

std::string ShopModel::value_text(Table table, const Row& row) {
  std::string out = number_text(row[1]);
  if (table == Table::products) out += "," + number_text(row[2]);
  return out;
}

const Row* ShopModel::find(Table table, std::int64_t key) const {
  const auto& all = rows(table);
  const auto at = all.find(key);
  return at == all.end() ? nullptr : &at->second;
}

OrderState ShopModel::order_state(std::int64_t order) const {
  const Row* root = find(Table::orders, order);
  OrderText text;
  for (const auto& [id, row] : rows(Table::items)) {
    if (row[1] == order) text.items[id] = item_text(row);
  }
  for (const auto& [id, row] : rows(Table::payments)) {
    if (row[1] == order) text.payments[id] = number_text(row[2]);
  }
  for (const auto& [id, row] : rows(Table::shipments)) {
    if (row[1] == order) text.shipments[id] = nested_text(row[2], parcels_of(id));
  }
  return {root == nullptr ? gone : number_text((*root)[1]), text.text()};
}

std::map<std::int64_t, std::string> ShopModel::parcels_of(std::int64_t shipment) const {
  std::map<std::int64_t, std::string> parcels;
  for (const auto& [id, row] : rows(Table::parcels)) {
    if (row[1] != shipment) continue;
    std::map<std::int64_t, std::string> scans;
    for (const auto& [scan_id, scan] : rows(Table::scans)) {
      if (scan[1] == id) scans[scan_id] = number_text(scan[2]);
    }
    parcels[id] = nested_text(row[2], scans);
  }
  return parcels;
}

Changes ShopModel::commit(const std::vector<Write>& writes) {
  Changes changes;
  for (const Write& write : writes) {
    auto& all = rows_of(write.table);
    RowEvent event{write.table, std::nullopt, write.row};
    if (const auto at = all.find(write.key); at != all.end()) event.before = at->second;
    if (!event.before && !event.after) continue;
    // A key that is taken is refused by the server.
    if (event.after && (*event.after)[0] != write.key && all.contains((*event.after)[0])) continue;
    if (refused(event)) continue;
    if (event.before) all.erase(write.key);
    if (event.after) all[(*event.after)[0]] = *event.after;
    drop_payments_of(event);
    changes.push_back(std::move(event));
  }
  remember(changes);
  return changes;
}

// What a foreign key refuses: a payment of no order, another id for an order that has payments.
bool ShopModel::refused(const RowEvent& event) const {
  if (!payments_hang_) return false;
  if (event.table == Table::payments)
    return event.after && (*event.after)[1] != null_value &&
           find(Table::orders, (*event.after)[1]) == nullptr;
  if (event.table != Table::orders || !event.before || !event.after) return false;
  const std::int64_t id = (*event.before)[0];
  const auto& payments = rows(Table::payments);
  return (*event.after)[0] != id &&
         std::any_of(payments.begin(), payments.end(),
                     [&](const auto& payment) { return payment.second[1] == id; });
}

void ShopModel::drop_payments_of(const RowEvent& event) {
  if (!payments_hang_ || event.table != Table::orders || event.after) return;
  std::erase_if(rows_of(Table::payments),
                [&](const auto& payment) { return payment.second[1] == (*event.before)[0]; });
}

void ShopModel::replay(const Changes& changes) {
  for (const RowEvent& event : changes) {
    auto& all = rows_of(event.table);
    if (event.before) all.erase((*event.before)[0]);
    if (event.after) all[(*event.after)[0]] = *event.after;
    drop_payments_of(event);
  }
  remember(changes);
}

void ShopModel::remember(const Changes& changes) {
  std::set<std::int64_t> orders;
  std::set<std::pair<Table, std::int64_t>> values;
  for (const RowEvent& event : changes) {
    if (is_deep(event.table)) {
      // Also an order of which another source has the row.
      for (const auto& [id, history] : orders_) orders.insert(id);
      continue;
    }
    for (const auto* image : {&event.before, &event.after}) {
      if (!*image) continue;
      const Row& row = **image;
      if (is_value(event.table)) {
        values.emplace(event.table, row[0]);
      } else if (const std::int64_t order = row[event.table == Table::orders ? 0 : 1];
                 order != null_value) {
        orders.insert(order);
      }
    }
  }
  for (const std::int64_t order : orders) push(orders_[order], order_state(order), no_order[0]);
  for (const auto& [table, key] : values) {
    const Row* row = find(table, key);
    push(values_[{table, key}], row == nullptr ? gone : value_text(table, *row), gone);
  }
}

const OrderHistory& ShopModel::order_history(std::int64_t order) const {
  const auto at = orders_.find(order);
  return at == orders_.end() ? no_order : at->second;
}

void ShopModel::note_load() {
  for (const auto& [reference, history] : values_) loaded_[reference] = history.size() - 1;
}

std::size_t ShopModel::loaded_at(Table table, std::int64_t key) const {
  const auto at = loaded_.find({table, key});
  return at == loaded_.end() ? 0 : at->second;
}

const History& ShopModel::value_history(Table table, std::int64_t key) const {
  const auto at = values_.find({table, key});
  return at == values_.end() ? never_there : at->second;
}

}  // namespace tailrace::simulation
