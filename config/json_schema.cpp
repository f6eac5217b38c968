#include "config/json_schema.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>

#include "config/reference.hpp"
#include "config/shape.hpp"

namespace tailrace::config {
namespace {

using Writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

constexpr const char* kVariable = ".*[$][{].*";  // a value that comes from the environment

// Safe inside a URI: "an_event_rule".
std::string id_of(const Object& object) {
  std::string id = object.name;
  std::replace(id.begin(), id.end(), ' ', '_');
  std::replace(id.begin(), id.end(), '.', '_');
  return id;
}

void write_text(Writer& out, const std::string& text) {
  out.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void write_member(Writer& out, const char* key, const std::string& text) {
  out.Key(key);
  write_text(out, text);
}

// Calls `inside` between braces.
template <class F>
void write_object(Writer& out, F inside) {
  out.StartObject();
  inside();
  out.EndObject();
}

void write_pattern(Writer& out, const std::string& pattern) {
  write_object(out, [&] {
    write_member(out, "type", "string");
    write_member(out, "pattern", pattern);
  });
}

void write_types(Writer& out, std::initializer_list<const char*> types) {
  out.Key("type");
  out.StartArray();
  for (const char* type : types) out.String(type);
  out.EndArray();
}

void write_shape(Writer& out, const Shape& shape);

// Editors read an unquoted true or false as a boolean; Tailrace reads its text.
void write_choices(Writer& out, const std::vector<std::string>& choices) {
  write_object(out, [&] {
    out.Key("enum");
    out.StartArray();
    for (const std::string& word : choices) {
      write_text(out, word);
      if (word == "true" || word == "false") out.Bool(word == "true");
    }
    out.EndArray();
  });
}

void write_integer(Writer& out, const Shape& shape) {
  write_object(out, [&] {
    write_member(out, "type", "integer");
    out.Key("minimum");
    out.Int64(shape.least);
    out.Key("maximum");
    out.Int64(shape.most);
  });
}

void write_secret(Writer& out) {
  write_object(out, [&] {
    write_member(out, "type", "object");
    out.Key("properties");
    write_object(out, [&] {
      for (const char* key : {"env", "file"}) {
        out.Key(key);
        write_object(out, [&] { write_member(out, "type", "string"); });
      }
    });
    out.Key("additionalProperties");
    out.Bool(false);
    out.Key("minProperties");
    out.Int(1);
    out.Key("maxProperties");
    out.Int(1);
  });
}

void write_plain_text(Writer& out, const Shape& shape) {
  if (!shape.pattern.empty()) return write_pattern(out, shape.pattern);
  write_object(out, [&] { write_types(out, {"string", "number", "boolean"}); });
}

void write_list(Writer& out, const Shape& shape) {
  write_object(out, [&] {
    write_member(out, "type", "array");
    out.Key("items");
    write_shape(out, shape.parts.front());
    out.Key("minItems");
    out.Int64(shape.least);
  });
}

void write_map(Writer& out, const Shape& shape) {
  write_object(out, [&] {
    write_types(out, {"object", "null"});
    out.Key("additionalProperties");
    write_shape(out, shape.parts.front());
  });
}

// {"anyOf": [ … ]} of what `inside` writes.
template <class F>
void write_any_of(Writer& out, F inside) {
  write_object(out, [&] {
    out.Key("anyOf");
    out.StartArray();
    inside();
    out.EndArray();
  });
}

std::string with_units(const char* units) {
  return std::string("^([0-9]+([.][0-9]+)? ?(") + units + ")|" + kVariable + ")$";
}

void write_shape(Writer& out, const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::text:
      return write_plain_text(out, shape);
    case Shape::Kind::integer:
      return write_any_of(out, [&] {
        write_integer(out, shape);
        write_pattern(out, kVariable);
      });
    case Shape::Kind::boolean:
    case Shape::Kind::choice:
      return write_any_of(out, [&] {
        write_choices(out, shape.choices);
        write_pattern(out, kVariable);
      });
    case Shape::Kind::bytes:
      return write_pattern(out, with_units("B|KiB|MiB|GiB|KB|MB|GB"));
    case Shape::Kind::duration:
      return write_pattern(out, with_units("ms|s|m|min|h"));
    case Shape::Kind::rate:
      return write_pattern(out, with_units("/s|/min|/h"));
    case Shape::Kind::secret:
      return write_any_of(out, [&] {
        write_secret(out);
        write_plain_text(out, shape);
      });
    case Shape::Kind::list:
      return write_list(out, shape);
    case Shape::Kind::map:
      return write_map(out, shape);
    case Shape::Kind::object:
      return write_object(
          out, [&] { write_member(out, "$ref", "#/definitions/" + id_of(shape.object())); });
    case Shape::Kind::any_of:
      return write_any_of(out, [&] {
        for (const Shape& part : shape.parts) write_shape(out, part);
      });
    case Shape::Kind::anything:
      return write_object(out, [] {});
    case Shape::Kind::later:
      return write_object(out, [&] {
        out.Key("not");
        write_object(out, [] {});
      });
  }
}

void write_field(Writer& out, const Field& field) {
  const bool later = field.shape.kind == Shape::Kind::later;
  write_object(out, [&] {
    write_member(out, "description", later ? "Not supported yet. " + field.doc : field.doc);
    if (!field.fallback.empty() && field.fallback != "{}")
      write_member(out, "default", field.fallback);
    // In draft-07 a $ref hides its neighbours; inside allOf it does not.
    out.Key("allOf");
    out.StartArray();
    write_shape(out, field.shape);
    out.EndArray();
  });
}

void write_definition(Writer& out, const Object& object, bool root) {
  write_member(out, "description", object.doc);
  if (object.may_be_empty() && !root) {
    write_types(out, {"object", "null"});
  } else {
    write_member(out, "type", "object");
  }
  out.Key("properties");
  write_object(out, [&] {
    for (const Field& field : object.fields) {
      out.Key(field.key.c_str());
      write_field(out, field);
    }
  });
  out.Key("additionalProperties");
  out.Bool(false);
  if (object.may_be_empty()) return;
  out.Key("required");
  out.StartArray();
  for (const Field& field : object.fields) {
    if (field.required) write_text(out, field.key);
  }
  out.EndArray();
}

}  // namespace

std::string json_schema() {
  rapidjson::StringBuffer buffer;
  Writer out(buffer);
  out.SetIndent(' ', 2);
  write_object(out, [&] {
    write_member(out, "$schema", "http://json-schema.org/draft-07/schema#");
    write_member(out, "title", "Tailrace pipeline");
    write_definition(out, pipeline_object(), true);
    out.Key("definitions");
    write_object(out, [&] {
      for (const Object* object : all_objects()) {
        if (object == &pipeline_object()) continue;
        out.Key(id_of(*object).c_str());
        write_object(out, [&] { write_definition(out, *object, false); });
      }
    });
  });
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace tailrace::config
