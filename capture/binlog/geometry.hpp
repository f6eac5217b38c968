// Geometry and vector columns to JSON text. Source: OGC WKB after MySQL's four bytes of SRID;
// RFC 7946 for GeoJSON. Coordinates are x then y: longitude first, also for SRID 4326.
// Threading: free functions.
#pragma once

#include <string>
#include <string_view>

namespace tailrace::capture {

// `{"type":"Point","coordinates":[1,2]}`. False: not a well-formed geometry; `out` is unfinished.
bool append_geojson(std::string& out, std::string_view srid_and_wkb);

// `[0.5,1]` from 4-byte floats. False: the size is no multiple of four, or a number is not finite.
bool append_vector_json(std::string& out, std::string_view floats);

}  // namespace tailrace::capture
