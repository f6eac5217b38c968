#include "sinks/stdout/stdout_sink.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>

#include <cerrno>
#include <cstring>

#include "core/json_writer.hpp"

namespace tailrace::sinks {

namespace {

// Numbers pass as they were written: a double would lose digits of a decimal.
class NumberKeepingWriter : public rapidjson::PrettyWriter<rapidjson::StringBuffer> {
 public:
  using PrettyWriter::PrettyWriter;
  bool RawNumber(const char* text, rapidjson::SizeType length, bool /*copy*/) {
    return RawValue(text, length, rapidjson::kNumberType);
  }
};

// The text itself where it is not JSON.
std::string indented(const std::string& json) {
  rapidjson::StringBuffer buffer;
  NumberKeepingWriter writer(buffer);
  rapidjson::StringStream in(json.c_str());
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag;
  if (!reader.Parse<flags>(in, writer)) return json;
  return {buffer.GetString(), buffer.GetSize()};
}

class StdoutSink final : public DocumentSink {
 public:
  StdoutSink(StdoutOptions options, std::FILE* out) : options_(options), out_(out) {}

  Result<std::optional<LogIdentity>> open() override { return identity_; }
  Result<void> set_identity(const LogIdentity& identity) override {
    identity_ = identity;
    return {};
  }

  Result<std::vector<Result<void>>> apply(std::span<const DocumentWrite> batch) override {
    text_.clear();
    for (const DocumentWrite& write : batch) append(write);
    const bool written = std::fwrite(text_.data(), 1, text_.size(), out_) == text_.size();
    if (!written || std::fflush(out_) != 0) {
      return retry("stdout.write", std::string("standard output: ") + std::strerror(errno));
    }
    return std::vector<Result<void>>(batch.size());
  }

  Result<std::vector<std::string>> older_than(std::uint16_t, std::size_t) override {
    return std::vector<std::string>();
  }

 private:
  void append(const DocumentWrite& write) {
    std::string line = R"({"id":)";
    append_json_string(line, write.id);
    line += R"(,"version":)";
    append_number(line, write.version.number());
    line += write.deleted ? R"(,"deleted":true,"body":)" : R"(,"deleted":false,"body":)";
    const std::size_t start = line.size();
    line += write.body;
    // A raw newline can only stand between tokens of JSON: embedded text of a JSON column.
    for (std::size_t i = start; i < line.size(); ++i) {
      if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    }
    line += "}";
    text_ += options_.pretty ? indented(line) : line;
    text_.push_back('\n');
  }

  StdoutOptions options_;
  std::FILE* out_;
  std::string text_;
  std::optional<LogIdentity> identity_;
};

}  // namespace

Result<std::unique_ptr<DocumentSink>> open_stdout_sink(StdoutOptions options, std::FILE* out) {
  return std::make_unique<StdoutSink>(options, out);
}

}  // namespace tailrace::sinks
