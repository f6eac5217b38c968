// Random access to the slots of one stored row.
// Threading: plain value; refers to the bytes it was made from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/json_writer.hpp"
#include "core/value.hpp"
#include "transform/projection/document_plan.hpp"

namespace tailrace::transform {

class RowView {
 public:
  explicit RowView(std::string_view values) {
    ByteReader in(values);
    while (in.ok() && !in.at_end()) {
      if (count_ < inline_slots) {
        first_[count_] = read_value(in);
      } else {
        rest_.push_back(read_value(in));
      }
      ++count_;
    }
  }

  // Absent for a slot that the row does not have.
  Value operator[](std::size_t slot) const {
    if (slot >= count_) return {};
    return slot < inline_slots ? first_[slot] : rest_[slot - inline_slots];
  }

  // Appends the key bytes of `slots`; false where one of them is NULL: no key.
  bool key(const std::vector<Slot>& slots, std::string& out) const {
    for (const Slot slot : slots) {
      const Value value = (*this)[slot];
      if (value.is_missing()) return false;
      append_key_part(out, value);
    }
    return true;
  }

 private:
  static constexpr std::size_t inline_slots = 24;
  Value first_[inline_slots];
  std::vector<Value> rest_;
  std::size_t count_ = 0;
};

}  // namespace tailrace::transform
