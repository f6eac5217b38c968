// What to do when a mapped table changes (`source.mysql.on_schema_change`).
// Threading: plain values.
#pragma once

#include <cstdint>

namespace tailrace {

struct SchemaPolicy {
  enum class AddColumn : std::uint8_t { follow, ignore, pause };
  enum class DropColumn : std::uint8_t { keep_field, pause };
  enum class Other : std::uint8_t { follow, pause };
  AddColumn add_column = AddColumn::follow;
  DropColumn drop_column = DropColumn::keep_field;
  Other other = Other::pause;  // types, keys, RENAME, partitions, DROP TABLE
};

}  // namespace tailrace
