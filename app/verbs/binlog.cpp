// tailrace binlog FILE…: the row changes in binlog files, or in a server's binlog, as JSON lines.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "app/binlog/change_counts.hpp"
#include "app/binlog/change_lines.hpp"
#include "app/binlog/given_schema.hpp"
#include "app/binlog/read_point.hpp"
#include "app/mysql_url.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "capture/server_events.hpp"

namespace tailrace::app {
namespace {

using capture::BinlogFile;
using capture::ChangeWalk;
using capture::ServerEvents;

// What to do about an error; nothing where its own text says so.
std::string_view cure_of(const std::string& code) {
  if (code == "binlog.truncated") {
    return "; it was cut off, or its server still writes it: copy it again";
  }
  if (code == "binlog.checksum" || code == "binlog.corrupt") {
    return "; copy the file again, or read on behind the damage with --start-position and the "
           "offset of a later transaction";
  }
  if (code == "binlog.not_a_binlog") {
    return "; give the binlog itself (binlog.000001), not its index and not mysqlbinlog's text";
  }
  return "";
}

int exit_code_of(const std::string& code) {
  if (code == "binlog.start_position" || code == "schema.no_tables" || code == "url.malformed") {
    return kUsage;
  }
  const bool environment = code == "file.open" || code == "file.read" || code == "output.write" ||
                           (code.starts_with("source.") && code != "source.corrupt");
  return environment ? kEnvironment : kFailed;
}

int report(const Error& error) {
  return complain(fmt::format("{}{} [{}]", error.message, cure_of(error.code), error.code),
                  exit_code_of(error.code));
}

class Binlog final : public Verb {
 public:
  VerbInfo info() const override {
    return {"binlog", "Print the changes in binlog files, or of a server, as JSON lines",
            "  tailrace binlog binlog.000042 | jq 'select(.op == \"delete\")'\n"
            "  tailrace binlog --count binlog.000041 binlog.000042\n"
            "  tailrace binlog --table shop.orders --start-position 4711 binlog.000042\n"
            "  tailrace binlog --schema shop.sql binlog.000042\n"
            "  zcat binlog.000042.gz | tailrace binlog -\n"
            "  MYSQL_PWD=secret tailrace binlog mysql://repl@db:3306/shop\n"
            "  tailrace binlog --follow --start-position binlog.000042:4 "
            "mysql://repl@db/?tls=required"};
  }

  void declare(CLI::App& command) override {
    command
        .add_option("files", files_,
                    "Binlog files in their order, - is standard input; or one server: "
                    "mysql://user@host:port/database (the password in MYSQL_PWD)")
        ->required();
    command.add_option("--database", databases_, "Only changes in this database (repeatable)")
        ->allow_extra_args(false);
    command
        .add_option("--table", tables_,
                    "Only changes of this table: name or database.name "
                    "(repeatable)")
        ->allow_extra_args(false);
    command.add_option("--start-position", start_text_,
                       "Begin there: an offset in the first file, where a transaction begins; of "
                       "a server binlog.000042:4, or gtid:<set> for what follows these");
    command.add_option("--stop-position", stop_text_,
                       "Stop at the first event there or behind: an offset in the last file; of "
                       "a server binlog.000042:4711");
    command.add_flag("--follow", follow_, "Of a server: wait for new changes, for ever");
    command.add_option("--schema", schema_,
                       "Names and types for binlogs that leave them out: FILE.sql, as mysqldump "
                       "--no-data writes it, or mysql://user@host:port/[database]");
    command.add_option("--gtids", gtids_,
                       "Only these transactions: uuid:1-4:7,uuid:9, or MariaDB's 0-1-27,0-1-28");
    command.add_flag("--count", count_, "Only the number of rows per table and operation");
  }

  int run(const Output& output) override {
    if (const auto wrong = set_range()) return complain(*wrong, kUsage);
    if (const auto wrong = is_mysql_url(files_[0]) ? set_server(output) : wrong_files()) {
      return complain(*wrong, kUsage);
    }
    auto selection = capture::ChangeSelection::make(databases_, tables_, gtids_);
    if (!selection) return complain("--gtids: " + selection.error().message, kUsage);
    capture::WalkOptions options;
    options.decode_values = options.look_up_xid = !count_;
    options.selection = std::move(*selection);
    if (!output.quiet) options.warn = warn;
    if (!schema_.empty()) {
      auto catalog = read_given_schema(schema_);
      if (!catalog) return report(catalog.error());
      options.schemas = capture::KnownSchemas(std::move(*catalog));
    }
    return count_ ? count(std::move(options), output) : print(std::move(options), output);
  }

 private:
  static void warn(const std::string& text) { fmt::print(stderr, "tailrace: warning: {}\n", text); }

  // Each of these: what is wrong, if something is.
  std::optional<std::string> set_range() {
    for (const auto& [name, text, point] : {std::tuple{"--start-position", &start_text_, &start_},
                                            std::tuple{"--stop-position", &stop_text_, &stop_}}) {
      if (text->empty()) continue;
      auto parsed = ReadPoint::parse(*text);
      if (!parsed) return fmt::format("{}: {}", name, parsed.error().message);
      *point = std::move(*parsed);
    }
    return std::nullopt;
  }

