// One connection to a MySQL or MariaDB server: queries with text results, and the binlog dump.
// The client library behind it is chosen when the program is built (capture/mysql/CMakeLists.txt).
// Threading: one thread at a time; another thread may interrupt() its Interrupter.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "capture/mysql/error_class.hpp"
#include "capture/mysql/interrupter.hpp"
#include "capture/mysql_options.hpp"
#include "core/position.hpp"
#include "core/result.hpp"

namespace tailrace::capture::mysql {

struct Handle;  // the client library's

// What the connection is for decides how long a read may take.
enum class Use { sql, snapshot, dump };

struct ServerVersion {
  bool mariadb = false;
  std::uint32_t number = 0;  // major * 10000 + minor * 100 + patch; majors are years since 2026
  std::string text;

  bool at_least(std::uint32_t major, std::uint32_t minor, std::uint32_t patch = 0) const {
    return number >= major * 10000 + minor * 100 + patch;
  }
};
ServerVersion parse_version(std::string_view text);

// A field of a text result: nullopt is NULL.
using Field = std::optional<std::string_view>;
// A row held in memory.
using Row = std::vector<std::optional<std::string>>;

struct DumpRequest {
  std::uint32_t server_id = 0;
  std::string replica_uuid;
  // The host that SHOW SLAVE HOSTS gives for this reader, at most 60 bytes; empty: it is not
  // listed. libmysqlclient cannot register a reader.
  std::string name;
  Milliseconds heartbeat{10000};
  // Set: begin behind it, and `from` is not used. Error halt source.diverged if it is of the other
  // flavour than the server.
  std::optional<GtidSet> executed;
  // Without a file: from the oldest that the server has. Offsets above 4 GiB only MySQL knows, with
  // gtid_mode = ON: MariaDB halts with source.position.
  BinlogPosition from;
  bool waits = true;  // for new events; else the stream ends with the binlog
};

class Connection {
 public:
  // Connects without a default database, in utf8mb4 and UTC. An interrupter that fired already
  // makes it fail with the retry error source.stopped.
  static Result<Connection> connect(const MysqlOptions& options, Use use,
                                    std::shared_ptr<Interrupter> interrupter = nullptr);
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;
  ~Connection();

  const ServerVersion& version() const { return version_; }
  bool encrypted() const { return encrypted_; }

  Result<void> execute(std::string_view sql);
  // The whole result in memory: for catalogue and variables.
  Result<std::vector<Row>> query(std::string_view sql);
  // First field of the first row; error source.query if there is none.
  Result<std::string> scalar(std::string_view sql);

  // A result read row by row as the server sends it. Read to the end (nullopt) or drop the
  // connection. Fields are valid until the next call.
  Result<void> start_query(std::string_view sql);
  Result<std::optional<std::span<const Field>>> next_row();

  // Turns this connection into a stream of binlog events; nothing else can be done with it then.
  Result<void> start_dump(const DumpRequest& request);
  // The next event from its header on, valid until the next call. Waits up to three heartbeats.
  Result<std::span<const std::uint8_t>> read_event();
  // The same of a dump that does not wait: nullopt where the binlog ends.
  Result<std::optional<std::span<const std::uint8_t>>> read_event_or_end();

  // `text` as a string literal with quotes.
  std::string literal(std::string_view text);

 private:
  explicit Connection(std::unique_ptr<Handle> handle);
  void close();

  std::unique_ptr<Handle> handle_;
  ServerVersion version_;
  bool encrypted_ = false;
  std::vector<Field> fields_;
};

// `name` in backticks.
std::string quoted_name(std::string_view name);

}  // namespace tailrace::capture::mysql
