#include "capture/mysql/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <mutex>

#include "capture/mysql/handle.hpp"
#include "core/log.hpp"

namespace tailrace::capture::mysql {
namespace {

constexpr unsigned long max_packet_bytes = 1ul << 30;

// The library keeps state per process and, in libmysqlclient, per thread.
void prepare_library() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_library_init(0, nullptr, nullptr); });
  struct ThreadState {
    ThreadState() { mysql_thread_init(); }
    ~ThreadState() { mysql_thread_end(); }
  };
  static thread_local ThreadState state;
  static_cast<void>(state);
}

unsigned seconds(Milliseconds time) {
  return static_cast<unsigned>(std::max<std::int64_t>(1, (time.count() + 999) / 1000));
}

unsigned read_timeout_s(const MysqlOptions& options, Use use) {
  switch (use) {
    case Use::sql: return std::max(60u, seconds(3 * options.heartbeat));
    case Use::snapshot: return 3600;
    case Use::dump: return seconds(3 * options.heartbeat);
  }
  return 60;
}

void set_common_options(MYSQL* mysql, const MysqlOptions& options, Use use) {
  const unsigned connect_s = seconds(options.connect_timeout);
  const unsigned read_s = read_timeout_s(options, use);
  const unsigned write_s = 60;
  const unsigned no_local_files = 0;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
  mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_s);
  mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
  mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no_local_files);
  mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &max_packet_bytes);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

// A peer that vanished is noticed although a query may rightly take long.
void watch_peer(int socket) {
  const int on = 1;
  const int idle_s = 15;
  const int interval_s = 5;
  const int probes = 4;
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

Result<std::unique_ptr<Handle>> open(const MysqlOptions& options, Use use, bool encrypt) {
  prepare_library();
  auto handle = std::make_unique<Handle>();
  const bool local = options.host.starts_with('/');
  handle->place = local ? options.host : options.host + ":" + std::to_string(options.port);
  set_common_options(handle->mysql, options, use);
  backend::set_options(handle->mysql, options, encrypt && !local);
  // "localhost" would otherwise mean the library's own idea of a socket file.
  const unsigned protocol = local ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
  mysql_options(handle->mysql, MYSQL_OPT_PROTOCOL, &protocol);
  if (!mysql_real_connect(handle->mysql, local ? nullptr : options.host.c_str(),
                          options.user.c_str(), options.password.reveal().c_str(), nullptr,
                          options.port, local ? options.host.c_str() : nullptr, 0)) {
    return Failure(classify(handle->error(), Stage::connect, "connect to " + handle->place));
  }
  const bool insists = options.tls != TlsMode::preferred && options.tls != TlsMode::disabled;
  if (insists && !local && mysql_get_ssl_cipher(handle->mysql) == nullptr) {
    return halt("source.tls", "the server " + handle->place + " does not encrypt connections; "
                "set it up for TLS, or allow plain ones in source.mysql.tls of the pipeline file");
  }
  watch_peer(backend::socket_of(handle->mysql));
  return handle;
}

Result<std::unique_ptr<Handle>> open_by_mode(const MysqlOptions& options, Use use) {
  const bool encrypt = options.tls != TlsMode::disabled;
  auto handle = open(options, use, encrypt);
  const bool fall_back = !handle && options.tls == TlsMode::preferred &&
                         (handle.error().code == "source.tls" ||
                          handle.error().message.find("(error 2026)") != std::string::npos);
  if (!fall_back) return handle;
  log_debug("source.tls_not_available", {{"reason", handle.error().message}});
  return open(options, use, false);
}

Failure failed(const Handle& handle, Stage stage, std::string_view doing) {
  return Failure(classify(handle.error(), stage, std::string(doing) + " at " + handle.place));
}

}  // namespace

ServerError Handle::error() const { return {mysql_errno(mysql), mysql_error(mysql)}; }

ServerVersion parse_version(std::string_view text) {
  ServerVersion version;
  version.text = text;
  version.mariadb = text.find("MariaDB") != std::string_view::npos;
  if (version.mariadb && text.starts_with("5.5.5-")) text.remove_prefix(6);
  const char* at = text.data();
  const char* end = at + text.size();
  std::uint32_t parts[3] = {};
  for (std::uint32_t& part : parts) {
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc()) break;
    at = next;
    if (at != end && *at == '.') ++at;
  }
  version.number = parts[0] * 10000 + parts[1] * 100 + parts[2];
  return version;
}

std::string quoted_name(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out.push_back('`');
    out.push_back(c);
  }
  out.push_back('`');
  return out;
}

Connection::Connection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Connection::Connection(Connection&& other) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept {
  if (this != &other) {
    close();
    handle_ = std::move(other.handle_);
    version_ = std::move(other.version_);
    encrypted_ = other.encrypted_;
    fields_ = std::move(other.fields_);
  }
  return *this;
}
Connection::~Connection() { close(); }

void Connection::close() { handle_.reset(); }

Result<Connection> Connection::connect(const MysqlOptions& options, Use use,
                                       std::shared_ptr<Interrupter> interrupter) {
  if (interrupter && interrupter->interrupted()) return retry("source.stopped", "stopping");
  TAILRACE_ASSIGN(auto handle, open_by_mode(options, use));
  if (interrupter) {
    const int socket = backend::socket_of(handle->mysql);
    if (!interrupter->attach(socket)) return retry("source.stopped", "stopping");
    handle->attached = socket;
    handle->interrupter = std::move(interrupter);
  }
  Connection connection(std::move(handle));
  MYSQL* mysql = connection.handle_->mysql;
  connection.version_ = parse_version(mysql_get_server_info(mysql));
  connection.encrypted_ = mysql_get_ssl_cipher(mysql) != nullptr;
  // Values and literals must not depend on how the server is set up.
  TAILRACE_TRY(connection.execute(
      "SET SESSION time_zone = '+00:00', sql_mode = '', net_write_timeout = 86400, "
      "wait_timeout = 86400"));
  TAILRACE_TRY(connection.execute(connection.version_.mariadb
                                      ? "SET SESSION max_statement_time = 0"
                                  : connection.version_.at_least(5, 7, 8)
                                      ? "SET SESSION max_execution_time = 0"
                                      : "DO 0"));
  return connection;
}

