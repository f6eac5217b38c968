// A server's binlog as a stream of events, over a dump connection: up to the end that the server
// had at the beginning, or on and on.
// Threading: one thread; another may interrupt() the Interrupter.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "capture/binlog/event_reader.hpp"
#include "capture/binlog/event_stream.hpp"
#include "capture/mysql/connection.hpp"
#include "capture/stream_cursor.hpp"

namespace tailrace::capture {

struct ServerRange {
  BinlogPosition from;           // no file: the oldest that the server has
  std::optional<GtidSet> after;  // set: what follows these transactions, and `from` is not used
  BinlogPosition stop;           // events from here on are not read; no file: see `follow`
  bool follow = false;           // wait for new events; else end where the server's binlog ended
};

class ServerEvents final : public EventStream {
 public:
  // Connects twice: once to ask where the binlog ends. Errors are those of Connection.
  static Result<ServerEvents> open(const MysqlOptions& options, ServerRange range,
                                   std::shared_ptr<mysql::Interrupter> interrupter = nullptr);

  Result<std::optional<EventView>> next() override;
  Result<std::string_view> peek(std::uint64_t ahead, std::size_t bytes) override;
  const FormatDescription& format() const override { return reader_.format(); }
  std::string place() const override;
  std::string_view file() const override { return cursor_.position().file; }

  // Where to go on: behind the last transaction that is through.
  const BinlogPosition& resume() const { return resume_; }

 private:
  static constexpr std::size_t look_ahead_bytes = std::size_t{4} << 20;

  ServerEvents(mysql::Connection dump, ServerRange range, std::string server);
  Result<std::optional<std::string_view>> next_packet();
  Result<bool> fetch_ahead();
  std::uint64_t offset_of(const EventHeader& header) const;
  bool behind_stop(const EventView& event) const;
  Result<void> pass(const EventView& event);

  mysql::Connection dump_;
  ServerRange range_;
  std::string server_;
  EventReader reader_;
  StreamCursor cursor_;
  BinlogPosition resume_;
  // Packets that were read to look into the future, one behind the other, and their sizes.
  std::string ahead_;
  std::deque<std::size_t> ahead_sizes_;
  std::size_t ahead_at_ = 0;
  bool ended_ = false;
};

}  // namespace tailrace::capture
