#include "tests/simulation/sim_source.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace tailrace::simulation {

namespace {

struct TableShape {
  const char* name;
  std::vector<const char*> columns;
};

const std::array<TableShape, table_count>& shapes() {
  static const std::array<TableShape, table_count> all = {{
      {"orders", {"id", "note"}},
      {"items", {"id", "order_id", "product_id", "price_id", "qty"}},
      {"payments", {"id", "order_id", "amount"}},
      {"products", {"id", "name", "category_id"}},
      {"categories", {"id", "name"}},
      {"prices", {"id", "amount"}},
      {"shipments", {"id", "order_id", "carrier"}},
      {"parcels", {"id", "shipment_id", "weight"}},
      {"scans", {"id", "parcel_id", "place"}},
  }};
  return all;
}

std::vector<Value> values_of(const std::optional<Row>& row) {
  std::vector<Value> values;
  if (!row) return values;
  for (const std::int64_t number : *row) {
    values.push_back(number == null_value ? Value::null() : Value::int64(number));
  }
  return values;
}

// A few rows at a time, so that the reader has to ask again.
class VectorRows final : public RowStream {
 public:
  void add(const TableSchema* table, const RowEvent& event) {
    Stored stored{table, RowOp::update, values_of(event.before), values_of(event.after)};
    if (!event.before) stored.op = RowOp::insert;
    if (!event.after) stored.op = RowOp::remove;
    rows_.push_back(std::move(stored));
  }
  Result<std::span<const RowChange>> next() override {
    constexpr std::size_t at_once = 3;
    batch_.clear();
    for (; batch_.size() < at_once && at_ < rows_.size(); ++at_) {
      const Stored& row = rows_[at_];
      batch_.push_back({row.table, row.op, static_cast<std::uint32_t>(at_), row.before, row.after});
    }
    return std::span<const RowChange>(batch_);
  }
  Result<void> rewind() override {
    at_ = 0;
    return {};
  }
  std::uint64_t bytes() const override { return 40 * rows_.size(); }

 private:
  struct Stored {
    const TableSchema* table;
    RowOp op;
    std::vector<Value> before;
    std::vector<Value> after;
  };
  std::vector<Stored> rows_;
  std::vector<RowChange> batch_;
  std::size_t at_ = 0;
};

std::unique_ptr<RowStream> rows_of(const std::vector<TableSchema>& schemas,
                                   const Changes& changes) {
  auto rows = std::make_unique<VectorRows>();
  for (const RowEvent& event : changes) {
    rows->add(&schemas[static_cast<std::size_t>(event.table)], event);
  }
  return rows;
}

void note_lost(const RowEvent& event, LostChanges& lost) {
  for (const std::optional<Row>* row : {&event.before, &event.after}) {
    if (!*row) continue;
    const bool is_root = event.table == Table::orders;
    const bool is_child = event.table == Table::items || event.table == Table::payments ||
                          event.table == Table::shipments;
    if (is_root || is_child) {
      lost.orders.insert((**row)[is_root ? 0 : 1]);
    } else {
      lost.values.insert({event.table, (**row)[0]});
    }
  }
}

}  // namespace

std::vector<TableSchema> shop_schemas() {
  std::vector<TableSchema> schemas;
  for (const TableShape& shape : shapes()) {
    TableSchema& schema = schemas.emplace_back();
    schema.id = {"shop", shape.name};
    for (const char* column : shape.columns) {
      schema.columns.push_back({column, {}});
      schema.columns.back().type.kind = ColumnKind::bigint;
    }
    schema.primary_key = {0};
  }
  return schemas;
}

SimServer::SimServer(std::size_t source) : source_(source) { fail_over(0); }

void SimServer::commit(const std::vector<Write>& writes) {
  // The column that documents show, by table.
  static constexpr std::size_t shown[table_count] = {1, 4, 2, 1, 1, 1, 2, 2, 2};
  std::vector<Write> own = writes;
  for (Write& write : own) {
    if (!write.row) continue;
    std::int64_t& number = (*write.row)[shown[static_cast<std::size_t>(write.table)]];
    if (number == null_value) continue;
    number =
        number % numbers_of_a_source + static_cast<std::int64_t>(source_) * numbers_of_a_source;
  }
  Changes changes = model_.commit(own);
  if (!changes.empty()) append(std::move(changes));
}

void SimServer::commit_elsewhere() { append({}); }

void SimServer::commit_silently(const std::vector<Write>& writes) { model_.commit(writes); }

