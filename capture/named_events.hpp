// The events of binlog files, one file after the other, made as self-contained as files can be:
// transactions unpacked, and column names in every TABLE_MAP, from definitions where the file has
// none.
// Threading: one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/binlog/binlog_file.hpp"
#include "capture/binlog/mariadb_compression.hpp"
#include "capture/binlog/payload_reader.hpp"
#include "capture/known_schemas.hpp"
#include "core/position.hpp"

namespace tailrace::capture {

class NamedEvents {
 public:
  NamedEvents(std::vector<std::string> files, KnownSchemas known);

  // The next event, valid until the next call; nullopt behind the last file. Errors are those of
  // BinlogFile and name the file.
  Result<std::optional<EventView>> next();

  // Of the file that the last event is in.
  const std::shared_ptr<const FormatDescription>& format() const { return format_; }
  const std::string& file() const { return files_[at_]; }
  // Behind the last event, with the file's name as the server gave it.
  BinlogPosition position() const;
  // Made from the file's name and its first events: the same again as long as it only grows.
  const std::string& file_uuid() const { return file_uuid_; }

  // What is known of a table that TABLE_MAP did not name; empty: all was well.
  const std::string& contradiction() const { return contradiction_; }
  const KnownSchemas& known() const { return known_; }

 private:
  struct Named {
    std::string body;        // of the TABLE_MAP in the file
    std::string named_body;  // empty: it stays as it is
    std::string contradiction;
  };

  Result<void> open_file();
  Result<std::optional<EventView>> next_raw();
  Result<EventView> name(const EventView& table_map);
  Result<void> note_definition(const EventView& event);

  std::vector<std::string> files_;
  KnownSchemas known_;
  std::size_t at_ = 0;
  std::optional<BinlogFile> file_;
  std::shared_ptr<const FormatDescription> format_;
  std::string file_uuid_;
  PayloadReader payload_;
  bool in_payload_ = false;
  bool alter_pending_ = false;
  MariadbDecompressor decompressor_;
  std::unordered_map<std::uint64_t, Named> named_;  // by table id
  std::string contradiction_;
};

}  // namespace tailrace::capture
