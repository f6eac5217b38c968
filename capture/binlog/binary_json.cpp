#include "capture/binlog/binary_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "capture/binlog/charset.hpp"
#include "capture/binlog/decimal.hpp"
#include "capture/binlog/json_keys.hpp"
#include "capture/binlog/table_map.hpp"
#include "capture/binlog/temporal.hpp"
#include "capture/binlog/text_cursor.hpp"
#include "capture/binlog/wire_reader.hpp"
#include "core/json_writer.hpp"

namespace tailrace::capture {

namespace {

enum class JsonType : std::uint8_t {
  small_object = 0, large_object = 1, small_array = 2, large_array = 3, literal = 4,
  int16 = 5, uint16 = 6, int32 = 7, uint32 = 8, int64 = 9, uint64 = 10, float64 = 11,
  string = 12, opaque = 15,
};

constexpr int deepest = 100;
constexpr std::size_t longest_number = 20;  // -9223372036854775808
constexpr std::size_t base64_line_bytes = 57;  // the server breaks lines after 76 characters

// Shapes of objects that were printed last: so many at each depth, down to a depth.
constexpr std::size_t remembered_shapes = 8;
constexpr int remembered_depths = 8;
thread_local std::array<JsonKeys, remembered_shapes * remembered_depths> last_keys;

void append_opaque(std::string& out, std::uint8_t type, std::string_view bytes) {
  out += "\"base64:type" + std::to_string(type) + ":";
  for (std::size_t i = 0; i < bytes.size(); i += base64_line_bytes) {
    if (i != 0) out += "\\n";
    append_base64(out, bytes.substr(i, base64_line_bytes));
  }
  out += '"';
}

class JsonPrinter {
 public:
  JsonPrinter(TextCursor& out, std::size_t document_bytes) : out_(out), budget_(document_bytes) {}

  // `at`: the value's bytes and everything behind it inside its container.
  bool value(JsonType type, std::string_view at, int depth) {
    switch (type) {
      case JsonType::small_object: return container<std::uint16_t, true>(at, depth);
      case JsonType::large_object: return container<std::uint32_t, true>(at, depth);
      case JsonType::small_array: return container<std::uint16_t, false>(at, depth);
      case JsonType::large_array: return container<std::uint32_t, false>(at, depth);
      case JsonType::literal: return at.empty() ? false : literal(at[0]);
      case JsonType::int16: return integer<std::int16_t>(at);
      case JsonType::uint16: return integer<std::uint16_t>(at);
      case JsonType::int32: return integer<std::int32_t>(at);
      case JsonType::uint32: return integer<std::uint32_t>(at);
      case JsonType::int64: return integer<std::int64_t>(at);
      case JsonType::uint64: return integer<std::uint64_t>(at);
      case JsonType::float64: return float64(at);
      case JsonType::string: return string(at);
      case JsonType::opaque: return opaque(at);
    }
    return false;
  }

 private:
  // Documents do not share parts; without a budget a forged one could name a part many times.
  bool spend(std::size_t bytes) {
    if (bytes > budget_) return false;
    budget_ -= bytes;
    return true;
  }

  bool literal(char which) {
    constexpr std::string_view texts[] = {"null", "true", "false"};
    if (static_cast<unsigned char>(which) > 2) return false;
    put(texts[static_cast<unsigned char>(which)]);
    return true;
  }

  template <class T>
  bool integer(std::string_view at) {
    if (at.size() < sizeof(T)) return false;
    out_.make_room(longest_number);
    out_.put_number(load<T>(at.data()));
    return true;
  }

  bool float64(std::string_view at) {
    if (at.size() < 8 || !spend(8)) return false;
    const auto number = load<double>(at.data());
    if (!std::isfinite(number)) return false;
    out_.append([&](std::string& out) { append_server_double(out, number); });
    return true;
  }

  // Seven bits a byte, low bits first, at most five bytes; then the bytes.
  bool sized(std::string_view at, std::string_view& data) {
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < 5 && i < at.size(); ++i) {
      const auto byte = static_cast<std::uint8_t>(at[i]);
      size |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (size > at.size() - i - 1 || !spend(i + 1 + size)) return false;
      data = {at.data() + i + 1, size};
      return true;
    }
    return false;
  }

  bool text(std::string_view bytes, char before = 0, char behind = 0) {
    out_.make_room(bytes.size() + TextCursor::room_around_text);
    return out_.put_plain(bytes, before, behind) || escaped_text(bytes, before, behind);
  }

  bool escaped_text(std::string_view bytes, char before, char behind) {
    if (!is_valid_utf8(bytes)) return false;
    if (before != 0) put(before);
    out_.append([&](std::string& out) { append_json_string(out, bytes); });
    if (behind != 0) put(behind);
    return true;
  }

