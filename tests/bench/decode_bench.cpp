// Rows per second of decoding every column of binlog files into nothing, and of walking the events.
//   decode_bench FILE… [--passes N]
// The best of N passes is shown; the file is in the page cache after the first.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "capture/binlog/binlog_file.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/binlog/row_decoder.hpp"
#include "capture/binlog/table_maps.hpp"

namespace {

using namespace tailrace;
using namespace tailrace::capture;

class Pass {
 public:
  Result<void> run(const std::string& path) {
    TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(path));
    while (true) {
      TAILRACE_ASSIGN(const auto event, file.next());
      if (!event) break;
      bytes += event->header.size;
      TAILRACE_TRY(apply(*event, file.format()));
    }
    return {};
  }

  std::uint64_t bytes = 0;
  std::uint64_t events = 0;
  std::uint64_t images = 0;
  std::uint64_t sum = 0;  // keeps the values from being optimised away

 private:
  Result<void> apply(const EventView& event, const FormatDescription& format) {
    ++events;
    if (event.header.type == EventType::table_map) {
      TAILRACE_TRY(maps_.add(event, format));
      return {};
    }
    if (event.header.type == EventType::transaction_payload) {
      TAILRACE_TRY(payload_.open(event));
      while (true) {
        TAILRACE_ASSIGN(const auto inner, payload_.next());
        if (!inner) return {};
        TAILRACE_TRY(apply(*inner, format));
      }
    }
    return is_rows_event(event.header.type) ? rows(event, format) : Result<void>();
  }

  Result<void> rows(const EventView& event, const FormatDescription& format) {
    TAILRACE_ASSIGN(const RowsEvent rows, parse_rows(event, format));
    const TableMaps::Entry* const entry = maps_.find(rows.table_id);
    if (entry == nullptr) return {};
    arena_.reset();
    RowDecoder decoder(*entry->layout, rows, arena_);
    before_.resize(entry->layout->schema().columns.size());
    after_.resize(before_.size());
    while (true) {
      TAILRACE_ASSIGN(const bool more, decoder.next(before_, after_));
      if (!more) break;
      images += rows.op == RowOp::update ? 2 : 1;
      const auto& values = rows.op == RowOp::remove ? before_ : after_;
      sum += values.back().as_uint64();
    }
    if (rows.ends_statement()) maps_.end_statement();
    return {};
  }

  TableMaps maps_{[](const TableMap& map) { return TableLayout::compile(map); }};
  PayloadReader payload_;
  Arena arena_;
  std::vector<Value> before_;
  std::vector<Value> after_;
};

}  // namespace

int main(int argc, char** argv) {
  int passes = 5;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--passes") == 0 && i + 1 < argc) {
      passes = std::atoi(argv[++i]);
    } else {
      files.emplace_back(argv[i]);
    }
  }
  for (const std::string& file : files) {
    double best = 1e30;
    Pass shown;
    for (int i = 0; i < passes; ++i) {
      Pass pass;
      const auto start = std::chrono::steady_clock::now();
      if (auto result = pass.run(file); !result) {
        std::fprintf(stderr, "%s\n", result.error().message.c_str());
        return 1;
      }
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
      if (took.count() < best) best = took.count();
      shown = std::move(pass);
    }
    std::printf("%s: %.3f s, %.2f M row images/s, %.2f M events/s, %.0f MB/s (%llu images, %llx)\n",
                file.c_str(), best, static_cast<double>(shown.images) / best / 1e6,
                static_cast<double>(shown.events) / best / 1e6,
                static_cast<double>(shown.bytes) / best / 1e6,
                static_cast<unsigned long long>(shown.images),
                static_cast<unsigned long long>(shown.sum));
  }
  return 0;
}
