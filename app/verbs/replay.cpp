// tailrace replay: a pipeline over binlog files, without its server.
#include <algorithm>

#include "app/binlog/given_schema.hpp"
#include "app/mysql_url.hpp"
#include "app/pipeline_run.hpp"
#include "app/verbs/pipeline_option.hpp"
#include "app/verbs/verb.hpp"
#include "app/wiring.hpp"
#include "config/loader.hpp"

namespace tailrace::app {

namespace {

// What only a server needs, its password above all, may be left out of the environment.
config::LoadResult load(const std::string& file, const std::vector<std::string>& overrides) {
  config::LoadResult strict = config::load_pipeline({.file = file, .overrides = overrides});
  const auto is_of_source = [](const config::Problem& problem) {
    return problem.severity != config::Severity::error || problem.path.starts_with("source");
  };
  if (strict.spec || !std::all_of(strict.problems.begin(), strict.problems.end(), is_of_source)) {
    return strict;
  }
  config::LoadResult lenient =
      config::load_pipeline({.file = file, .overrides = overrides, .require_environment = false});
  // The database's name is what the files are searched for.
  if (!lenient.spec) return strict;
  const std::vector<ShardPlace> shards = shards_of(*lenient.spec);
  const bool enough = !shards.empty() && !shards[0].shard->mysql.database.empty();
  return enough ? lenient : strict;
}

class Replay final : public Verb {
 public:
  VerbInfo info() const override {
    return {"replay", "Run a pipeline over binlog files, without a server",
            "  tailrace replay pipeline.yaml --binlog binlog.000041 binlog.000042\n"
            "  tailrace replay pipeline.yaml --binlog binlog.0000* --schema shop.sql\n"
            "  tailrace replay pipeline.yaml --binlog b.000001 --set state.dir=/tmp/replayed"};
  }

  void declare(CLI::App& command) override {
    command.add_option("pipeline", file_, "The pipeline file")->capture_default_str();
    command.add_option("--binlog", files_, "Binlog files, in the order in which they were written")
        ->required()
        ->expected(1, -1);
    command.add_option("--schema", schema_,
                       "Definitions of the tables as the files begin, for binlogs without column "
                       "names: FILE.sql, or mysql://user@host:port/[database]");
    command.add_option("--set", overrides_, "Override a key of the file: state.dir=/x")
        ->allow_extra_args(false);
    command
        .add_option("--drain", drain_s_, "Seconds to wait for the sinks when asked to stop")
        ->capture_default_str();
  }

  int run(const Output& output) override {
    for (const std::string& file : files_) {
      if (file == "-") return complain("the files are read twice; a pipe cannot be", kUsage);
      if (is_mysql_url(file)) return complain("of a server 'tailrace run' reads", kUsage);
    }
    RunOptions options;
    options.drain = std::chrono::seconds(drain_s_);
    options.replay = ReplayInput{files_, {}};
    if (!schema_.empty()) {
      auto catalog = read_given_schema(schema_);
      if (!catalog) {
        const bool usage =
            catalog.error().code == "url.malformed" || catalog.error().code == "schema.no_tables";
        return complain(catalog.error().message, usage ? kUsage : kEnvironment);
      }
      options.replay->known = capture::KnownSchemas(std::move(*catalog));
    }
    const config::LoadResult loaded = load(file_, overrides_);
    if (loaded.spec && shards_of(*loaded.spec).size() > 1) {
      return complain(
          "the files are one server's binlog, and this pipeline has several shards; "
          "replay a pipeline file with the shard whose files these are",
          kUsage);
    }
    return run_pipeline(loaded, std::move(options), output);
  }

 private:
  std::string file_ = "pipeline.yaml";
  std::vector<std::string> files_;
  std::string schema_;
  std::vector<std::string> overrides_;
  int drain_s_ = 30;
};

}  // namespace

std::unique_ptr<Verb> replay_verb() { return std::make_unique<Replay>(); }

}  // namespace tailrace::app
