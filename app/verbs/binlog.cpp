// tailrace binlog FILE…: the row changes in binlog files as JSON lines, without a server.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/binlog/change_counts.hpp"
#include "app/binlog/change_lines.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"

namespace tailrace::app {
namespace {

using capture::BinlogFile;
using capture::ChangeWalk;

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
  const bool environment = code == "file.open" || code == "file.read" || code == "output.write";
  return environment ? kEnvironment : kFailed;
}

int report(const Error& error) {
  return complain(fmt::format("{}{} [{}]", error.message, cure_of(error.code), error.code),
                  exit_code_of(error.code));
}

class Binlog final : public Verb {
 public:
  VerbInfo info() const override {
    return {"binlog", "Print the changes in binlog files as JSON lines, without a server",
            "  tailrace binlog binlog.000042 | jq 'select(.op == \"delete\")'\n"
            "  tailrace binlog --count binlog.000041 binlog.000042\n"
            "  tailrace binlog --table shop.orders --start-position 4711 binlog.000042\n"
            "  zcat binlog.000042.gz | tailrace binlog -"};
  }

  void declare(CLI::App& command) override {
    command.add_option("files", files_, "Binlog files in their order; - is standard input")
        ->required();
    command.add_option("--database", databases_, "Only changes in this database (repeatable)")
        ->allow_extra_args(false);
    command
        .add_option("--table", tables_,
                    "Only changes of this table: name or database.name "
                    "(repeatable)")
        ->allow_extra_args(false);
    command.add_option("--start-position", range_.start,
                       "Offset in the first file where a transaction begins: skip what is before");
    command.add_option("--stop-position", range_.stop,
                       "Offset in the last file: stop at the first event there or behind");
    command.add_option("--gtids", gtids_,
                       "Only these transactions: uuid:1-4:7,uuid:9, or MariaDB's 0-1-27,0-1-28");
    command.add_flag("--count", count_, "Only the number of rows per table and operation");
  }

  int run(const Output& output) override {
    if (const auto wrong = wrong_files()) return complain(*wrong, kUsage);
    auto selection = capture::ChangeSelection::make(databases_, tables_, gtids_);
    if (!selection) return complain("--gtids: " + selection.error().message, kUsage);
    capture::WalkOptions options;
    options.decode_values = options.look_up_xid = !count_;
    options.selection = std::move(*selection);
    if (!output.quiet) {
      options.warn = [](const std::string& text) {
        fmt::print(stderr, "tailrace: warning: {}\n", text);
      };
    }
    return count_ ? count(std::move(options), output) : print(std::move(options), output);
  }

 private:
  // What cannot be read, if there is such a thing.
  std::optional<std::string> wrong_files() const {
    const auto server = std::find_if(files_.begin(), files_.end(), [](const std::string& file) {
      return file.starts_with("mysql://") || file.starts_with("mariadb://");
    });
    if (server != files_.end()) {
      return "reading from a server is not supported yet; fetch its files with 'mysqlbinlog "
             "--read-from-remote-server --raw' and give them here";
    }
    if (std::count(files_.begin(), files_.end(), "-") > 1) {
      return "standard input can be read only once";
    }
    return std::nullopt;
  }

  // All files through one walk; `begin_file` is told the name of each.
  template <class BeginFile>
  Result<void> walk(ChangeWalk& walk, BeginFile&& begin_file) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      TAILRACE_ASSIGN(BinlogFile file, BinlogFile::open(files_[i]));
      begin_file(files_[i]);
      ChangeWalk::Range range;
      if (i == 0) range.start = range_.start;
      if (i + 1 == files_.size()) range.stop = range_.stop;
      TAILRACE_TRY(walk.read(file, range));
    }
    return {};
  }

  // What was told before an error stays told.
  int print(capture::WalkOptions options, const Output& output) {
    ChangeLines lines(STDOUT_FILENO);
    ChangeWalk reader(std::move(options), lines);
    const auto walked = walk(reader, [&](const std::string& name) {
      lines.begin_file(name == "-" ? name : std::filesystem::path(name).filename().string());
    });
    const auto written = walked || walked.error().code != "output.write" ? lines.flush() : walked;
    if (!written) return report(written.error());
    return finish(walked, reader, output);
  }

  int count(capture::WalkOptions options, const Output& output) {
    ChangeCounts counts;
    ChangeWalk reader(std::move(options), counts);
    const auto walked = walk(reader, [](const std::string&) {});
    print_out(output.json ? counts.json_lines() : counts.text());
    return finish(walked, reader, output);
  }

  static int finish(const Result<void>& walked, const ChangeWalk& reader, const Output& output) {
    const auto warn = [&](std::uint64_t count, std::string_view what) {
      if (!output.quiet) fmt::print(stderr, "tailrace: warning: {} {}\n", count, what);
    };
    const capture::DecodeCounters& repaired = reader.repaired();
    if (reader.row_statements() > 1) {
      warn(reader.row_statements(), "statements changed rows that were not logged");
    }
    if (repaired.invalid_texts > 0) {
      warn(repaired.invalid_texts,
           "texts had bytes that are not in their character set; U+FFFD stands for them");
    }
    if (repaired.unknown_documents > 0) {
      warn(repaired.unknown_documents,
           "JSON documents were logged as differences to documents that were not logged; they are "
           "left out of 'after'");
    }
    return walked ? kOk : report(walked.error());
  }

  std::vector<std::string> files_;
  std::vector<std::string> databases_;
  std::vector<std::string> tables_;
  ChangeWalk::Range range_;
  std::string gtids_;
  bool count_ = false;
};

}  // namespace

std::unique_ptr<Verb> binlog_verb() { return std::make_unique<Binlog>(); }

}  // namespace tailrace::app
