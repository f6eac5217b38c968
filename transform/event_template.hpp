// Text with {column} placeholders, filled per row: topics and keys of events, ids of documents.
// Threading: immutable after compile; every render may run on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "core/table_schema.hpp"
#include "core/value.hpp"

namespace tailrace::transform {

// A value fills in as its JSON text, strings without quotes and escapes; NULL, absent and
// impossible dates fill in as nothing.
class Template {
 public:
  Template() = default;  // empty text

  // Placeholders are resolved to places in `columns`, which is what render() is then called with.
  // Error halt "template.syntax" (a brace without its partner) or "template.unknown_column".
  static Result<Template> compile(std::string_view text, std::span<const std::string> columns);
  static Result<Template> compile(std::string_view text, const TableSchema& table);
  // For the ids of a document type: placeholders are `root`'s primary-key columns, resolved to
  // their places in the key, and {shard} unless a key column has that name. Besides the errors
  // above, halt "template.ambiguous_id": a key column is left out, or two placeholders touch.
  static Result<Template> compile_id(std::string_view text, const TableSchema& root);

  // Appends. False: a placeholder had no value and filled in as nothing.
  bool render(std::span<const Value> values, std::string& out) const;

  // The mode for templates of compile_id. With two placeholders or more, every byte of a value that
  // also occurs between two placeholders, and %, is percent-encoded, so that unlike keys never give
  // equal ids; the shard's name stands as it is. Both forms give the same id for the same key.
  bool render_id(std::span<const Value> key, std::string_view shard, std::string& out) const;
  // `key` as core/json_writer.hpp's append_key_part wrote it, part after part.
  void render_id(std::string_view key, std::string_view shard, std::string& out) const;

  // Without placeholders: the same text for every row.
  bool is_fixed() const { return columns_.empty() && !uses_shard_; }
  // Places of the columns that are filled in, ascending, each once.
  const std::vector<std::uint32_t>& columns() const { return columns_; }

  // Names inside the braces in order of appearance; what cannot be parsed ends the list.
  static std::vector<std::string> placeholders(std::string_view text);

 private:
  struct Part {
    enum class Kind : std::uint8_t { literal, column, shard } kind = Kind::literal;
    std::string text;  // literal, or the name of the placeholder
    std::uint32_t column = 0;
  };

  static Result<Template> parse(std::string_view text);
  Result<void> resolve(std::span<const std::string> columns, bool shard_allowed);
  void protect_separators();
  void append_id_part(std::string& out, std::string_view value) const;

  std::vector<Part> parts_;
  std::vector<std::uint32_t> columns_;
  bool uses_shard_ = false;
  bool composite_ = false;               // an id with two placeholders or more
  std::array<bool, 256> protected_ = {};  // bytes that are percent-encoded in a composite id
};

}  // namespace tailrace::transform
