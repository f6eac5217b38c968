#include "capture/server_events.hpp"

#include <random>

#include "capture/server_facts.hpp"

namespace tailrace::capture {

namespace {

// A replica that waits must have a number of its own, or the server ends the other one's stream.
std::uint32_t some_server_id() {
  std::random_device random;
  return 0x80000000u | random();
}

// The end of the binlog; unknown where the account may not ask: the stream itself ends there then.
Result<BinlogPosition> end_of_binlog(const MysqlOptions& options) {
  TAILRACE_ASSIGN(auto connection, mysql::Connection::connect(options, mysql::Use::sql));
  auto end = read_binlog_end(connection);
  if (!end && end.error().code == "source.access_denied") return BinlogPosition{};
  return end;
}

}  // namespace

ServerEvents::ServerEvents(mysql::Connection dump, ServerRange range, std::string server)
    : dump_(std::move(dump)),
      range_(std::move(range)),
      server_(std::move(server)),
      reader_(ChecksumAlgorithm::crc32) {}

Result<ServerEvents> ServerEvents::open(const MysqlOptions& options, ServerRange range,
                                        std::shared_ptr<mysql::Interrupter> interrupter) {
  if (!range.follow && !range.stop.known()) {
    TAILRACE_ASSIGN(range.stop, end_of_binlog(options));
  }
  TAILRACE_ASSIGN(auto dump, mysql::Connection::connect(options, mysql::Use::dump, interrupter));
  mysql::DumpRequest request;
  request.waits = range.follow;
  request.server_id = range.follow ? some_server_id() : 0;
  if (dump.version().mariadb) request.name = "tailrace";
  request.heartbeat = options.heartbeat;
  request.executed = range.after;
  request.from = range.from;
  if (!request.from.known()) request.from.offset = 4;
  TAILRACE_TRY(dump.start_dump(request));
  const bool local = options.host.starts_with('/');
  return ServerEvents(std::move(dump), std::move(range),
                      local ? options.host : options.host + ":" + std::to_string(options.port));
}

std::string ServerEvents::place() const {
  const std::string& file = cursor_.position().file;
  return file.empty() ? server_ : file + " of " + server_;
}

Result<std::optional<std::string_view>> ServerEvents::next_packet() {
  using Packet = std::optional<std::string_view>;
  if (!ahead_sizes_.empty()) {
    const std::string_view packet(ahead_.data() + ahead_at_, ahead_sizes_.front());
    ahead_at_ += packet.size();
    ahead_sizes_.pop_front();
    return Packet(packet);
  }
  ahead_.clear();
  ahead_at_ = 0;
  if (ended_) return Packet();
  TAILRACE_ASSIGN(const auto bytes, dump_.read_event_or_end());
  if (!bytes) return Packet();
  return Packet({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
}

// False: the stream has ended.
Result<bool> ServerEvents::fetch_ahead() {
  if (ended_) return false;
  TAILRACE_ASSIGN(const auto bytes, dump_.read_event_or_end());
  ended_ = !bytes;
  if (ended_) return false;
  ahead_.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  ahead_sizes_.push_back(bytes->size());
  return true;
}

Result<std::string_view> ServerEvents::peek(std::uint64_t ahead, std::size_t bytes) {
  if (ahead > look_ahead_bytes) return std::string_view();
  // Not a packet more than needed: the one behind a commit may be long in coming.
  while (ahead_.size() - ahead_at_ <= ahead) {
    TAILRACE_ASSIGN(const bool more, fetch_ahead());
    if (!more) return std::string_view();
  }
  return std::string_view(ahead_).substr(ahead_at_ + static_cast<std::size_t>(ahead), bytes);
}

// Transactions that the server leaves out, and MariaDB's events without a position, are why both
// are asked: the event and our own count.
std::uint64_t ServerEvents::offset_of(const EventHeader& header) const {
  const bool told = header.end_position != 0 && (header.flags & event_flag::artificial) == 0;
  if (!told) return cursor_.position().offset;
  StreamCursor behind = cursor_;
  EventView event;
  event.header = header;
  if (!behind.pass(event) || behind.position().offset < header.size) return 0;
  return behind.position().offset - header.size;
}

bool ServerEvents::behind_stop(const EventView& event) const {
  if (!range_.stop.known() || event.artificial() || cursor_.position().file.empty()) return false;
  const bool in_file = event.header.type != EventType::heartbeat &&
                       event.header.type != EventType::heartbeat_v2 &&
                       event.header.type != EventType::format_description;
  return in_file && !before({cursor_.position().file, event.offset}, range_.stop);
}

Result<void> ServerEvents::pass(const EventView& event) {
  TAILRACE_TRY(cursor_.pass(event));
  switch (event.header.type) {
    case EventType::gtid:
    case EventType::anonymous_gtid:
    case EventType::gtid_tagged:
    case EventType::mariadb_gtid:
      resume_ = {cursor_.position().file, event.offset};
      break;
    case EventType::xid:
    case EventType::rotate:
    case EventType::heartbeat:
    case EventType::heartbeat_v2:
      resume_ = cursor_.position();
      break;
    default:
      break;
  }
  return {};
}

Result<std::optional<EventView>> ServerEvents::next() {
  TAILRACE_ASSIGN(const auto packet, next_packet());
  if (!packet) return std::nullopt;
  std::uint64_t offset = cursor_.position().offset;
  if (packet->size() >= event_header_bytes) {
    const EventHeader header = decode_event_header(packet->data());
    const bool moves = header.type == EventType::rotate || header.type == EventType::heartbeat ||
                       header.type == EventType::heartbeat_v2;
    if (!moves) offset = offset_of(header);
  }
  auto event = reader_.read(*packet, offset);
  if (event && behind_stop(*event)) {
    ended_ = true;
    ahead_sizes_.clear();
    return std::nullopt;
  }
  const auto passed = event ? pass(*event) : Result<void>(Failure(event.error()));
  if (passed) return std::optional<EventView>(*event);
  Error error = passed.error();
  error.message = place() + ": " + error.message;
  return Failure(std::move(error));
}

}  // namespace tailrace::capture
