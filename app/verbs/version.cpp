// tailrace version: of the program, its compiler and the libraries it runs with.
#include <fmt/format.h>
#include <httplib.h>

#include <map>
#include <string>

#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "core/json_writer.hpp"

// The version calls of libraries whose headers only their own folders include. All are documented,
// stable calls without arguments of the libraries' types.
extern "C" {
const char* curl_version(void);
const char* mysql_get_client_info(void);
const char* rd_kafka_version_str(void);
const char* sqlite3_libversion(void);
}
namespace rocksdb {
std::string GetRocksVersionAsString(bool with_dots);
}

namespace tailrace::app {
namespace {

#if defined(__clang__)
constexpr const char* compiler = "clang " __clang_version__;
#else
constexpr const char* compiler = "g++ " __VERSION__;
#endif

std::map<std::string, std::string> libraries() {
  return {
      {"cpp-httplib", CPPHTTPLIB_VERSION},
      {"fmt",
       fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"libcurl", curl_version()},
      {"librdkafka", rd_kafka_version_str()},
      {"mysql client", mysql_get_client_info()},
      {"rocksdb", rocksdb::GetRocksVersionAsString(true)},
      {"sqlite", sqlite3_libversion()},
  };
}

std::string as_json() {
  std::string out = "{\"version\":";
  append_json_string(out, TAILRACE_VERSION);
  out += ",\"compiler\":";
  append_json_string(out, compiler);
  out += ",\"libraries\":{";
  for (const auto& [name, version] : libraries()) {
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, version);
  }
  return out + "}}\n";
}

std::string as_text(bool quiet) {
  std::string out = "tailrace " TAILRACE_VERSION "\n";
  if (quiet) return out;
  out += fmt::format("  {:<13} {}\n", "compiler", compiler);
  for (const auto& [name, version] : libraries())
    out += fmt::format("  {:<13} {}\n", name, version);
  return out;
}

class Version final : public Verb {
 public:
  VerbInfo info() const override {
    return {"version", "Tell the version, the compiler and the libraries",
            "  tailrace version\n"
            "  tailrace version --json | jq -r .version"};
  }
  void declare(CLI::App&) override {}
  int run(const Output& output) override {
    print_out(output.json ? as_json() : as_text(output.quiet));
    return kOk;
  }
};

}  // namespace

std::unique_ptr<Verb> version_verb() { return std::make_unique<Version>(); }

}  // namespace tailrace::app
