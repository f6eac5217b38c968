// The id of a document from the key of its root: "{id}", "{shard}-{id}", "{hotel}-{number}".
// Inside a composite id, '%' and the literal characters between placeholders are percent-encoded in
// values, so that different keys never give the same id. {shard} is the first part of the key where
// the document has it; it is written as it is.
// Threading: immutable after construction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::transform {

class DocumentId {
 public:
  // `text` was checked by compile_plan; key_columns as in DocumentPlan.
  DocumentId(std::string_view text, const std::vector<std::string>& key_columns);

  // `root_key` as append_key_part wrote it.
  std::string of(std::string_view root_key) const;
  // The texts of the key's columns, in the key's order and without the shard's name; nullopt: no id
  // of this form, or of another shard.
  std::optional<std::vector<std::string>> key_texts(std::string_view id,
                                                    std::string_view shard) const;

 private:
  struct Part {
    std::string literal;
    int column = -1;  // index in the key; -1: the literal stands alone
    bool encoded = true;
  };
  std::vector<Part> parts_;
  std::size_t columns_ = 0;  // of the key, without the shard
  int first_column_ = 0;     // 1: the shard's name stands before them
  std::string reserved_;     // characters to encode in values
};

}  // namespace tailrace::transform
