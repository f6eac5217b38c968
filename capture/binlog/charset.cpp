#include "capture/binlog/charset.hpp"

#include <algorithm>
#include <array>

#include "capture/binlog/charset_tables.hpp"
#include "capture/binlog/multibyte_charset.hpp"
#include "capture/binlog/utf8.hpp"
#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

// A text of unknown length in the arena: room for the worst case, given back at the end.
class ArenaText {
 public:
  ArenaText(Arena& arena, std::size_t room)
      : arena_(arena), room_(room), text_(arena.allocate(room)), out_(text_) {}

  void put(std::uint32_t code) { out_ = write_utf8(out_, code); }
  std::string_view finish() {
    const auto size = static_cast<std::size_t>(out_ - text_);
    arena_.shrink_last(room_ - size);
    return {text_, size};
  }

 private:
  Arena& arena_;
  std::size_t room_;
  char* text_;
  char* out_;
};

class Utf8Converter final : public CharsetConverter {
 public:
  std::string_view to_utf8(std::string_view bytes, Arena& arena, bool& repaired) const override {
    return valid_utf8(bytes, arena, repaired);
  }
};

class SingleByteConverter final : public CharsetConverter {
 public:
  explicit SingleByteConverter(const std::array<std::uint16_t, 256>& codes, bool ascii_below)
      : codes_(codes), ascii_below_(ascii_below) {}

  std::string_view to_utf8(std::string_view bytes, Arena& arena, bool& repaired) const override {
    if (ascii_below_ && ascii_prefix(bytes.data(), bytes.size()) == bytes.size()) return bytes;
    ArenaText text(arena, bytes.size() * 3);
    for (const char c : bytes) {
      const std::uint16_t code = codes_[static_cast<std::uint8_t>(c)];
      if (code == 0 && c != '\0') repaired = true;
      text.put(code == 0 && c != '\0' ? replacement_character : code);
    }
    return text.finish();
  }

 private:
  std::array<std::uint16_t, 256> codes_;
  bool ascii_below_;
};

// UCS2, UTF16, UTF16LE and UTF32: fixed units; UTF16 has pairs of surrogates.
class UnitConverter final : public CharsetConverter {
 public:
  UnitConverter(std::size_t unit_bytes, bool little, bool pairs)
      : unit_bytes_(unit_bytes), little_(little), pairs_(pairs) {}

  std::string_view to_utf8(std::string_view bytes, Arena& arena, bool& repaired) const override {
    ArenaText text(arena, (bytes.size() / unit_bytes_ + 1) * 4);
    std::size_t i = 0;
    while (bytes.size() - i >= unit_bytes_) {
      std::uint64_t code = unit(bytes, i);
      i += unit_bytes_;
      if (pairs_ && is_high_surrogate(code) && bytes.size() - i >= unit_bytes_ &&
          is_low_surrogate(unit(bytes, i))) {
        code = 0x10000 + ((code - 0xd800) << 10) + (unit(bytes, i) - 0xdc00);
        i += unit_bytes_;
      }
      const bool scalar = code <= 0x10ffff && !is_high_surrogate(code) && !is_low_surrogate(code);
      if (!scalar) repaired = true;
      text.put(scalar ? static_cast<std::uint32_t>(code) : replacement_character);
    }
    if (i != bytes.size()) {
      repaired = true;
      text.put(replacement_character);
    }
    return text.finish();
  }

 private:
  static bool is_high_surrogate(std::uint64_t code) { return code >= 0xd800 && code < 0xdc00; }
  static bool is_low_surrogate(std::uint64_t code) { return code >= 0xdc00 && code < 0xe000; }
  std::uint64_t unit(std::string_view bytes, std::size_t i) const {
    return little_ ? little_endian(bytes.data() + i, unit_bytes_)
                   : big_endian(bytes.data() + i, unit_bytes_);
  }

  std::size_t unit_bytes_;
  bool little_;
  bool pairs_;
};

class MultibyteConverter final : public CharsetConverter {
 public:
  explicit MultibyteConverter(const MultibyteCharset& charset) : charset_(charset) {}

  std::string_view to_utf8(std::string_view bytes, Arena& arena, bool& repaired) const override {
    if (ascii_prefix(bytes.data(), bytes.size()) == bytes.size()) return bytes;
    ArenaText text(arena, bytes.size() * 3);
    while (!bytes.empty()) {
      const auto lead = static_cast<std::uint8_t>(bytes[0]);
      const auto character = lead < 0x80 ? MultibyteCharset::Character{lead, 1}
                                         : charset_.first(bytes);
      if (character.code == replacement_character) repaired = true;
      text.put(character.code);
      bytes.remove_prefix(character.bytes);
    }
    return text.finish();
  }

 private:
  const MultibyteCharset& charset_;
};

std::unique_ptr<CharsetConverter> single_byte(std::string_view charset) {
  std::array<std::uint16_t, 256> codes{};
  for (std::uint16_t i = 0; i < 128; ++i) codes[i] = i;
  if (charset == "swe7") {  // ISO 646-SE: seven bits, letters in place of signs
    constexpr std::pair<std::uint8_t, std::uint16_t> letters[] = {
        {0x40, 0xc9}, {0x5b, 0xc4}, {0x5c, 0xd6}, {0x5d, 0xc5}, {0x5e, 0xdc}, {0x60, 0xe9},
        {0x7b, 0xe4}, {0x7c, 0xf6}, {0x7d, 0xe5}, {0x7e, 0xfc}, {0x7f, 0}};
    for (const auto& [byte, code] : letters) codes[byte] = code;
    return std::make_unique<SingleByteConverter>(codes, false);
  }
  const HighHalf* const high = single_byte_high_half(charset);
  if (high == nullptr) return nullptr;
  std::copy(high->begin(), high->end(), codes.begin() + 128);
  return std::make_unique<SingleByteConverter>(codes, true);
}

}  // namespace

std::uint32_t charset_max_bytes(std::string_view charset) {
  constexpr std::pair<std::string_view, std::uint32_t> sizes[] = {
      {"utf8mb4", 4}, {"utf8mb3", 3}, {"utf8", 3},  {"utf16", 4},  {"utf16le", 4},
      {"utf32", 4},   {"ucs2", 2},    {"big5", 2},  {"sjis", 2},   {"cp932", 2},
      {"ujis", 3},    {"eucjpms", 3}, {"euckr", 2}, {"gb2312", 2}, {"gbk", 2},
      {"gb18030", 4}};
  for (const auto& [name, size] : sizes) {
    if (name == charset) return size;
  }
  return 1;
}

std::unique_ptr<CharsetConverter> CharsetConverter::create(std::string_view charset) {
  if (charset == "utf8mb4" || charset == "utf8mb3" || charset == "utf8" || charset == "ascii") {
    return std::make_unique<Utf8Converter>();
  }
  if (charset == "ucs2") return std::make_unique<UnitConverter>(2, false, false);
  if (charset == "utf16") return std::make_unique<UnitConverter>(2, false, true);
  if (charset == "utf16le") return std::make_unique<UnitConverter>(2, true, true);
  if (charset == "utf32") return std::make_unique<UnitConverter>(4, false, false);
  if (auto table = single_byte(charset)) return table;
  if (const auto* const known = MultibyteCharset::of(charset)) {
    return std::make_unique<MultibyteConverter>(*known);
  }
  return nullptr;
}

}  // namespace tailrace::capture
