// Prints rows as capture reads them, one JSON object per line, for the differential test:
//   {"t":"table","op":"snapshot","after":{"column":"<JSON text of the value>",…}}
// A column that the image does not have is left out. A date that no calendar has is printed as
// impossible "0000-00-00". The server is the one that TAILRACE_TEST_SERVER names.
//   rows_program DATABASE snapshot TABLE...       of a first load
//   rows_program DATABASE binlog FILE TABLE...    of a binlog, with the schema from the server
//   rows_program DATABASE binlog-alone FILE TABLE...   of a binlog, with nothing but the file
// Exit: 0, or 1 with the error on stderr.
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capture/binlog/binlog_file.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/table_maps.hpp"
#include "capture/captured_tables.hpp"
#include "capture/catalog.hpp"
#include "capture/snapshot.hpp"
#include "core/json_writer.hpp"
#include "tests/integration/capture/server.hpp"

namespace tailrace::capture::testing {
namespace {

std::string shown(const Value& value) {
  std::string text;
  if (value.kind() == ValueKind::impossible_date) {
    return "impossible \"" + std::string(value.as_text()) + "\"";
  }
  append_json_value(text, value);
  return text;
}

void append_image(std::string& line, const char* name, const TableSchema& schema,
                  std::span<const Value> image) {
  if (image.empty()) return;
  line.append(",\"").append(name).append("\":{");
  bool first = true;
  for (std::size_t i = 0; i < image.size(); ++i) {
    if (image[i].is_absent()) continue;
    if (!first) line += ',';
    first = false;
    append_json_string(line, schema.columns[i].name);
    line += ':';
    append_json_string(line, shown(image[i]));
  }
  line += '}';
}

void print(const RowChange& change, const char* op) {
  std::string line = "{\"t\":";
  append_json_string(line, change.table->id.table);
  line.append(",\"op\":\"").append(op).append("\"");
  append_image(line, "before", *change.table, change.before);
  append_image(line, "after", *change.table, change.after);
  line += "}\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
}

const char* op_name(RowOp op) {
  switch (op) {
    case RowOp::insert: return "insert";
    case RowOp::update: return "update";
    case RowOp::remove: return "delete";
  }
  return "";
}

struct Job {
  MysqlOptions server;
  std::vector<TableSelection> selections;
  std::vector<TableSchema> schemas;
};

Result<void> print_snapshot(const Job& job) {
  TAILRACE_ASSIGN(const auto tables, CapturedTables::build(job.selections, job.schemas));
  Snapshot snapshot(tables, {.database = job.server.database});
  TAILRACE_ASSIGN(auto connection, mysql::Connection::connect(job.server, mysql::Use::snapshot));
  TAILRACE_TRY(snapshot.open(connection));
  std::optional<Error> failed;
  const auto deliver = [&](std::unique_ptr<SnapshotRows> rows) {
    while (true) {
      const auto batch = rows->next();
      if (!batch) failed = batch.error();
      if (!batch || batch->empty()) return batch.has_value();
      for (const RowChange& change : *batch) print(change, "snapshot");
    }
  };
  TAILRACE_TRY(snapshot.read(connection, deliver));
  if (failed) return Failure(*failed);
  return {};
}

class BinlogRows {
 public:
  BinlogRows(const Job& job, bool alone)
      : job_(job), alone_(alone), maps_([this](const TableMap& map) { return bind(map); }) {}

  Result<void> print_file(const std::string& path) {
    TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(path));
    while (true) {
      TAILRACE_ASSIGN(const auto event, file.next());
      if (!event) return {};
      TAILRACE_TRY(apply(*event, file.format()));
    }
  }

 private:
  Result<std::shared_ptr<const TableLayout>> bind(const TableMap& map) {
    for (const TableSchema& schema : job_.schemas) {
      if (schema.id != map.id) continue;
      if (alone_) return TableLayout::compile(map);
      return TableLayout::compile(map, std::make_shared<const TableSchema>(schema));
    }
    return std::shared_ptr<const TableLayout>();
  }

  Result<void> apply(const EventView& event, const FormatDescription& format) {
    if (is_mariadb_compressed(event.header.type)) {
      TAILRACE_ASSIGN(const EventView expanded, decompressor_.expand(event, format));
      return apply(expanded, format);
    }
    switch (event.header.type) {
      case EventType::table_map: {
        TAILRACE_TRY(maps_.add(event, format));
        return {};
      }
      case EventType::transaction_payload: return payload(event, format);
      case EventType::write_rows_v1: case EventType::update_rows_v1:
      case EventType::delete_rows_v1: case EventType::write_rows: case EventType::update_rows:
      case EventType::delete_rows: case EventType::partial_update_rows:
        return rows(event, format);
      default: return {};
    }
  }

  Result<void> payload(const EventView& event, const FormatDescription& format) {
    FormatDescription inner = format;
    inner.checksum = ChecksumAlgorithm::none;
    TAILRACE_TRY(payload_.open(event));
    while (true) {
      TAILRACE_ASSIGN(const auto next, payload_.next());
      if (!next) return {};
      TAILRACE_TRY(apply(*next, inner));
    }
  }

  Result<void> rows(const EventView& event, const FormatDescription& format) {
    TAILRACE_ASSIGN(const RowsEvent rows, parse_rows(event, format));
    const TableMaps::Entry* const entry = maps_.find(rows.table_id);
    if (entry == nullptr || entry->layout == nullptr) return {};
    const TableSchema& schema = entry->layout->schema();
    RowDecoder decoder(*entry->layout, rows, arena_);
    std::vector<Value> before(rows.op == RowOp::insert ? 0 : schema.columns.size());
    std::vector<Value> after(rows.op == RowOp::remove ? 0 : schema.columns.size());
    while (true) {
      arena_.reset();
      TAILRACE_ASSIGN(const bool more, decoder.next(before, after));
      if (!more) break;
      print({&schema, rows.op, 0, before, after}, op_name(rows.op));
    }
    if (rows.ends_statement()) maps_.end_statement();
    return {};
  }

  const Job& job_;
  bool alone_;
  TableMaps maps_;
  MariadbDecompressor decompressor_;
  PayloadReader payload_;
  Arena arena_;
};

Result<void> run(std::vector<std::string> words) {
  Job job;
  job.server = server_options(true);
  job.server.database = words[0];
  const bool snapshot = words[1] == "snapshot";
  for (std::size_t i = snapshot ? 2 : 3; i < words.size(); ++i) {
    job.selections.push_back({.table = words[i]});
  }
  TAILRACE_ASSIGN(job.schemas, read_table_schemas(job.server, job.selections));
  if (snapshot) return print_snapshot(job);
  return BinlogRows(job, words[1] == "binlog-alone").print_file(words[2]);
}

}  // namespace
}  // namespace tailrace::capture::testing

int main(int count, char** words) {
  if (count < 4) {
    std::fputs("rows_program DATABASE snapshot|binlog|binlog-alone [FILE] TABLE...\n", stderr);
    return 2;
  }
  const auto done = tailrace::capture::testing::run({words + 1, words + count});
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", done.error().code.c_str(), done.error().message.c_str());
  return 1;
}