  bool string(std::string_view at) {
    std::string_view bytes;
    return sized(at, bytes) && text(bytes);
  }

  bool opaque(std::string_view at) {
    std::string_view bytes;
    if (at.empty() || !sized(at.substr(1), bytes)) return false;
    const auto number = static_cast<std::uint8_t>(at[0]);
    switch (static_cast<WireType>(number)) {
      case WireType::newdecimal: return decimal(bytes);
      case WireType::date:
      case WireType::time:
      case WireType::datetime:
      case WireType::timestamp: return temporal(static_cast<WireType>(number), bytes);
      default: break;
    }
    out_.append([&](std::string& out) { append_opaque(out, number, bytes); });
    return true;
  }

  bool decimal(std::string_view bytes) {
    if (bytes.size() < 2) return false;
    const auto precision = static_cast<std::uint8_t>(bytes[0]);
    const auto scale = static_cast<std::uint8_t>(bytes[1]);
    const std::size_t size = decimal_bytes(precision, scale);
    if (size == 0 || bytes.size() - 2 < size) return false;
    char buffer[longest_decimal_text];
    char* const end = write_decimal(buffer, bytes.substr(2, size), precision, scale);
    if (end == nullptr) return false;
    put({buffer, end});
    return true;
  }

  bool temporal(WireType type, std::string_view bytes) {
    if (bytes.size() != 8) return false;
    const auto packed = load<std::int64_t>(bytes.data());
    char buffer[longest_temporal_text];
    char* end = buffer;
    if (type == WireType::time) {
      end = write_time(end, unpack_time(packed), 6);
    } else if (type == WireType::date) {
      end = write_date(end, unpack_datetime(packed));
    } else {
      end = write_datetime(end, unpack_datetime(packed), 6, ' ');
    }
    put('"');
    put({buffer, end});
    put('"');
    return true;
  }

  // `Offset`: the type of counts, sizes and offsets; large documents have wide ones.
  template <class Offset, bool is_object>
  bool container(std::string_view at, int depth) {
    constexpr std::size_t head = 2 * sizeof(Offset);
    constexpr std::size_t key_entry = is_object ? sizeof(Offset) + 2 : 0;
    constexpr std::size_t value_entry = sizeof(Offset) + 1;
    if (depth > deepest || at.size() < head) return false;
    const std::size_t count = load<Offset>(at.data());
    const std::size_t size = load<Offset>(at.data() + sizeof(Offset));
    if (size > at.size() || size < head) return false;
    if (count > (size - head) / (key_entry + value_entry)) return false;
    if (!spend(head + count * (key_entry + value_entry))) return false;
    at = {at.data(), size};
    const std::string_view entries(at.data() + head, count * key_entry);
    const char* entry = entries.data() + entries.size();
    if (is_object) return members<Offset>(at, entries, entry, depth);
    put('[');
    for (std::size_t i = 0; i < count; ++i, entry += value_entry) {
      if (i != 0) put(',');
      if (!member<Offset>(at, entry, depth)) return false;
    }
    put(']');
    return true;
  }

  // `key_entries`: offset and size of every key; `entry`: of the first value.
  template <class Offset>
  bool members(std::string_view at, std::string_view key_entries, const char* entry, int depth) {
    constexpr std::size_t key_entry = sizeof(Offset) + 2;
    constexpr std::size_t value_entry = sizeof(Offset) + 1;
    const std::size_t count = key_entries.size() / key_entry;
    const JsonKeys* const known = known_keys<Offset>(at, key_entries, depth);
    if (known != nullptr && !spend(known->bytes())) return false;
    if (count == 0) put('{');  // else it stands before the first key
    const char* key = key_entries.data();
    for (std::size_t i = 0; i < count; ++i, key += key_entry, entry += value_entry) {
      if (known != nullptr) {
        out_.make_room(known->text_bytes(i) + JsonKeys::copied_bytes);
        out_.put_with([&](char* to) { return known->put(to, i); });
      } else if (!member_key<Offset>(at, key, i != 0 ? ',' : '{')) {
        return false;
      }
      if (!member<Offset>(at, entry, depth)) return false;
    }
    put('}');
    return true;
  }

  // The keys as text, if an object with the same was printed before; nullptr: print each.
  template <class Offset>
  const JsonKeys* known_keys(std::string_view at, std::string_view entries, int depth) {
    const std::size_t count = entries.size() / (sizeof(Offset) + 2);
    if (count == 0 || count > JsonKeys::most_keys || depth >= remembered_depths) return nullptr;
    const std::size_t first = load<Offset>(entries.data());
    const std::size_t first_size = load<std::uint16_t>(entries.data() + sizeof(Offset));
    if (first > at.size()) return nullptr;
    // A slot belongs to one depth: what is printed inside of this object does not replace it.
    const std::size_t slot = static_cast<std::size_t>(depth) * remembered_shapes +
                             (count + first_size) % remembered_shapes;
    JsonKeys& keys = last_keys[slot];
    if (keys.are(entries, {at.data() + first, at.size() - first})) return &keys;
    return keys.worth_remembering() && remember<Offset>(at, entries, keys) ? &keys : nullptr;
  }

