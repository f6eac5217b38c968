#include "capture/binlog/table_layout.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "capture/binlog/column_op.hpp"
#include "capture/binlog/decimal.hpp"
#include "capture/binlog/mariadb_temporal.hpp"
#include "capture/binlog/wire_column.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {

namespace {

Failure mismatch(const TableId& table, std::string what) {
  return halt("binlog.schema_mismatch",
              fmt::format("table {}: {}; its definition as known here is not the one at this "
                          "position of the binlog", table.text(), what));
}

// Kinds that TABLE_MAP cannot tell apart from what it says.
bool may_be(ColumnKind told, const ColumnType& wire, bool charset_said) {
  if (told == wire.kind || told == ColumnKind::unknown) return true;
  switch (told) {
    case ColumnKind::json: return wire.kind == ColumnKind::text || wire.kind == ColumnKind::varchar;
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6:
      return wire.kind == ColumnKind::binary || wire.kind == ColumnKind::character;
    case ColumnKind::vector:
      return wire.kind == ColumnKind::varbinary || wire.kind == ColumnKind::varchar;
    case ColumnKind::binary: return !charset_said && wire.kind == ColumnKind::character;
    case ColumnKind::varbinary: return !charset_said && wire.kind == ColumnKind::varchar;
    case ColumnKind::blob: return !charset_said && wire.kind == ColumnKind::text;
    default: return false;
  }
}

bool is_hidden_kind(ColumnKind kind) {
  return kind == ColumnKind::json || kind == ColumnKind::uuid || kind == ColumnKind::inet4 ||
         kind == ColumnKind::inet6 || kind == ColumnKind::vector;
}

// information_schema speaks utf8mb3: a character above U+FFFF is a question mark in its members.
bool may_have_lost_characters(const ColumnType& type) {
  constexpr std::string_view wide[] = {"utf8mb4", "utf16", "utf16le", "utf32", "gb18030"};
  return std::find(std::begin(wide), std::end(wide), type.charset) != std::end(wide) &&
         std::any_of(type.members.begin(), type.members.end(), [](const std::string& member) {
           return member.find('?') != std::string::npos;
         });
}

ColumnOp integer_op(ColumnKind kind, bool is_unsigned) {
  const auto op = [=](ColumnOp with_sign, ColumnOp without) {
    return is_unsigned ? without : with_sign;
  };
  switch (kind) {
    case ColumnKind::tinyint: return op(ColumnOp::int8, ColumnOp::uint8);
    case ColumnKind::smallint: return op(ColumnOp::int16, ColumnOp::uint16);
    case ColumnKind::mediumint: return op(ColumnOp::int24, ColumnOp::uint24);
    case ColumnKind::integer: return op(ColumnOp::int32, ColumnOp::uint32);
    default: return op(ColumnOp::int64, ColumnOp::uint64);
  }
}

std::uint8_t integer_bytes(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::tinyint: return 1;
    case ColumnKind::smallint: return 2;
    case ColumnKind::mediumint: return 3;
    case ColumnKind::integer: return 4;
    default: return 8;
  }
}

struct Temporal {
  ColumnOp op;
  std::size_t bytes;
};

// TABLE_MAP shows no digits of these, and MySQL had none then.
bool is_old_temporal(WireType type) {
  return type == WireType::datetime || type == WireType::timestamp || type == WireType::time;
}

Temporal mariadb_temporal_of(WireType type, unsigned digits) {
  switch (type) {
    case WireType::datetime: return {ColumnOp::mariadb_datetime, mariadb_datetime_bytes(digits)};
    case WireType::timestamp: return {ColumnOp::mariadb_timestamp, mariadb_timestamp_bytes(digits)};
    default: return {ColumnOp::mariadb_time, mariadb_time_bytes(digits)};
  }
}

Temporal temporal_of(const TableMapColumn& column) {
  const std::size_t fraction_bytes = (column.meta + 1u) / 2;
  switch (column.type) {
    case WireType::datetime2: return {ColumnOp::datetime2, 5 + fraction_bytes};
    case WireType::timestamp2: return {ColumnOp::timestamp2, 4 + fraction_bytes};
    case WireType::time2: return {ColumnOp::time2, 3 + fraction_bytes};
    case WireType::datetime: return {ColumnOp::old_datetime, 8};
    case WireType::timestamp: return {ColumnOp::old_timestamp, 4};
    case WireType::time: return {ColumnOp::old_time, 3};
    case WireType::year: return {ColumnOp::year, 1};
    default: return {ColumnOp::date, 3};
  }
}

}  // namespace

