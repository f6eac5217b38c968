#include "capture/binlog/multibyte_charset.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "capture/binlog/utf8.hpp"

namespace tailrace::capture {

namespace {

struct ByteRange {
  std::uint8_t first;
  std::uint8_t last;
};

bool is_in(std::span<const ByteRange> ranges, std::uint8_t byte) {
  return std::any_of(ranges.begin(), ranges.end(), [byte](const ByteRange& range) {
    return byte >= range.first && byte <= range.last;
  });
}

// Codes from `first` to `last` are the characters from `code` on; all of them none where `code` is
// the replacement character.
struct Difference {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t code;
};

constexpr std::uint32_t none = replacement_character;

constexpr ByteRange big5_leads[] = {{0xa1, 0xf9}};
constexpr ByteRange big5_trails[] = {{0x40, 0x7e}, {0xa1, 0xfe}};
constexpr ByteRange sjis_leads[] = {{0x81, 0x9f}, {0xe0, 0xfc}};
constexpr ByteRange sjis_trails[] = {{0x40, 0x7e}, {0x80, 0xfc}};
constexpr ByteRange kana[] = {{0xa1, 0xdf}};
constexpr ByteRange euc[] = {{0xa1, 0xfe}};
constexpr ByteRange gb2312_leads[] = {{0xa1, 0xf7}};
constexpr ByteRange korean_leads[] = {{0x81, 0xfe}};
constexpr ByteRange korean_trails[] = {{0x41, 0x5a}, {0x61, 0x7a}, {0x81, 0xfe}};
constexpr ByteRange gbk_leads[] = {{0x81, 0xfe}};
constexpr ByteRange gbk_trails[] = {{0x40, 0x7e}, {0x80, 0xfe}};

constexpr Difference big5_differences[] = {
    {0xa145, 0xa145, 0x2022}, {0xa14e, 0xa14e, 0xff64}, {0xa15a, 0xa15a, none},
    {0xa1c2, 0xa1c2, 0x203e}, {0xa1c3, 0xa1c3, none},   {0xa1c5, 0xa1c5, none},
    {0xa1e3, 0xa1e3, 0x223c}, {0xa1f2, 0xa1f2, 0x2641}, {0xa1f3, 0xa1f3, 0x2609},
    {0xa1fe, 0xa1fe, none},   {0xa240, 0xa240, none},   {0xa241, 0xa241, 0xff0f},
    {0xa242, 0xa242, 0xff3c}, {0xa244, 0xa244, 0xa5},   {0xa246, 0xa247, 0xa2},
    {0xa2cc, 0xa2cc, none},   {0xa2ce, 0xa2ce, none},   {0xa3e1, 0xa3e1, none},
    {0xc6a1, 0xc6a1, 0x30fe}, {0xc6a2, 0xc6a3, 0x309d}, {0xc6a4, 0xc6a4, 0x3005},
    {0xc6a5, 0xc6f7, 0x3041}, {0xc6f8, 0xc6fe, 0x30a1}, {0xc740, 0xc77e, 0x30a8},
    {0xc7a1, 0xc7b0, 0x30e7}, {0xc7b1, 0xc7b2, 0x414},  {0xc7b3, 0xc7b3, 0x401},
    {0xc7b4, 0xc7ba, 0x416},  {0xc7bb, 0xc7cd, 0x423},  {0xc7ce, 0xc7ce, 0x451},
    {0xc7cf, 0xc7e8, 0x436},  {0xc7e9, 0xc7f2, 0x2460}, {0xc7f3, 0xc7fc, 0x2474},
    {0xc7fd, 0xc8fe, none},   {0xf9dd, 0xf9fe, none}};
constexpr Difference sjis_differences[] = {{0x815f, 0x815f, 0x5c}};
constexpr Difference ujis_differences[] = {
    {0xa1c0, 0xa1c0, 0x5c},     {0xa1c1, 0xa1c1, 0x301c},   {0xa1c2, 0xa1c2, 0x2016},
    {0xa1dd, 0xa1dd, 0x2212},   {0xa1f1, 0xa1f2, 0xa2},     {0xa2cc, 0xa2cc, 0xac},
    {0xada1, 0xadfe, none},     {0x8fa2b7, 0x8fa2b7, 0x7e}, {0x8fa2c3, 0x8fa2c3, 0xa6},
    {0x8ff3f3, 0x8ff3fe, none}, {0x8ff4a1, 0x8ff4fe, none}};
constexpr Difference euckr_differences[] = {{0xa2e8, 0xa2e8, none}};
// The servers have the standard of 2000: characters that Unicode lacked are private ones.
constexpr Difference gb18030_differences[] = {
    {0xa6d9, 0xa6df, 0xe78d},         {0xa6ec, 0xa6ed, 0xe794},
    {0xa6f3, 0xa6f3, 0xe796},         {0xfe51, 0xfe53, 0xe816},
    {0xfe59, 0xfe59, 0xe81e},         {0xfe61, 0xfe61, 0xe826},
    {0xfe66, 0xfe67, 0xe82b},         {0xfe6c, 0xfe6d, 0xe831},
    {0xfe76, 0xfe76, 0xe83b},         {0xfe7e, 0xfe7e, 0xe843},
    {0xfe90, 0xfe91, 0xe854},         {0xfea0, 0xfea0, 0xe864},
    {0x82359037, 0x82359039, 0x9fb4}, {0x82359130, 0x82359134, 0x9fb7},
    {0x84318236, 0x84318239, 0xfe10}, {0x84318330, 0x84318335, 0xfe14}};

constexpr std::uint8_t kana_shift = 0x8e;      // EUC: a half-width kana follows
constexpr std::uint8_t triple_shift = 0x8f;    // EUC: two bytes of JIS X 0212 follow
constexpr std::uint32_t fours_of_bmp = 39420;  // 81308130 to 8431A439
constexpr std::uint32_t first_beyond_bmp = (0x90 - 0x81) * 12600;  // 90308130 is U+10000

std::uint8_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

std::uint32_t code_of(std::string_view bytes) {
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) code = code << 8 | byte_at(bytes, i);
  return code;
}

// What glibc makes of single characters.
class CodeReader {
 public:
  CodeReader(const char* name, std::span<const Difference> differences)
      : handle_(iconv_open("UTF-32LE", name)), differences_(differences) {}
  CodeReader(const CodeReader&) = delete;
  CodeReader& operator=(const CodeReader&) = delete;
  ~CodeReader() {
    if (usable()) iconv_close(handle_);
  }
  bool usable() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  // 0: no character.
  std::uint16_t read(std::initializer_list<std::uint8_t> code) {
    std::string bytes;
    for (const std::uint8_t byte : code) bytes.push_back(static_cast<char>(byte));
    const std::uint32_t number = code_of(bytes);
    for (const Difference& difference : differences_) {
      if (number < difference.first || number > difference.last) continue;
      if (difference.code == none) return 0;
      return static_cast<std::uint16_t>(difference.code + (number - difference.first));
    }
    return by_library(bytes);
  }

