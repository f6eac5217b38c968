#include "config/reference.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/codes.hpp"
#include "config/units.hpp"

namespace tailrace::config {
namespace {

void collect(const Object& object, std::vector<const Object*>& out);

void collect_from(const Shape& shape, std::vector<const Object*>& out) {
  if (shape.object != nullptr) collect(shape.object(), out);
  for (const Shape& part : shape.parts) collect_from(part, out);
}

void collect(const Object& object, std::vector<const Object*>& out) {
  if (std::find(out.begin(), out.end(), &object) != out.end()) return;
  out.push_back(&object);
  for (const Field& field : object.fields) collect_from(field.shape, out);
}

// GitHub's rule for the anchors of headings.
std::string anchor_of(const std::string& heading) {
  std::string out;
  for (const char c : heading) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c + 32);
    if (letter) out += c;
    if (c == ' ') out += '-';
  }
  return out;
}

std::string link_to(const Object& object) {
  return fmt::format("[{}](#{})", object.name, anchor_of(object.name));
}

// A cell of a table cannot hold a bare bar.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string default_of(const Field& field) {
  if (field.required) return "**required**";
  if (!field.otherwise.empty()) return field.otherwise;
  if (field.fallback.empty() || field.fallback == "{}") return "";
  return fmt::format("`{}`", field.fallback);
}

void write_keys(std::string& out, const Object& object) {
  out += "| key | holds | left out | |\n|---|---|---|---|\n";
  for (const Field& field : object.fields) {
    if (field.shape.kind == Shape::Kind::later) continue;
    std::string doc = field.doc;
    if (!field.example.empty()) doc += fmt::format(" `{}`", field.example);
    out += fmt::format("| `{}` | {} | {} | {} |\n", field.key, cell(describe(field.shape)),
                       cell(default_of(field)), cell(doc));
  }
  out += "\n";
}

void write_later(std::string& out, const Object& object) {
  std::string names;
  for (const Field& field : object.fields) {
    if (field.shape.kind != Shape::Kind::later) continue;
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", field.key);
  }
  if (!names.empty())
    out += fmt::format("Named by the language, refused for now (E0209): {}.\n\n", names);
}

void write_codes(std::string& out) {
  out += "## Codes\n\n| code | | |\n|---|---|---|\n";
  for (const CodeInfo& info : codes()) {
    out += fmt::format("| {} | {} | {} |\n", info.code, cell(std::string(info.title)),
                       cell(std::string(info.text)));
  }
}

std::string joined_parts(const Shape& shape) {
  std::string out;
  for (const Shape& part : shape.parts) out += (out.empty() ? "" : "; or ") + describe(part);
  return out;
}

}  // namespace

std::vector<const Object*> all_objects() {
  std::vector<const Object*> out;
  collect(pipeline_object(), out);
  return out;
}

std::string describe(const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::text:
      return shape.noun.empty() ? "text" : shape.noun;
    case Shape::Kind::integer:
      return fmt::format("a whole number, {} to {}", shape.least, shape.most);
    case Shape::Kind::boolean:
      return "true or false";
    case Shape::Kind::bytes:
      return fmt::format("a size, {} to {}", bytes_text(shape.least), bytes_text(shape.most));
    case Shape::Kind::duration:
      return fmt::format("a duration, {} to {}", duration_text(shape.least),
                         duration_text(shape.most));
    case Shape::Kind::rate:
      return "a rate: /s, /min, /h";
    case Shape::Kind::choice: {
      std::string words;
      for (const std::string& word : shape.choices)
        words += fmt::format("{}`{}`", words.empty() ? "" : ", ", word);
      return words;
    }
    case Shape::Kind::secret:
      return "a secret: `{ env: NAME }` or `{ file: path }`";
    case Shape::Kind::list:
      return shape.parts.front().object != nullptr ? "a list of " + describe(shape.parts.front())
                                                   : shape.noun;
    case Shape::Kind::map:
      return shape.parts.front().object != nullptr ? "by name: " + describe(shape.parts.front())
                                                   : shape.noun;
    case Shape::Kind::object:
      return link_to(shape.object());
    case Shape::Kind::any_of:
      return shape.noun.empty() ? joined_parts(shape) : shape.noun;
    case Shape::Kind::anything:
      return shape.noun;
    case Shape::Kind::later:
      return "not supported yet";
  }
  return "";
}

std::string reference_page() {
  std::string out =
      "# The pipeline file, key by key\n\n"
      "Written by `tailrace schema --reference`: change the declarations in `config/fields_*.cpp`, "
      "not this page.\n\n"
      "- Every value is plain text until its key gives it a type: `on`, `no` and `y` are never "
      "booleans, `010` is no number.\n"
      "- `${NAME}`, `${NAME:-default}` and `${NAME:?why}` are filled from the environment once, at "
      "load, inside values only;\n"
      "  `$$` is a dollar. `{column}` is filled per row.\n"
      "- Sizes, durations and rates carry their unit: `8MiB`, `200ms`, `5000/s`.\n"
      "- `--set key=value` lays a value over the file: `--set "
      "state.dir=/var/lib/tailrace/shop`.\n\n";
  for (const Object* object : all_objects()) {
    out += fmt::format("## {}\n\n{}\n\n", object->name, object->doc);
    write_keys(out, *object);
    write_later(out, *object);
  }
  write_codes(out);
  return out;
}

}  // namespace tailrace::config