bool can_be(ColumnKind told, const TableMapColumn& wire) {
  return may_be(told, wire_column_type(wire), wire.collation.has_value());
}

bool hides(ColumnKind told, const TableMapColumn& wire) {
  return is_hidden_kind(told) && wire_column_type(wire).kind != told && can_be(told, wire);
}

class LayoutCompiler {
 public:
  LayoutCompiler(const TableMap& map, std::shared_ptr<const TableSchema> schema,
                 const std::vector<bool>& wanted)
      : map_(map), wanted_(wanted), layout_(new TableLayout()) {
    layout_->schema_ = std::move(schema);
  }

  Result<std::shared_ptr<const TableLayout>> compile() {
    const TableSchema& schema = layout_->schema();
    if (!map_.has_names && map_.columns.size() != schema.columns.size()) {
      return mismatch(map_.id, fmt::format("{} columns, the binlog has {}", schema.columns.size(),
                                           map_.columns.size()));
    }
    std::size_t targets = 0;
    layout_->same_columns_ = map_.columns.size() == schema.columns.size();
    for (std::size_t i = 0; i < map_.columns.size(); ++i) {
      CompiledColumn column;
      column.target = target_of(i);
      if (column.target != i) layout_->same_columns_ = false;
      const bool known = column.target != CompiledColumn::not_wanted;
      ColumnType told = known ? schema.columns[column.target].type : ColumnType{};
      if (known && !wanted_.empty() && !wanted_[column.target]) {
        column.target = CompiledColumn::not_wanted;
      }
      TAILRACE_TRY(compile_column(i, std::move(told), column));
      if (column.target != CompiledColumn::not_wanted) ++targets;
      layout_->columns_.push_back(column);
    }
    layout_->wants_nothing_ = targets == 0;
    layout_->sets_every_value_ = targets == schema.columns.size();
    return std::shared_ptr<const TableLayout>(std::move(layout_));
  }

 private:
  std::uint32_t target_of(std::size_t i) {
    if (!map_.has_names) return static_cast<std::uint32_t>(i);
    const auto& columns = layout_->schema_->columns;
    const std::string& name = map_.columns[i].name;
    if (i < columns.size() && columns[i].name == name) return static_cast<std::uint32_t>(i);
    return layout_->schema_->find(name).value_or(CompiledColumn::not_wanted);
  }

  // What the two sources say together.
  Result<ColumnType> merged(std::size_t i, ColumnType told) {
    const TableMapColumn& column = map_.columns[i];
    ColumnType type = wire_column_type(column);
    const bool charset_said = column.collation.has_value();
    if (!may_be(told.kind, type, charset_said)) {
      return mismatch(map_.id, fmt::format("column {} '{}' has another type in the binlog", i + 1,
                                           column.name));
    }
    if (told.kind != ColumnKind::unknown) type.kind = told.kind;
    if (!column.is_unsigned) type.is_unsigned = told.is_unsigned;
    if (type.charset.empty()) type.charset = told.charset;
    if (!map_.has_names) type.members = std::move(told.members);
    if (is_old_temporal(column.type)) type.fraction_digits = told.fraction_digits;
    type.as_boolean = told.as_boolean;
    type.decimal_as_number = told.decimal_as_number;
    return type;
  }