 private:
  std::uint16_t by_library(std::string& bytes) {
    std::array<std::uint8_t, 16> out{};
    char* in = bytes.data();
    std::size_t in_left = bytes.size();
    char* to = reinterpret_cast<char*>(out.data());
    std::size_t room = out.size();
    iconv(handle_, nullptr, nullptr, nullptr, nullptr);
    const bool failed = iconv(handle_, &in, &in_left, &to, &room) == static_cast<std::size_t>(-1);
    if (failed || in_left != 0 || room != out.size() - 4) return 0;
    const std::uint32_t code =
        static_cast<std::uint32_t>(out[0] | out[1] << 8 | out[2] << 16 | out[3] << 24);
    return code <= 0xffff ? static_cast<std::uint16_t>(code) : std::uint16_t{0};
  }

  iconv_t handle_;
  std::span<const Difference> differences_;
};

std::size_t pair_index(std::uint8_t lead, std::uint8_t trail) {
  return static_cast<std::size_t>(lead) << 8 | trail;
}

}  // namespace

struct MultibyteCharset::Encoding {
  std::string_view charset;
  const char* library_name;
  std::span<const ByteRange> leads;
  std::span<const ByteRange> trails;
  std::span<const ByteRange> singles;
  bool shifts = false;  // EUC-JP's 8E and 8F
  bool fours = false;   // GB18030's
  std::span<const Difference> differences;
};

namespace {

const std::array encodings{
    MultibyteCharset::Encoding{
        "big5", "BIG5", big5_leads, big5_trails, {}, false, false, big5_differences},
    MultibyteCharset::Encoding{"sjis", "SHIFT_JIS", sjis_leads, sjis_trails, kana, false, false,
                               sjis_differences},
    MultibyteCharset::Encoding{"cp932", "CP932", sjis_leads, sjis_trails, kana, false, false, {}},
    MultibyteCharset::Encoding{"ujis", "EUC-JP-MS", euc, euc, {}, true, false, ujis_differences},
    MultibyteCharset::Encoding{"eucjpms", "EUC-JP-MS", euc, euc, {}, true, false, {}},
    MultibyteCharset::Encoding{
        "euckr", "UHC", korean_leads, korean_trails, {}, false, false, euckr_differences},
    MultibyteCharset::Encoding{"gb2312", "EUC-CN", gb2312_leads, euc, {}, false, false, {}},
    MultibyteCharset::Encoding{"gbk", "GBK", gbk_leads, gbk_trails, {}, false, false, {}},
    MultibyteCharset::Encoding{
        "gb18030", "GB18030", gbk_leads, gbk_trails, {}, false, true, gb18030_differences},
};

}  // namespace

