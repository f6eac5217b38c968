// Reads chosen roots again beside the stream and puts what the source has of them into the log as
// `replace` records (engine.md §8): what the log lost, or never knew, is put right. A root that the
// stream changes meanwhile is read once more. What waits is kept in the control topic, so it goes
// on where it was after a crash.
// Threading: capture's thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "capture/root_reader.hpp"
#include "engine/control_records.hpp"
#include "engine/import_desk.hpp"
#include "stream/event_log.hpp"
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
  // A change of this root was appended; all of them: a table was emptied.
  void touched(std::uint16_t document, std::string_view root);
  void touched_all();
  // Everything appended is in the log for good.
  void committed();

 private:
  struct Root {
    std::string id;
    std::vector<std::string> texts;  // of its key's columns
    std::string key;                 // with what root keys begin with for the shard
    bool touched = false;
  };
  struct Reading {
    std::uint64_t number = 0;
    std::uint16_t document = 0;
    std::vector<Root> roots;
    std::unordered_map<std::string, std::size_t> by_key;
    SavedPosition at;  // the stream's, when it was begun: what is read holds all of it
    std::optional<capture::RootRows> rows;
    Deadline began{};
  };

  Result<bool> take_orders(const Append& append);
  Result<ImportReceipt> start(const ImportRequest& request, const Append& append);
  Result<ImportReceipt> stop(std::uint64_t number, const Append& append);
  Result<std::uint16_t> document_of(const std::string& name) const;
  // nullopt: the id is of another shard. Error dead_letter import.bad_id.
  Result<std::optional<Root>> root_of(std::uint16_t document, const std::string& id) const;
  const TableSchema& schema_of(std::string_view table) const;
  void begin(const SavedPosition& position);
  capture::RootRequest request() const;
  Result<void> poll();
  void put_off(const Error& error);
  Result<void> finish(const Append& append, const AppendGroup& append_group);
  Result<void> append_roots(const AppendGroup& append_group);
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
  struct Answer {
    std::unique_ptr<ImportDesk::Order> order;
    ImportReceipt receipt;
  };
  std::vector<Answer> answers_;  // for when they are committed
};

}  // namespace tailrace::engine