  Result<void> compile_column(std::size_t i, ColumnType told, CompiledColumn& out) {
    TAILRACE_ASSIGN(ColumnType type, merged(i, std::move(told)));
    const TableMapColumn& wire = map_.columns[i];
    const bool wanted = out.target != CompiledColumn::not_wanted;
    if (wanted && !map_.has_names && may_have_lost_characters(type)) return members_unknown(out);
    out.decimal_as_number = type.decimal_as_number;
    switch (type.kind) {
      case ColumnKind::tinyint: case ColumnKind::smallint: case ColumnKind::mediumint:
      case ColumnKind::integer: case ColumnKind::bigint:
        out.op = type.kind == ColumnKind::tinyint && type.as_boolean
                     ? ColumnOp::boolean
                     : integer_op(type.kind, type.is_unsigned);
        out.width = integer_bytes(type.kind);
        return {};
      case ColumnKind::float32: return fixed(out, ColumnOp::float32, 4);
      case ColumnKind::float64: return fixed(out, ColumnOp::float64, 8);
      case ColumnKind::decimal: return decimal(i, type, out);
      case ColumnKind::year: case ColumnKind::date: case ColumnKind::datetime:
      case ColumnKind::timestamp: case ColumnKind::time:
        return temporal(i, type.fraction_digits, out);
      case ColumnKind::bit: return bits(i, out);
      case ColumnKind::character: case ColumnKind::varchar: case ColumnKind::text:
        prefixed(wire, out);
        return text(i, type.charset, out);
      case ColumnKind::binary: case ColumnKind::uuid: case ColumnKind::inet4:
      case ColumnKind::inet6: return padded(wire, type.kind, out);
      case ColumnKind::varbinary: case ColumnKind::blob: return sized(wire, ColumnOp::bytes, out);
      case ColumnKind::enumeration: return enumeration(i, std::move(type.members), out);
      case ColumnKind::set: return set(i, type.members, out);
      case ColumnKind::json:
        return sized(wire, wire.type == WireType::json ? ColumnOp::binary_json
                                                       : ColumnOp::json_text, out);
      case ColumnKind::geometry: return sized(wire, ColumnOp::geometry, out);
      case ColumnKind::vector: return sized(wire, ColumnOp::vector, out);
      case ColumnKind::unknown: break;
    }
    return unsupported(i, fmt::format("a type {} that rows cannot have",
                                      static_cast<unsigned>(wire.type)));
  }

  Failure unsupported(std::size_t i, const std::string& what) {
    return halt("binlog.unsupported", fmt::format("table {}: column {} '{}' has {}", map_.id.text(),
                                                  i + 1, map_.columns[i].name, what));
  }

  Failure members_unknown(const CompiledColumn& column) {
    return halt("binlog.members_unknown",
                fmt::format("table {}: a member of the ENUM or SET column '{}' has a ? that may "
                            "stand for a character above U+FFFF, which information_schema cannot "
                            "show; run: SET GLOBAL binlog_row_metadata = 'FULL', or rename the "
                            "member on a server without that setting",
                            map_.id.text(), layout_->schema().columns[column.target].name));
  }

  static Result<void> fixed(CompiledColumn& out, ColumnOp op, std::size_t bytes) {
    out.op = op;
    out.width = static_cast<std::uint8_t>(bytes);
    return {};
  }

  // A length of 1 to 4 bytes, then that many bytes.
  static void prefixed(const TableMapColumn& wire, CompiledColumn& out) {
    out.variable = true;
    out.compressed = wire.type == WireType::mariadb_blob_compressed ||
                     wire.type == WireType::mariadb_varchar_compressed;
    switch (wire.type) {
      case WireType::string: case WireType::varchar: case WireType::var_string:
      case WireType::mariadb_varchar_compressed:
        out.width = wire.meta > 255 ? 2 : 1;
        return;
      default: out.width = static_cast<std::uint8_t>(std::min<unsigned>(wire.meta, 255)); return;
    }
  }
  Result<void> sized(const TableMapColumn& wire, ColumnOp op, CompiledColumn& out) {
    prefixed(wire, out);
    out.op = op;
    if (out.width < 1 || out.width > 4) {
      return halt("binlog.corrupt", fmt::format("table {}: a length of {} bytes", map_.id.text(),
                                                out.width));
    }
    return {};
  }
  Result<void> padded(const TableMapColumn& wire, ColumnKind kind, CompiledColumn& out) {
    out.length = wire.meta;
    switch (kind) {
      case ColumnKind::uuid: return out.length = 16, sized(wire, ColumnOp::uuid, out);
      case ColumnKind::inet4: return out.length = 4, sized(wire, ColumnOp::inet4, out);
      case ColumnKind::inet6: return out.length = 16, sized(wire, ColumnOp::inet6, out);
      default: return sized(wire, ColumnOp::padded_bytes, out);
    }
  }