MultibyteCharset::MultibyteCharset(const Encoding& encoding)
    : encoding_(encoding), single_(256), pairs_(256 * 256) {
  CodeReader reader(encoding.library_name, encoding.differences);
  usable_ = reader.usable();
  if (!usable_) return;
  if (encoding.shifts) triples_.resize(256 * 256);
  const auto byte = [](std::uint32_t value) { return static_cast<std::uint8_t>(value); };
  for (std::uint32_t lead = 0x80; lead < 0x100; ++lead) {
    const bool leads = is_in(encoding.leads, byte(lead));
    if (is_in(encoding.singles, byte(lead))) single_[lead] = reader.read({byte(lead)});
    for (std::uint32_t trail = 0x30; trail < 0x100; ++trail) {
      const std::size_t index = pair_index(byte(lead), byte(trail));
      if (leads && is_in(encoding.trails, byte(trail))) {
        pairs_[index] = reader.read({byte(lead), byte(trail)});
        if (encoding.shifts) {
          triples_[index] = reader.read({triple_shift, byte(lead), byte(trail)});
        }
      } else if (encoding.shifts && lead == kana_shift && is_in(kana, byte(trail))) {
        pairs_[index] = reader.read({byte(lead), byte(trail)});
      }
    }
  }
  if (!encoding.fours) return;
  for (std::uint32_t i = 0; i < fours_of_bmp; ++i) {
    fours_.push_back(reader.read({byte(0x81 + i / 12600), byte(0x30 + i / 1260 % 10),
                                  byte(0x81 + i / 10 % 126), byte(0x30 + i % 10)}));
  }
}

const MultibyteCharset* MultibyteCharset::of(std::string_view charset) {
  static std::mutex mutex;
  static std::map<std::string_view, std::unique_ptr<const MultibyteCharset>> made;
  const auto* const encoding =
      std::find_if(encodings.begin(), encodings.end(),
                   [charset](const Encoding& candidate) { return candidate.charset == charset; });
  if (encoding == encodings.end()) return nullptr;
  const std::lock_guard lock(mutex);
  auto& slot = made[encoding->charset];
  if (!slot) slot = std::make_unique<const MultibyteCharset>(*encoding);
  return slot->usable_ ? slot.get() : nullptr;
}

MultibyteCharset::Character MultibyteCharset::first(std::string_view bytes) const {
  const auto told = [](std::uint32_t code, std::size_t size) {
    return Character{code == 0 ? replacement_character : code, size};
  };
  const std::uint8_t lead = byte_at(bytes, 0);
  if (single_[lead] != 0) return {single_[lead], 1};
  if (bytes.size() < 2) return {replacement_character, 1};
  const std::uint8_t trail = byte_at(bytes, 1);
  if (encoding_.shifts && lead == triple_shift) {
    const bool whole = bytes.size() >= 3 && is_in(encoding_.trails, trail) &&
                       is_in(encoding_.trails, byte_at(bytes, 2));
    if (!whole) return {replacement_character, 1};
    return told(triples_[pair_index(trail, byte_at(bytes, 2))], 3);
  }
  const std::uint16_t code = pairs_[pair_index(lead, trail)];
  if (code != 0) return {code, 2};
  if (is_in(encoding_.leads, lead) && is_in(encoding_.trails, trail)) {
    return {replacement_character, 2};
  }
  return encoding_.fours ? first_of_four(bytes) : Character{replacement_character, 1};
}

MultibyteCharset::Character MultibyteCharset::first_of_four(std::string_view bytes) const {
  constexpr ByteRange digits[] = {{0x30, 0x39}};
  const bool whole = bytes.size() >= 4 && is_in(encoding_.leads, byte_at(bytes, 0)) &&
                     is_in(digits, byte_at(bytes, 1)) &&
                     is_in(encoding_.leads, byte_at(bytes, 2)) && is_in(digits, byte_at(bytes, 3));
  if (!whole) return {replacement_character, 1};
  const std::uint32_t index = (byte_at(bytes, 0) - 0x81u) * 12600 +
                              (byte_at(bytes, 1) - 0x30u) * 1260 +
                              (byte_at(bytes, 2) - 0x81u) * 10 + (byte_at(bytes, 3) - 0x30u);
  if (index < fours_of_bmp) {
    return {fours_[index] == 0 ? replacement_character : fours_[index], 4};
  }
  const bool beyond = index >= first_beyond_bmp && index - first_beyond_bmp <= 0xfffff;
  return {beyond ? 0x10000 + (index - first_beyond_bmp) : replacement_character, 4};
}

}  // namespace tailrace::capture