void SimServer::truncate(Table table) {
  if (payments_hang_ && table == Table::orders) return;  // refused: a foreign key points at it
  std::vector<Write> writes;
  for (const auto& [key, row] : model_.rows(table)) writes.push_back({table, key, std::nullopt});
  append(model_.commit(writes));
  binlog_.back().emptied = table;
}

void SimServer::append(Changes changes) {
  binlog_.push_back({MysqlGtid{{uuid_, ""}, next_number_++}, std::move(changes)});
}

LostChanges SimServer::fail_over(std::size_t lost) {
  LostChanges changes;
  const std::size_t unread = binlog_.size() - read_up_to_;
  if (lost = std::min(lost, unread); lost > 0) {
    const std::size_t kept = binlog_.size() - lost;
    for (std::size_t i = kept; i < std::min(ever_read_up_to_, binlog_.size()); ++i) {
      for (const RowEvent& event : binlog_[i].changes) note_lost(event, changes);
    }
    binlog_.resize(kept);
    ever_read_up_to_ = std::min(ever_read_up_to_, kept);
    ShopModel replica;
    if (payments_hang_) replica.hang_payments();
    for (const BinlogEntry& entry : binlog_) replica.replay(entry.changes);
    become(replica);
  }
  read_up_to_ = ever_read_up_to_;
  ++servers_;
  uuid_.fill(static_cast<std::uint8_t>(servers_));
  uuid_[0] = static_cast<std::uint8_t>(source_);
  uuid_text_ = uuid_text(uuid_);
  next_number_ = 1;
  return changes;
}

// What was lost was true once, so it stays in the histories.
void SimServer::become(const ShopModel& replica) {
  std::vector<Write> writes;
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto table = static_cast<Table>(t);
    for (const auto& [key, row] : replica.rows(table)) {
      const Row* const known = model_.find(table, key);
      if (known == nullptr || *known != row) writes.push_back({table, key, row});
    }
  }
  for (std::size_t t = table_count; t-- > 0;) {
    const auto table = static_cast<Table>(t);
    for (const auto& [key, row] : model_.rows(table)) {
      if (replica.find(table, key) == nullptr) writes.push_back({table, key, std::nullopt});
    }
  }
  commit_silently(writes);
}

GtidSet SimServer::executed() const {
  GtidSet set;
  for (const BinlogEntry& entry : binlog_) set.add(entry.gtid);
  return set;
}

Result<void> SimSource::start(const SourcePosition& from) {
  if (!server_.executed().contains(from.gtid_set)) {
    return halt("source.diverged", "the server lacks transactions that were read");
  }
  position_ = from;
  announced_ = tables_read_ = false;
  chunks_.clear();
  index_ = next_in_binlog();
  if (from.snapshot == SnapshotPhase::none) {
    position_.gtid_set = server_.executed();
    index_ = server_.binlog().size();
    server_.note_read(index_);
    server_.note_load_begun();
  }
  high_ = from.snapshot_high.offset;
  position_.binlog = {"binlog.000001", index_};
  told_server_.clear();
  return {};
}

std::size_t SimSource::next_in_binlog() const {
  const auto& binlog = server_.binlog();
  std::size_t index = 0;
  while (index < binlog.size() && position_.gtid_set.contains(binlog[index].gtid)) ++index;
  return index;
}

Result<std::optional<GtidSet>> SimSource::lost_at_takeover(const SourcePosition& read) {
  const GtidSet lost = read.gtid_set.minus(server_.executed());
  if (lost == read.gtid_set) return std::nullopt;
  return std::optional(lost);
}

Transaction SimSource::announce(TransactionKind kind) const {
  Transaction transaction;
  transaction.kind = kind;
  transaction.position = position_;
  return transaction;
}

// The consistent snapshot: lookup tables first, as the real one does. Of the others a parent may
// come before its children or behind them.
void SimSource::read_tables() {
  high_ = server_.binlog().size();
  server_.note_read(high_);
  server_.note_load();
  for (const Table table :
       {Table::products, Table::categories, Table::prices, Table::orders, Table::items,
        Table::parcels, Table::payments, Table::shipments, Table::scans}) {
    Changes chunk;
    for (const auto& [key, row] : server_.model().rows(table)) {
      chunk.push_back({table, std::nullopt, row});
      if (chunk.size() == chunk_rows_) chunks_.push_back(std::exchange(chunk, {}));
    }
    if (!chunk.empty()) chunks_.push_back(std::move(chunk));
  }
}