  Result<void> decimal(std::size_t i, const ColumnType& type, CompiledColumn& out) {
    out.precision = type.precision;
    out.scale = type.scale;
    const std::size_t bytes = decimal_bytes(type.precision, type.scale);
    if (bytes == 0) return unsupported(i, "an impossible precision");
    return fixed(out, ColumnOp::decimal, bytes);
  }

  Result<void> temporal(std::size_t i, std::uint8_t digits, CompiledColumn& out) {
    const TableMapColumn& wire = map_.columns[i];
    if (wire.meta > 6 || digits > 6) return unsupported(i, "more than 6 fraction digits");
    const bool mariadb = is_old_temporal(wire.type) && digits != 0;
    const Temporal temporal =
        mariadb ? mariadb_temporal_of(wire.type, digits) : temporal_of(wire);
    out.scale = digits;
    return fixed(out, temporal.op, temporal.bytes);
  }

  Result<void> bits(std::size_t i, CompiledColumn& out) {
    const std::uint16_t count = map_.columns[i].meta;
    if (count == 0 || count > 64) return unsupported(i, "a BIT width that cannot be");
    return fixed(out, count == 1 ? ColumnOp::bit1 : ColumnOp::bits, (count + 7u) / 8);
  }

  Result<void> text(std::size_t i, const std::string& charset, CompiledColumn& out) {
    TAILRACE_TRY(sized(map_.columns[i], ColumnOp::guessed_text, out));
    // A column that nobody reads only has a length.
    if (charset.empty() || out.target == CompiledColumn::not_wanted) return {};
    if (charset == "binary") return fixed(out, ColumnOp::bytes, out.width);
    if (charset == "utf8mb4" || charset == "utf8mb3" || charset == "utf8" || charset == "ascii") {
      return fixed(out, ColumnOp::utf8, out.width);
    }
    auto known = std::find_if(charsets_.begin(), charsets_.end(),
                              [&](const auto& entry) { return entry.first == charset; });
    if (known == charsets_.end()) {
      auto converter = CharsetConverter::create(charset);
      if (!converter) return unsupported(i, "the character set '" + charset + "'");
      charsets_.emplace_back(charset, converter.get());
      layout_->charsets_.push_back(std::move(converter));
      known = std::prev(charsets_.end());
    }
    out.charset = known->second;
    return fixed(out, ColumnOp::text, out.width);
  }

  const std::vector<std::string>* keep(std::vector<std::string> members) {
    layout_->members_.push_back(std::make_unique<std::vector<std::string>>(std::move(members)));
    return layout_->members_.back().get();
  }

  Result<void> enumeration(std::size_t i, std::vector<std::string> members, CompiledColumn& out) {
    const std::uint16_t bytes = map_.columns[i].meta;
    if (bytes != 1 && bytes != 2) return unsupported(i, "an ENUM size that cannot be");
    if (members.empty()) return fixed(out, ColumnOp::enumeration_number, bytes);
    out.members = keep(std::move(members));
    return fixed(out, ColumnOp::enumeration, bytes);
  }

  Result<void> set(std::size_t i, const std::vector<std::string>& members, CompiledColumn& out) {
    const std::uint16_t bytes = map_.columns[i].meta;
    if (bytes < 1 || bytes > 8) return unsupported(i, "a SET size that cannot be");
    if (members.empty()) return fixed(out, ColumnOp::set_number, bytes);
    std::vector<std::string> quoted(members.size());
    for (std::size_t k = 0; k < members.size(); ++k) append_json_string(quoted[k], members[k]);
    out.members = keep(std::move(quoted));
    return fixed(out, ColumnOp::set, bytes);
  }

  const TableMap& map_;
  const std::vector<bool>& wanted_;
  std::unique_ptr<TableLayout> layout_;
  std::vector<std::pair<std::string, const CharsetConverter*>> charsets_;
};

Result<std::shared_ptr<const TableLayout>> TableLayout::compile(
    const TableMap& map, std::shared_ptr<const TableSchema> schema,
    const std::vector<bool>& wanted) {
  return LayoutCompiler(map, std::move(schema), wanted).compile();
}

Result<std::shared_ptr<const TableLayout>> TableLayout::compile(const TableMap& map) {
  return compile(map, std::make_shared<const TableSchema>(make_schema(map)));
}

}  // namespace tailrace::capture
