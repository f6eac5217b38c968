// What a key of the pipeline file may hold, as data: decoding, defaults, JSON Schema, the reference
// page and suggestions are all read from here.
// Threading: immutable once built.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tailrace::config {

class Decoder;
struct Node;
struct Object;

struct Shape {
  enum class Kind : std::uint8_t {
    text,
    integer,
    boolean,
    bytes,
    duration,
    rate,
    choice,
    secret,
    list,      // of parts[0]
    map,       // names of the file's own → parts[0]
    object,    // keys of the language
    any_of,    // parts
    anything,  // passed on as it is
    later,     // named by the language, not supported yet
  };

  Kind kind = Kind::text;
  std::string noun;     // "a column name"
  std::string pattern;  // of text, for editors
  std::vector<std::string> choices;
  std::vector<std::string> later_choices;  // named by the language, not supported yet
  std::int64_t least = 0;                  // integer; bytes and duration in their smallest unit
  std::int64_t most = 0;                   // below `least`: no bounds
  std::vector<Shape> parts;
  const Object& (*object)() = nullptr;  // a function, because lookups hold lookups
};

struct Field {
  std::string key;
  Shape shape;
  std::string doc;        // one sentence for people
  std::string example;    // YAML
  std::string fallback;   // decoded when the key is left out; empty: none
  std::string otherwise;  // for people, where the default is worked out
  bool required = false;
  std::string unless;  // the key that may stand instead of a required one
  std::string missing_code = "E0202";
  std::string missing_hint;
  std::function<void(Decoder&, const Node&, void* target)> decode;
};

struct Object {
  std::string name;  // "lookup"
  std::string doc;
  std::vector<Field> fields;

  const Field* find(std::string_view key) const;
  bool may_be_empty() const;  // no key is required
};

// The file itself.
const Object& pipeline_object();

}  // namespace tailrace::config