  // Keys that lie one behind the other, as servers write them.
  template <class Offset>
  static bool remember(std::string_view at, std::string_view entries, JsonKeys& keys) {
    const std::size_t first = load<Offset>(entries.data());
    std::size_t end = first;
    std::string text;
    keys.begin(entries);
    for (std::size_t i = 0; i < entries.size(); i += sizeof(Offset) + 2) {
      const std::size_t size = load<std::uint16_t>(entries.data() + i + sizeof(Offset));
      const bool fits = load<Offset>(entries.data() + i) == end && size <= at.size() - end &&
                        end + size - first <= JsonKeys::most_bytes;
      if (!fits || !is_valid_utf8(at.substr(end, size))) return keys.forget(), false;
      text.assign(1, i == 0 ? '{' : ',');
      append_json_string(text, at.substr(end, size));
      keys.add(text += ':');
      end += size;
    }
    keys.finish(at.substr(first, end - first));
    return true;
  }

  template <class Offset>
  bool member_key(std::string_view at, const char* entry, char before) {
    const std::size_t offset = load<Offset>(entry);
    const std::size_t size = load<std::uint16_t>(entry + sizeof(Offset));
    if (offset > at.size() || size > at.size() - offset || !spend(size)) return false;
    return text({at.data() + offset, size}, before, ':');
  }

  // Small values stand in the entry itself, others at an offset from the container's start.
  template <class Offset>
  bool member(std::string_view at, const char* entry, int depth) {
    constexpr bool wide = sizeof(Offset) == 4;
    const auto type = static_cast<JsonType>(static_cast<std::uint8_t>(*entry));
    const std::string_view in_entry(entry + 1, sizeof(Offset));
    switch (type) {
      case JsonType::literal: return literal(in_entry[0]);
      case JsonType::int16: return integer<std::int16_t>(in_entry);
      case JsonType::uint16: return integer<std::uint16_t>(in_entry);
      case JsonType::int32:
        if (wide) return integer<std::int32_t>(in_entry);
        break;
      case JsonType::uint32:
        if (wide) return integer<std::uint32_t>(in_entry);
        break;
      default: break;
    }
    const std::size_t offset = load<Offset>(entry + 1);
    if (offset >= at.size()) return false;
    const std::string_view there(at.data() + offset, at.size() - offset);
    return type == JsonType::string ? string(there) : value(type, there, depth + 1);
  }

  void put(char c) {
    out_.make_room(1);
    out_.put(c);
  }
  void put(std::string_view text) {
    out_.make_room(text.size());
    out_.put(text);
  }

  TextCursor& out_;
  std::size_t budget_;
};

}  // namespace

std::optional<std::string_view> binary_json_text(Arena& arena, std::string_view document) {
  if (document.empty()) return arena.copy("null");
  // What the text has more than the document are quotes and commas, and numbers as digits.
  TextCursor text(arena, document.size() + document.size() / 2 + TextCursor::room_around_text);
  JsonPrinter printer(text, document.size());
  const auto type = static_cast<JsonType>(static_cast<std::uint8_t>(document[0]));
  const bool printed = printer.value(type, document.substr(1), 1);
  const std::string_view whole = text.finish();
  if (!printed) return std::nullopt;
  return whole;
}

void append_server_double(std::string& out, double number) {
  char buffer[32];
  const char* const end =
      std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  const char* at = buffer;
  if (*at == '-') out += *at++;
  const char* const e = std::find(at, end, 'e');
  int exponent = 0;
  std::from_chars(e[1] == '+' ? e + 2 : e + 1, end, exponent);
  std::string digits(1, *at);
  if (e - at > 2) digits.append(at + 2, e);
  const int point = exponent + 1;  // where the point stands, counted from the first digit
  const auto count = static_cast<int>(digits.size());
  // my_gcvt: fixed notation while the point is at most 15 digits to the right, or 14 zeros left.
  if (point < -14 || point > 15) {
    out += digits[0];
    if (count > 1) out.append(".").append(digits, 1);
    out += 'e';
    out += std::to_string(exponent);
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (point >= count) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0').append(".0");
  } else {
    out.append(digits, 0, static_cast<std::size_t>(point)).append(".");
    out.append(digits, static_cast<std::size_t>(point));
  }
}

}  // namespace tailrace::capture
