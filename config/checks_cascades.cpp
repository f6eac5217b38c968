// tables.T.cascade: only what documents can follow.
#include <fmt/format.h>

#include "config/checks.hpp"
#include "transform/projection/cascades.hpp"

namespace tailrace::config {

void check_cascades(Decoder& decoder, const PipelineDraft& draft) {
  for (const TableSpec& table : draft.tables) {
    for (std::size_t i = 0; i < table.cascades.size(); ++i) {
      transform::CascadeSpec cascade = table.cascades[i];
      cascade.table = table.name;
      if (cascade.on.empty() || cascade.references.empty()) continue;  // said already
      const std::string whole = "tables." + table.name + ".cascade";
      const std::string listed = fmt::format("{}[{}]", whole, i);
      const std::string path = decoder.tree().find(listed) != nullptr ? listed : whole;
      for (const std::string& column : cascade.on)
        check_not_excluded(decoder, draft, table.name, column, path + ".on");
      const auto why = transform::cannot_follow(draft.documents, cascade);
      if (!why) continue;
      decoder.error_at(
          path,
          {"E0224",
           fmt::format("documents cannot follow what a delete in {} does to {}: {}",
                       cascade.references, table.name, *why),
           "make the foreign key ON DELETE RESTRICT, and delete its rows in the application"});
    }
  }
}

}  // namespace tailrace::config
