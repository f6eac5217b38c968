#include "capture/table_draft.hpp"

#include <cctype>

namespace tailrace::capture {

bool same_column_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

TableDraft::TableDraft(TableDefinition& table) : table_(table) {
  for (Column& column : table.schema.columns) {
    const std::string name = column.name;
    items_.push_back({std::move(column), name, items_.size()});
  }
  for (const std::uint32_t column : table.schema.primary_key) key_.push_back({column, ""});
  ids_ = items_.size();
}

bool TableDraft::finish() {
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (find_now(items_[i].column.name) != i) return false;
  }
  std::vector<std::uint32_t> key;
  for (const KeyPart& part : key_) {
    const auto column = part.id == no_id
                            ? find_now(part.name)
                            : find([&](const Item& item) { return item.id == part.id; });
    if (!column) return false;
    items_[*column].column.type.nullable = false;
    key.push_back(static_cast<std::uint32_t>(*column));
  }
  table_.schema.primary_key = std::move(key);
  table_.schema.columns.clear();
  for (Item& item : items_) table_.schema.columns.push_back(std::move(item.column));
  return true;
}

}  // namespace tailrace::capture