Result<std::optional<Transaction>> SimSource::next(Deadline) {
  position_.server_uuid = server_.uuid();
  const bool loading =
      position_.snapshot == SnapshotPhase::none || position_.snapshot == SnapshotPhase::reading;
  if (!loading) return stream();
  if (!announced_) {
    announced_ = true;
    position_.snapshot = SnapshotPhase::reading;
    return announce(TransactionKind::position_only);
  }
  if (!tables_read_) {
    tables_read_ = true;
    read_tables();
  }
  if (!chunks_.empty()) {
    Transaction transaction = announce(TransactionKind::snapshot_rows);
    transaction.rows = rows_of(schemas_, chunks_.front());
    chunks_.pop_front();
    return transaction;
  }
  position_.snapshot = SnapshotPhase::catching_up;
  position_.snapshot_high = {"binlog.000001", high_};
  return announce(TransactionKind::position_only);
}

Result<std::optional<Transaction>> SimSource::stream() {
  // The first event of a stream tells where it is, before anything that happened there.
  if (told_server_ != server_.uuid()) {
    if (!server_.executed().contains(position_.gtid_set)) {
      return halt("source.diverged", "the server lacks transactions that were read");
    }
    told_server_ = server_.uuid();
    index_ = next_in_binlog();
    position_.binlog = {"binlog.000001", index_};
    return announce(TransactionKind::position_only);
  }
  if (position_.snapshot == SnapshotPhase::catching_up && index_ >= high_) {
    position_.snapshot = SnapshotPhase::done;
    return announce(TransactionKind::snapshot_end);
  }
  const auto& binlog = server_.binlog();
  if (index_ >= binlog.size()) return std::optional<Transaction>();
  std::uint64_t skipped = 0;
  while (index_ + 1 < binlog.size() && binlog[index_].changes.empty() && !binlog[index_].emptied) {
    position_.gtid_set.add(binlog[index_++].gtid);
    ++skipped;
  }
  const BinlogEntry& entry = binlog[index_++];
  server_.note_read(index_);
  position_.gtid_set.add(entry.gtid);
  position_.binlog = {"binlog.000001", index_};
  Transaction transaction = announce(TransactionKind::rows);
  transaction.transactions_skipped = skipped;
  transaction.gtid = gtid_text(entry.gtid);
  transaction.commit_time_us = static_cast<std::int64_t>(index_) * 1000;
  if (entry.emptied) {
    const TableId& table = schemas_[static_cast<std::size_t>(*entry.emptied)].id;
    transaction.kind = TransactionKind::position_only;
    transaction.table_events.push_back(
        {TableEventKind::truncate, table, "TRUNCATE " + table.table});
  } else if (entry.changes.empty()) {
    transaction.kind = TransactionKind::position_only;
    transaction.transactions_skipped = skipped + 1;
  } else {
    transaction.rows = rows_of(schemas_, entry.changes);
  }
  return transaction;
}

void SimRootReader::begin(capture::RootRequest request) {
  request_ = std::move(request);
  rows_.reset();
}

Result<std::optional<capture::RootRows>> SimRootReader::poll() {
  if (!request_) return std::nullopt;
  if (!server_.executed().contains(request_->read.gtid_set)) {
    return retry("import.other_server", "the server lacks transactions that were read");
  }
  if (!rows_) {
    rows_ = read();
    return std::nullopt;
  }
  request_.reset();
  return std::exchange(rows_, std::nullopt);
}

capture::RootRows SimRootReader::read() const {
  capture::RootRows read;
  read.server_uuid = server_.uuid();
  read.high = {"binlog.000001", server_.binlog().size()};
  for (const capture::RootTable& table : request_->tables) {
    std::size_t at = 0;
    while (schemas_[at].id.table != table.table) ++at;
    // The key is the first column of the root, and the second of what hangs on it.
    const std::size_t column = schemas_[at].columns[0].name == table.columns.at(0) ? 0 : 1;
    Changes found;
    for (const auto& [key, row] : server_.model().rows(static_cast<Table>(at))) {
      const bool wanted =
          std::any_of(request_->keys.begin(), request_->keys.end(), [&](const auto& texts) {
            return row[column] != null_value && texts.at(0) == std::to_string(row[column]);
          });
      if (wanted) found.push_back({static_cast<Table>(at), std::nullopt, row});
    }
    read.tables.push_back(rows_of(schemas_, found));
  }
  return read;
}

Result<Value> SimRootReader::key_value(const ColumnType&, std::string_view text, Arena&) const {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return dead_letter("import.bad_id", "not a number");
  return Value::int64(number);
}

}  // namespace tailrace::simulation
