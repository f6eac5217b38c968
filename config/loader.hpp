// Pipeline file → PipelineSpec, or every problem with its place. Offline: no server is asked.
// Threading: pure but for reading the file, secrets' files and the environment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/pipeline_spec.hpp"
#include "config/problem.hpp"
#include "config/substitution.hpp"
#include "config/yaml_tree.hpp"
#include "core/result.hpp"

namespace tailrace::config {

struct LoadRequest {
  std::string file;                    // "-": nothing is read from standard input; give `text`
  std::vector<std::string> overrides;  // "state.dir=/var/lib/x", in order; the last one wins
  Environment environment = {};        // empty: the process's
  // run: a variable or secret that is not there is an error. validate: a warning, and what needs it
  // is left blank in the spec, which then must not be run.
  bool require_environment = true;
  std::optional<std::string> text = std::nullopt;  // instead of reading `file`
};

struct LoadResult {
  std::optional<PipelineSpec> spec;  // exactly when no problem is an error
  std::vector<Problem> problems;     // errors first, then by place; warnings too
  std::shared_ptr<const Tree>
      tree;  // shared: the spec's owner keeps it for locate(); nullptr: unreadable

  // Where `path` ("documents.order.children.items.on", "events.rules[2].topic") is written, or the
  // nearest key above it; nullptr: there is no tree. Valid while `tree` lives.
  const Mark* find_mark(std::string_view path) const;
  // A problem found later, at its place in the file.
  Problem locate(std::string_view path, Report report) const;
  // The same from an error whose message reads "path: what is wrong".
  Problem locate(const Error& error, std::string code = "E0207") const;
};

// Never throws.
LoadResult load_pipeline(const LoadRequest& request);

// "shop: 2 documents, 3 event rules, 2 sinks"
std::string summary(const PipelineSpec& spec);

}  // namespace tailrace::config
