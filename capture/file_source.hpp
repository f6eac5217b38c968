// Transactions of binlog files instead of a server: nothing is loaded before, and it comes to an
// end. What was read is counted per file, in a GTID set of its own kind: the uuid stands for the
// file, the number for a transaction's place in it.
// Threading: as ChangeSource says; at_end() from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "capture/buffered_rows.hpp"
#include "capture/captured_tables.hpp"
#include "capture/change_source.hpp"
#include "capture/file_events.hpp"
#include "capture/known_schemas.hpp"

namespace tailrace::capture {

struct FileSourceOptions {
  std::vector<std::string> files;  // in the order in which they were written; no pipes
  std::vector<TableSelection> tables;
  std::vector<TableSchema> schemas;  // of `tables`, in their order: read_file_schemas()
  KnownSchemas known;                // for files that name no columns
  SpoolOptions spool;
};

// What `tables` of `database` look like where they occur first in the files, else as `known` says.
// Errors halt: source.no_table, source.metadata_missing, source.no_column, file.open, binlog.*.
Result<std::vector<TableSchema>> read_file_schemas(const std::vector<std::string>& files,
                                                   const std::string& database,
                                                   std::span<const TableSelection> tables,
                                                   const KnownSchemas& known);

class FileSource final : public ChangeSource {
 public:
  // Error halt: a selected table or column is not in the schemas.
  static Result<std::unique_ptr<FileSource>> create(FileSourceOptions options);

  // Goes on behind what `from` has read of each file. Error halt source.diverged: `from` is of a
  // server.
  Result<void> start(const SourcePosition& from) override;
  Result<std::optional<Transaction>> next(Deadline deadline) override;
  // What was read up to now: files do not say what they hold before they are read.
  Result<GtidSet> committed_now() override { return position_.gtid_set; }
  Result<std::optional<GtidSet>> lost_at_takeover(const SourcePosition&) override {
    return std::nullopt;
  }
  void request_stop() noexcept override { stopped_ = true; }

  // Everything was read, and next() has told it: committed_now() is final.
  bool at_end() const { return at_end_; }

 private:
  FileSource(FileSourceOptions options, CapturedTables tables);
  Result<std::optional<Transaction>> read(const EventView& event);
  std::optional<Transaction> deliver(AssembledTransaction done,
                                     std::vector<TableEvent> table_events);
  Transaction behind();
  Transaction position_only();

  const FileSourceOptions options_;
  const CapturedTables tables_;
  const MappedTables names_;
  SchemaHistory history_;
  RowDecoding decoding_;
  std::unique_ptr<FileEvents> events_;
  std::unique_ptr<TransactionAssembler> assembler_;
  SourcePosition position_;
  MysqlGtidSet done_before_;   // in earlier runs
  std::string file_;           // that is being counted
  MysqlGtid count_;            // of the last transaction of it
  std::uint64_t skipped_ = 0;  // transactions without mapped rows since the last that had some
  bool rows_told_ = false;     // since the very beginning
  std::atomic<bool> stopped_{false};
  std::atomic<bool> at_end_{false};
};

}  // namespace tailrace::capture
