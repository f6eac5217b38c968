// What the source's tables hold, and every committed state each order ever had: the simulation's
// own, simple idea of what documents must show. Shares no code with the engine.
// Threading: one thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tailrace::simulation {

// orders(id, note) items(id, order_id, product_id, price_id, qty) payments(id, order_id, amount)
// products(id, name, category_id) categories(id, name) prices(id, amount)
// shipments(id, order_id, carrier) parcels(id, shipment_id, weight) scans(id, parcel_id, place)
enum class Table : std::uint8_t {
  orders,
  items,
  payments,
  products,
  categories,
  prices,
  shipments,
  parcels,
  scans,
};
inline constexpr std::size_t table_count = 9;

using Row = std::vector<std::int64_t>;  // [0] is the primary key
inline constexpr std::int64_t null_value = std::numeric_limits<std::int64_t>::min();

// Makes the row with this key look like `row`, whose key may be another one; nullopt removes it.
struct Write {
  Table table;
  std::int64_t key;
  std::optional<Row> row;
};

// What the binlog says of one row.
struct RowEvent {
  Table table;
  std::optional<Row> before;
  std::optional<Row> after;
};
using Changes = std::vector<RowEvent>;

// Successive states as text, without repetitions; "gone" where there is no row.
using History = std::vector<std::string>;
inline const std::string gone = "gone";

// What one source says of an order: its row, and what hangs on it, as text.
struct OrderState {
  std::string note;  // `gone` where there is no row
  std::string rest;
  friend bool operator==(const OrderState&, const OrderState&) = default;
};
using OrderHistory = std::vector<OrderState>;

// Several sources write different numbers, so that every shown row tells whose it is.
inline constexpr std::int64_t numbers_of_a_source = 1 << 24;

class ShopModel {
 public:
  // One committed transaction; what it did to rows, in order. Empty: nothing.
  Changes commit(const std::vector<Write>& writes);
  // The same from the binlog.
  void replay(const Changes& changes);
  // payments.order_id is a foreign key to orders with ON DELETE CASCADE from now on: what it
  // deletes is in no binlog.
  void hang_payments() { payments_hang_ = true; }

  const std::map<std::int64_t, Row>& rows(Table table) const {
    return tables_[static_cast<std::size_t>(table)];
  }
  const Row* find(Table table, std::int64_t key) const;

  // What a document of this order shows of its own rows.
  OrderState order_state(std::int64_t order) const;
  static std::string value_text(Table table, const Row& row);
  const OrderHistory& order_history(std::int64_t order) const;
  const History& value_history(Table table, std::int64_t key) const;
  // A first load reads the tables now. Lookup values that it shows may go back once, while the
  // stream repeats what happened before: the lookup logs pass `high` in their own time.
  void note_load();
  void take_loads(const ShopModel& other) { loaded_ = other.loaded_; }
  // Index in the value's history at the last first load.
  std::size_t loaded_at(Table table, std::int64_t key) const;
  const std::map<std::int64_t, OrderHistory>& orders_ever() const { return orders_; }

 private:
  std::map<std::int64_t, Row>& rows_of(Table table) {
    return tables_[static_cast<std::size_t>(table)];
  }
  void remember(const Changes& changes);
  bool refused(const RowEvent& event) const;
  void drop_payments_of(const RowEvent& event);
  std::map<std::int64_t, std::string> parcels_of(std::int64_t shipment) const;

  bool payments_hang_ = false;
  std::map<std::int64_t, Row> tables_[table_count];
  std::map<std::int64_t, OrderHistory> orders_;
  std::map<std::pair<Table, std::int64_t>, History> values_;
  std::map<std::pair<Table, std::int64_t>, std::size_t> loaded_;
};

// An order's rows as text: items by id, payments by id, shipments by id with their parcels and
// scans. Used by the model and by the law.
struct OrderText {
  std::map<std::int64_t, std::string> items;
  std::map<std::int64_t, std::string> payments;
  std::map<std::int64_t, std::string> shipments;  // nested_text() of carrier and parcels
  std::string text() const;
};
std::string item_text(const Row& row);
// A row's own value, and what is below it.
std::string nested_text(std::int64_t value, const std::map<std::int64_t, std::string>& below);
std::string number_text(std::int64_t number);

}  // namespace tailrace::simulation
