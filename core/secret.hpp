// A text that cannot be printed by accident: passwords, tokens, keys.
// Threading: plain value.
#pragma once

#include <string>
#include <utility>

namespace tailrace {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  bool empty() const { return text_.empty(); }
  // Only where it goes on the wire.
  const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

}  // namespace tailrace