Result<void> Connection::start_query(std::string_view sql) {
  MYSQL* mysql = handle_->mysql;
  if (mysql_real_query(mysql, sql.data(), static_cast<unsigned long>(sql.size())) != 0) {
    return failed(*handle_, Stage::query, "run a query");
  }
  handle_->result = mysql_use_result(mysql);
  if (!handle_->result && mysql_errno(mysql) != 0) {
    return failed(*handle_, Stage::query, "read a result");
  }
  return {};
}

Result<std::optional<std::span<const Field>>> Connection::next_row() {
  using Next = std::optional<std::span<const Field>>;
  if (!handle_->result) return Next{};
  MYSQL_ROW row = mysql_fetch_row(handle_->result);
  if (!row) {
    const ServerError error = handle_->error();
    mysql_free_result(handle_->result);
    handle_->result = nullptr;
    if (error.code != 0) {
      return Failure(classify(error, Stage::query, "read rows from " + handle_->place));
    }
    return Next{};
  }
  const unsigned long* sizes = mysql_fetch_lengths(handle_->result);
  fields_.resize(mysql_num_fields(handle_->result));
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    fields_[i] = row[i] ? Field(std::string_view(row[i], sizes[i])) : Field();
  }
  return Next(std::span<const Field>(fields_));
}

Result<void> Connection::execute(std::string_view sql) {
  TAILRACE_TRY(start_query(sql));
  while (true) {
    TAILRACE_ASSIGN(const auto row, next_row());
    if (!row) return {};
  }
}

Result<std::vector<Row>> Connection::query(std::string_view sql) {
  TAILRACE_TRY(start_query(sql));
  std::vector<Row> rows;
  while (true) {
    TAILRACE_ASSIGN(const auto row, next_row());
    if (!row) return rows;
    Row& copy = rows.emplace_back();
    for (const Field& field : *row) {
      copy.push_back(field ? std::optional<std::string>(*field) : std::nullopt);
    }
  }
}

Result<std::string> Connection::scalar(std::string_view sql) {
  TAILRACE_ASSIGN(auto rows, query(sql));
  if (rows.empty() || rows[0].empty() || !rows[0][0]) {
    return halt("source.query", "no answer from " + handle_->place + " to: " + std::string(sql));
  }
  return std::move(*rows[0][0]);
}

std::string Connection::literal(std::string_view text) {
  std::string out(text.size() * 2 + 3, '\'');
  const unsigned long size = mysql_real_escape_string(
      handle_->mysql, out.data() + 1, text.data(), static_cast<unsigned long>(text.size()));
  out[size + 1] = '\'';
  out.resize(size + 2);
  return out;
}

Result<void> Connection::start_dump(const DumpRequest& request) {
  const std::string period = std::to_string(request.heartbeat.count() * 1'000'000);
  // Announcing a checksum means that we can read them; the server decides (binlog.md §1).
  std::string sql = "SET @master_binlog_checksum = 'CRC32', @source_binlog_checksum = 'CRC32', "
                    "@master_heartbeat_period = " + period +
                    ", @source_heartbeat_period = " + period;
  if (!request.replica_uuid.empty()) {
    const std::string uuid = literal(request.replica_uuid);
    sql += ", @slave_uuid = " + uuid + ", @replica_uuid = " + uuid;
  }
  const auto& executed = request.executed;
  const bool fits = !executed || (version_.mariadb && executed->mariadb()) ||
                    (!version_.mariadb && executed->mysql());
  if (!fits) {
    return halt("source.diverged",
                "what was read is not of " + handle_->place + ", a server of the other flavour; "
                "point the pipeline at the right server");
  }
  if (!version_.mariadb) {
    TAILRACE_TRY(execute(sql));
    return backend::start_dump(*handle_, request, false);
  }
  if (!executed && request.from.offset > std::numeric_limits<std::uint32_t>::max()) {
    return halt("source.position", "MariaDB cannot begin at " + request.from.text() +
                                       ", above 4 GiB; begin at " + request.from.file +
                                       ":4, or at a GTID position");
  }
  // MariaDB takes the position from variables; 4: this reader knows its GTID events.
  DumpRequest positioned = request;
  sql += ", @mariadb_slave_capability = 4";
  if (executed) {
    sql += ", @slave_connect_state = " + literal(executed->text()) +
           ", @slave_gtid_strict_mode = 1, @slave_gtid_ignore_duplicates = 0";
    positioned.from = {"", 4};
  }
  TAILRACE_TRY(execute(sql));
  return backend::start_dump(*handle_, positioned, true);
}

Result<std::span<const std::uint8_t>> Connection::read_event() {
  TAILRACE_ASSIGN(const auto packet, read_event_or_end());
  if (packet) return *packet;
  return retry("source.unreachable", "the server " + handle_->place + " ended the stream");
}

Result<std::optional<std::span<const std::uint8_t>>> Connection::read_event_or_end() {
  TAILRACE_ASSIGN(const auto packet, backend::read_packet(*handle_));
  if (packet.empty()) return std::nullopt;
  return packet;
}

}  // namespace tailrace::capture::mysql
