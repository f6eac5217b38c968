// Reads chosen roots again beside the stream and puts what the source has of them into the log as
// `replace` records (engine.md §8): what the log lost, or never knew, is put right. Rows that
// documents look up are read again the same way. What the stream changes meanwhile is read once
// more. What waits is kept in the control topic, so it goes on where it was after a crash.
// Threading: capture's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/root_reader.hpp"
#include "engine/control_records.hpp"
#include "engine/import_desk.hpp"
#include "stream/event_log.hpp"
#include "transform/projection/document_id.hpp"
#include "transform/projection/document_plan.hpp"
#include "transform/router.hpp"

namespace tailrace::engine {

struct RootImportSetup {
  std::string pipeline;
  std::string source;  // shard
  std::size_t group = 0;
  std::uint8_t source_index = 0;
  transform::SourceLayout layout;
  const transform::PipelinePlan& plan;
  const std::vector<TableSchema>& schemas;
  const Clock& clock;
};

class RootImport {
 public:
  using Append = std::function<Result<void>(const stream::Append&)>;
  using AppendGroup =
      std::function<Result<void>(const transform::Router::Group&, const transform::Origin&)>;

  // What `setup` refers to must outlive it, as the desk.
  RootImport(RootImportSetup setup, ImportDesk& desk, std::unique_ptr<capture::RootReader> reader,
             std::map<std::uint64_t, ImportRecord> waiting);
  // Whoever still waits for an answer is told to ask again.
  ~RootImport();

  // Takes orders, begins to read where `may_begin`, and appends what was read once the stream at
  // `position` has passed it; between transactions only. True: something was appended, which counts
  // when it is committed.
  Result<bool> step(const SavedPosition& position, bool may_begin, const Append& append,
                    const AppendGroup& append_group);
  // Appends an order for these roots of a document, or for the rows behind these keys of a lookup
  // log; it counts when it is committed. Errors halt: import.nested,
  // import.full, import.bad_key.
  Result<void> ask(std::uint16_t document, const std::set<std::string>& roots,
                   const Append& append);
  Result<void> ask_values(std::uint16_t lookup, const std::set<std::string>& keys,
                          const Append& append);
  // A change of this root, or lookup row, was appended; all of them: a table was emptied.
  void touched(std::uint16_t document, std::string_view root);
  void touched_value(std::uint16_t lookup, std::string_view key);
  void touched_all();
  // Everything appended is in the log for good.
  void committed();
  // Something is still to be read, or what was read is not committed.
  bool waits() const { return !waiting_.empty() || uncommitted_; }

 private:
  // Roots of a document, or rows of a lookup table by one of its key sets.
  struct Subject {
    std::uint16_t index = 0;  // of the document, or of the lookup table
    bool lookup = false;
    std::uint16_t key_set = 0;
    const TableSchema* schema = nullptr;  // of the table that has the key
    std::vector<std::string> columns;     // of the key
    transform::DocumentId ids;
    std::string prefix;  // what keys begin with for the shard
  };
  struct Root {
    std::string id;
    std::vector<std::string> texts;  // of its key's columns
    std::string key;                 // of the change log, or of the lookup log
    bool touched = false;
  };
  struct Reading {
    std::uint64_t number = 0;
    Subject subject;
    std::vector<Root> roots;
    std::unordered_map<std::string, std::size_t> by_key;
    SavedPosition at;  // the stream's, when it was begun: what is read holds all of it
    std::optional<capture::RootRows> rows;
    Deadline began{};
  };

  Result<bool> take_orders(const Append& append);
  Result<ImportReceipt> start(const ImportRequest& request, const Append& append);
  Result<ImportReceipt> stop(std::uint64_t number, const Append& append);
  // Error dead_letter import.full.
  Result<void> check_room(std::size_t more) const;
  Result<ImportReceipt> put(ImportRecord record, const Append& append);
  // Error halt import.bad_key: one cannot be asked for by its text.
  Result<void> put_keys(const ImportRecord& record, const Subject& subject,
                        const std::vector<std::string>& keys, const Append& append);
  // Errors dead_letter: import.nested, import.no_document.
  Result<Subject> subject_of(const ImportRecord& record) const;
  Result<Subject> document_of(const std::string& name) const;
  Subject lookup_of(std::uint16_t table, std::uint16_t key_set) const;
  // nullopt: the id is of another shard. Error dead_letter import.bad_id.
  Result<std::optional<Root>> root_of(const Subject& subject, const std::string& id) const;
  const TableSchema& schema_of(std::string_view table) const;
  void begin(const SavedPosition& position);
  capture::RootRequest request() const;
  Result<void> poll();
  void put_off(const Error& error);
  Result<void> finish(const Append& append, const AppendGroup& append_group);
  void touch(bool lookup, std::uint16_t index, std::string_view key);
  transform::Origin origin() const;
  Result<void> add_rows(transform::Router& router) const;
  Result<void> append_roots(const AppendGroup& append_group);
  Result<void> append_values(const Append& append);
  Result<void> save(std::uint64_t number, const Append& append);
  void show();

  const RootImportSetup setup_;
  ImportDesk& desk_;
  std::unique_ptr<capture::RootReader> reader_;
  std::map<std::uint64_t, ImportRecord> waiting_;
  std::map<std::uint64_t, std::uint64_t> again_;
  std::uint64_t next_number_ = 1;
  std::optional<Reading> reading_;
  std::size_t chunk_;  // roots read at a time
  Deadline not_before_{};
  unsigned failures_ = 0;
  std::string problem_;
  bool uncommitted_ = false;
  struct Answer {
    std::unique_ptr<ImportDesk::Order> order;
    ImportReceipt receipt;
  };
  std::vector<Answer> answers_;  // for when they are committed
};

}  // namespace tailrace::engine