  std::optional<std::string> wrong_files() const {
    if (std::any_of(files_.begin(), files_.end(), is_mysql_url)) {
      return "a server is read alone, without files";
    }
    if (std::count(files_.begin(), files_.end(), "-") > 1) {
      return "standard input can be read only once";
    }
    if (follow_) return "--follow is for a server; a file ends";
    for (const auto* point : {&start_, &stop_}) {
      if (point->at.known()) return "of files a position is an offset alone: 4711";
      if (point->gtid) return "of files --gtids selects transactions; gtid: is for a server";
    }
    return std::nullopt;
  }

  std::optional<std::string> set_server(const Output& output) {
    if (files_.size() > 1) return "a server is read alone, without files and other servers";
    auto url = parse_mysql_url(files_[0]);
    if (!url) return url.error().message;
    if (url->shows_password && !output.quiet) {
      warn(
          "the password is on the command line, where others on this machine see it; leave it "
          "out and set MYSQL_PWD");
    }
    server_ = std::move(url->options);
    if (!server_->database.empty()) databases_.push_back(server_->database);
    if (stop_.gtid) return "--stop-position is binlog.000042:4711; gtid: is for --start-position";
    for (const auto& [text, point] : {std::pair{&start_text_, &start_}, {&stop_text_, &stop_}}) {
      if (text->empty() || point->gtid || point->at.known()) continue;
      return fmt::format("of a server a position names the file too: binlog.000042:{}", *text);
    }
    return std::nullopt;
  }

  Result<void> walk(ChangeWalk& walk) {
    if (server_) return walk_server(walk);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(files_[i]));
      ChangeWalk::Range range;
      if (i == 0) range.start = start_.at.offset;
      if (i + 1 == files_.size() && !stop_text_.empty()) range.stop = stop_.at.offset;
      TAILRACE_TRY(walk.read(file, range));
    }
    return {};
  }

  Result<void> walk_server(ChangeWalk& walk) {
    capture::ServerRange range{start_.at, start_.gtid, stop_.at, follow_};
    auto events = ServerEvents::open(*server_, std::move(range));
    if (!events) return Failure(capture::mysql::for_onlooker(std::move(events).error()));
    auto walked = walk.read(*events);
    if (walked) return walked;
    Error error = capture::mysql::for_onlooker(std::move(walked).error());
    if (error.disposition == Disposition::retry && events->resume().known()) {
      error.message += "; go on with --start-position " + events->resume().text();
    }
    return Failure(std::move(error));
  }

  // What was told before an error stays told.
  int print(capture::WalkOptions options, const Output& output) {
    ChangeLines lines(STDOUT_FILENO, follow_);
    ChangeWalk reader(std::move(options), lines);
    const auto walked = walk(reader);
    const auto written = walked || walked.error().code != "output.write" ? lines.flush() : walked;
    if (!written) return report(written.error());
    return finish(walked, reader, output);
  }

  int count(capture::WalkOptions options, const Output& output) {
    ChangeCounts counts;
    ChangeWalk reader(std::move(options), counts);
    const auto walked = walk(reader);
    print_out(output.json ? counts.json_lines() : counts.text());
    return finish(walked, reader, output);
  }

  static int finish(const Result<void>& walked, const ChangeWalk& reader, const Output& output) {
    const auto tell = [&](std::uint64_t count, std::string_view what) {
      if (!output.quiet) fmt::print(stderr, "tailrace: warning: {} {}\n", count, what);
    };
    const capture::DecodeCounters& repaired = reader.repaired();
    if (reader.row_statements() > 1) {
      tell(reader.row_statements(), "statements changed rows that were not logged");
    }
    if (repaired.invalid_texts > 0) {
      tell(repaired.invalid_texts,
           "texts had bytes that are not in their character set; U+FFFD stands for them");
    }
    if (repaired.unknown_documents > 0) {
      tell(repaired.unknown_documents,
           "JSON documents were logged as differences to documents that were not logged; they are "
           "left out of 'after'");
    }
    if (!walked) return report(walked.error());
    if (reader.incidents() == 0) return kOk;
    return complain(
        fmt::format("an incident event says that the server lost events ({} in all): changes are "
                    "missing, and all others were printed [binlog.incident]",
                    reader.incidents()),
        kFailed);
  }

  std::vector<std::string> files_;
  std::vector<std::string> databases_;
  std::vector<std::string> tables_;
  std::string start_text_;
  std::string stop_text_;
  ReadPoint start_;
  ReadPoint stop_;
  std::string schema_;
  std::string gtids_;
  bool follow_ = false;
  bool count_ = false;
  std::optional<capture::MysqlOptions> server_;
};

}  // namespace

std::unique_ptr<Verb> binlog_verb() { return std::make_unique<Binlog>(); }

}  // namespace tailrace::app
