#include <fmt/format.h>

#include <algorithm>

#include "config/checks.hpp"

namespace tailrace::config {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// The place inside `path` that names the column.
std::string path_of_column(const Tree& tree, const std::string& path, std::string_view column) {
  const Node* node = tree.find(path);
  if (node == nullptr || (node->kind != Node::Kind::list && node->kind != Node::Kind::map))
    return path;
  for (const auto& child : node->children) {
    const bool named =
        child->text == column || child->key == column ||
        (child->text.starts_with('-') && std::string_view(child->text).substr(1) == column);
    if (named) return child->path();
    for (const auto& inner : child->children) {
      if (inner->text == column) return inner->path();
    }
  }
  return path;
}

void check_start(Decoder& d, const PipelineDraft& draft, const PlacedSource& placed) {
  if (placed.source->mysql.start.at == StartAt::snapshot || draft.documents.empty()) return;
  d.error_at(placed.path + ".mysql.start",
             {"E0218", "a pipeline with documents starts from a snapshot",
              "write start: snapshot, or remove documents"});
}

void check_tls(Decoder& d, const PlacedSource& placed) {
  const MysqlDraft& mysql = placed.source->mysql;
  if (mysql.tls.mode != capture::TlsMode::preferred) return;
  for (const ShardDraft& shard : mysql.shards) {
    if (shard.address.host.empty() || is_loopback(shard.address.host)) continue;
    d.warn_at(placed.path + ".mysql.shards." + shard.name,
              {"W0404",
               fmt::format("the connection to {} may be unencrypted: tls.mode is preferred",
                           shard.address.host),
               "write tls: { mode: verify_identity, ca: … }, or required"});
  }
}

void check_tables(Decoder& d, const PipelineDraft& draft) {
  for (const TableSpec& table : draft.tables) {
    for (const std::string& column : table.booleans) {
      check_not_excluded(d, draft, table.name, column, "tables." + table.name + ".booleans");
    }
  }
}

}  // namespace

void check_not_excluded(Decoder& decoder, const PipelineDraft& draft, std::string_view table,
                        std::string_view column, const std::string& path) {
  if (column.empty()) return;
  for (const TableSpec& spec : draft.tables) {
    if (spec.name != table ||
        std::find(spec.exclude.begin(), spec.exclude.end(), column) == spec.exclude.end())
      continue;
    decoder.error_at(path_of_column(decoder.tree(), path, column),
                     {"E0208", fmt::format("column '{}' of {} is excluded", column, table),
                      fmt::format("remove it here, or from tables.{}.exclude", table)});
  }
}

void check_source(Decoder& decoder, const PipelineDraft& draft) {
  for (const PlacedSource& placed : sources_of(draft)) {
    check_start(decoder, draft, placed);
    check_tls(decoder, placed);
  }
  check_tables(decoder, draft);
  const Tree& tree = decoder.tree();
  const bool reads = tree.find("documents") || tree.find("events") || tree.find("tables");
  if (!reads) {
    decoder.error(tree.root(),
                  {"E0202", "the file names no table to read", "add documents, events or tables"});
  }
  const bool both = draft.errors.retry.from.count() > 0 && draft.errors.retry.up_to.count() > 0;
  if (both && draft.errors.retry.from > draft.errors.retry.up_to) {
    decoder.error_at("errors.retry.from", {"E0204", "'from' is longer than 'up_to'",
                                           "write the shorter wait under from"});
  }
}

}  // namespace tailrace::config
