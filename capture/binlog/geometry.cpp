#include "capture/binlog/geometry.hpp"

#include <charconv>
#include <cmath>

#include "capture/binlog/wire_reader.hpp"

namespace tailrace::capture {

namespace {

constexpr std::size_t srid_bytes = 4;
constexpr int deepest = 32;

enum class GeometryType : std::uint32_t {
  point = 1, line_string = 2, polygon = 3, multi_point = 4, multi_line_string = 5,
  multi_polygon = 6, collection = 7,
};

template <class T>
bool append_finite(std::string& out, T number) {
  if (!std::isfinite(number)) return false;
  char buffer[32];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
  return true;
}

class GeometryPrinter {
 public:
  GeometryPrinter(std::string& out, std::string_view wkb) : out_(out), in_(wkb) {}

  bool at_end() const { return in_.ok() && in_.at_end(); }

  bool geometry(int depth) {
    GeometryType type{};
    if (depth > deepest || !head(type)) return false;
    constexpr std::string_view names[] = {"Point", "LineString", "Polygon", "MultiPoint",
                                          "MultiLineString", "MultiPolygon", "GeometryCollection"};
    out_.append("{\"type\":\"").append(names[static_cast<std::uint32_t>(type) - 1]);
    out_ += type == GeometryType::collection ? "\",\"geometries\":" : "\",\"coordinates\":";
    if (!content(type, depth)) return false;
    out_ += '}';
    return true;
  }

 private:
  bool head(GeometryType& type) {
    if (in_.u8() != 1) return false;  // the server stores little-endian only
    const std::uint32_t number = in_.u32();
    type = static_cast<GeometryType>(number);
    return in_.ok() && number >= 1 && number <= 7;
  }

  bool content(GeometryType type, int depth) {
    switch (type) {
      case GeometryType::point: return point();
      case GeometryType::line_string: return points();
      case GeometryType::polygon: return rings();
      case GeometryType::multi_point:
        return list([&] { return part(GeometryType::point, depth); });
      case GeometryType::multi_line_string:
        return list([&] { return part(GeometryType::line_string, depth); });
      case GeometryType::multi_polygon:
        return list([&] { return part(GeometryType::polygon, depth); });
      case GeometryType::collection: return list([&] { return geometry(depth + 1); });
    }
    return false;
  }

  bool part(GeometryType expected, int depth) {
    GeometryType type{};
    return head(type) && type == expected && content(type, depth);
  }

  bool point() {
    const auto x = std::bit_cast<double>(in_.u64());
    const auto y = std::bit_cast<double>(in_.u64());
    if (!in_.ok()) return false;
    out_ += '[';
    if (!append_finite(out_, x)) return false;
    out_ += ',';
    if (!append_finite(out_, y)) return false;
    out_ += ']';
    return true;
  }

  bool points() {
    return list([&] { return point(); });
  }
  bool rings() {
    return list([&] { return points(); });
  }

  template <class Item>
  bool list(Item&& item) {
    const std::uint32_t count = in_.u32();
    if (!in_.ok() || count > in_.remaining()) return false;
    out_ += '[';
    for (std::uint32_t i = 0; i < count; ++i) {
      if (i != 0) out_ += ',';
      if (!item()) return false;
    }
    out_ += ']';
    return true;
  }

  std::string& out_;
  WireReader in_;
};

}  // namespace

bool append_geojson(std::string& out, std::string_view srid_and_wkb) {
  if (srid_and_wkb.size() < srid_bytes) return false;
  GeometryPrinter printer(out, srid_and_wkb.substr(srid_bytes));
  return printer.geometry(0) && printer.at_end();
}

bool append_vector_json(std::string& out, std::string_view floats) {
  if (floats.size() % sizeof(float) != 0) return false;
  out += '[';
  for (std::size_t i = 0; i < floats.size(); i += sizeof(float)) {
    if (i != 0) out += ',';
    if (!append_finite(out, load<float>(floats.data() + i))) return false;
  }
  out += ']';
  return true;
}

}  // namespace tailrace::capture
