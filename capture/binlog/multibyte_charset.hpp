// The East Asian character sets, whose characters are one to four bytes long, as MySQL and MariaDB
// convert them: glibc's tables, and where the servers' differ, theirs.
// Source of the differences: every code of each set converted by MySQL 9.7, 5.6, MariaDB 10.11 and
// 11.8, which agree with each other (tests/integration/differential compares them again).
// Threading: constant once made; of() may be called from any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tailrace::capture {

class MultibyteCharset {
 public:
  // big5, sjis, cp932, ujis, eucjpms, euckr, gb2312, gbk, gb18030; null: not one of these, or the
  // C library has no table of it. Lives for ever.
  static const MultibyteCharset* of(std::string_view charset);

  struct Character {
    std::uint32_t code;  // replacement_character: these bytes are none
    std::size_t bytes;   // at least 1
  };
  // Of `bytes`, which are not empty and do not begin with ASCII. A pair that could be a character
  // but has none counts as one, anything else as one byte: so the servers count them, too.
  Character first(std::string_view bytes) const;

  struct Encoding;
  explicit MultibyteCharset(const Encoding& encoding);

 private:
  Character first_of_four(std::string_view bytes) const;

  const Encoding& encoding_;
  std::vector<std::uint16_t> single_;   // by byte; 0: no character
  std::vector<std::uint16_t> pairs_;    // by lead and trail byte
  std::vector<std::uint16_t> triples_;  // behind 8F, by the other two
  std::vector<std::uint16_t> fours_;    // GB18030 up to 8431A439, in its order
  bool usable_ = false;
};

}  // namespace tailrace::capture
