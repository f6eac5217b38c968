// The value types of the pipeline file: each is a shape and the function that decodes it.
// Used only by the fields_*.cpp files, which declare the keys.
// Threading: pure functions.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/decoder.hpp"
#include "config/shape.hpp"
#include "core/clock.hpp"
#include "core/secret.hpp"

namespace tailrace::config {

template <class T>
struct Type {
  Shape shape;
  std::function<void(Decoder&, const Node&, T&)>
      decode;  // leaves T alone when it reports a problem
};

// --- Scalars. ---------------------------------------------------------------

// The scalar's text; nullptr: it is none, which was reported, or its variable is not set.
const std::string* scalar_text(Decoder& decoder, const Node& node, const std::string& noun);

enum class Name {
  pipeline,  // letters, digits, - and _
  document,
  table,  // without its database
  column,
  field,  // in a document
  event,  // OrderPlaced
};
// Reports what is wrong with `text` as such a name.
bool check_name(Decoder& decoder, const Node& node, const std::string& text, Name what);
// The same for the key under which the node stands.
bool check_key_name(Decoder& decoder, const Node& node, Name what);

Type<std::string> text(std::string noun);
Type<std::string> name(Name what);
// "{column}" placeholders; `topic`: what remains must be legal in a topic name.
Type<std::string> row_template(std::string noun, bool topic = false);
Type<std::int64_t> integer(std::int64_t least, std::int64_t most);
Type<bool> boolean();
Type<std::int64_t> bytes(std::int64_t least, std::int64_t most);
Type<Milliseconds> duration(Milliseconds least, Milliseconds most);
Type<double> rate();
// { env: NAME } or { file: path }; a literal is a warning.
Type<Secret> secret();

// Whether `text` is one of the choices; reports it otherwise.
bool check_choice(Decoder& decoder, const Node& node, const std::string& text, const Shape& shape);

template <class E>
struct Choice {
  std::string word;
  E value;
};

template <class E>
Type<E> choice(std::vector<Choice<E>> choices, std::vector<std::string> later = {}) {
  Shape shape;
  shape.kind = Shape::Kind::choice;
  for (const Choice<E>& one : choices) shape.choices.push_back(one.word);
  shape.later_choices = std::move(later);
  return {shape, [shape, choices = std::move(choices)](Decoder& d, const Node& node, E& out) {
            const std::string* word = scalar_text(d, node, "one word");
            if (word == nullptr || !check_choice(d, node, *word, shape)) return;
            for (const Choice<E>& one : choices) {
              if (one.word == *word) out = one.value;
            }
          }};
}

// --- Composites. ------------------------------------------------------------

// Reports a node of the wrong kind. Unresolved scalars are refused silently: that is reported
// already.
bool expect(Decoder& decoder, const Node& node, Node::Kind kind, const std::string& noun);
// Reports `what` written twice in a list.
void refuse_duplicate(Decoder& decoder, const Node& node, const std::string& what);

template <class T>
Type<std::optional<T>> optional(Type<T> type) {
  return {type.shape, [type](Decoder& d, const Node& node, std::optional<T>& out) {
            type.decode(d, node, out.emplace());
          }};
}

// A number of another width; the bounds of `type` must fit.
template <class To, class From>
Type<To> as(Type<From> type) {
  return {type.shape, [type](Decoder& d, const Node& node, To& out) {
            From value = static_cast<From>(out);
            type.decode(d, node, value);
            out = static_cast<To>(value);
          }};
}

template <class T>
Type<std::vector<T>> list_of(Type<T> type, std::string noun, std::size_t least = 0) {
  Shape shape;
  shape.kind = Shape::Kind::list;
  shape.noun = noun;
  shape.least = static_cast<std::int64_t>(least);
  shape.parts = {type.shape};
  return {std::move(shape), [type, noun, least](Decoder& d, const Node& node, std::vector<T>& out) {
            if (!expect(d, node, Node::Kind::list, noun)) return;
            for (const auto& child : node.children) type.decode(d, *child, out.emplace_back());
            if (node.children.size() < least) {
              d.error(node, {"E0204", fmt::format("'{}' is empty", node.key),
                             "write at least one entry"});
            }
          }};
}

// One or several; distinct.
Type<std::vector<std::string>> columns(bool one_without_list);

template <class T>
Type<T> object(const Object& (*declared)()) {
  Shape shape;
  shape.kind = Shape::Kind::object;
  shape.object = declared;
  return {std::move(shape),
          [declared](Decoder& d, const Node& node, T& out) { d.object(declared(), node, &out); }};
}

// The file's own names → T, kept in the order of the file; `member` takes the name.
template <class T>
Type<std::vector<T>> named(Name what, std::string T::*member, Type<T> type) {
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.parts = {type.shape};
  return {std::move(shape),
          [what, member, type](Decoder& d, const Node& node, std::vector<T>& out) {
            if (node.kind == Node::Kind::null) return;
            if (!expect(d, node, Node::Kind::map, "a mapping of names")) return;
            for (const auto& child : node.children) {
              check_key_name(d, *child, what);
              T& value = out.emplace_back();
              value.*member = child->key;
              type.decode(d, *child, value);
            }
          }};
}

// --- Declaring an object. ---------------------------------------------------

// object_of<T>("lookup", "…").key("table", &T::table, name(Name::table), "…").required()…
template <class T>
class Declare {
 public:
  Declare(std::string object_name, std::string doc) {
    object_.name = std::move(object_name);
    object_.doc = std::move(doc);
  }
  template <class M>
  Declare& key(std::string key_name, M T::*member, Type<M> type, std::string doc) {
    Field field;
    field.key = std::move(key_name);
    field.shape = std::move(type.shape);
    field.doc = std::move(doc);
    field.decode = [member, decode = std::move(type.decode)](Decoder& d, const Node& node,
                                                             void* target) {
      decode(d, node, static_cast<T*>(target)->*member);
    };
    object_.fields.push_back(std::move(field));
    return *this;
  }
  // A key that fills more than one member.
  Declare& key_into(std::string key_name, Shape shape,
                    std::function<void(Decoder&, const Node&, T&)> decode, std::string doc) {
    Field field;
    field.key = std::move(key_name);
    field.shape = std::move(shape);
    field.doc = std::move(doc);
    field.decode = [decode = std::move(decode)](Decoder& d, const Node& node, void* target) {
      decode(d, node, *static_cast<T*>(target));
    };
    object_.fields.push_back(std::move(field));
    return *this;
  }
  // A key of the language that nothing implements yet.
  Declare& later(std::string key_name, std::string doc) {
    Field field;
    field.key = std::move(key_name);
    field.shape.kind = Shape::Kind::later;
    field.doc = std::move(doc);
    object_.fields.push_back(std::move(field));
    return *this;
  }
  Declare& required(std::string hint = {}, std::string code = "E0202") {
    last().required = true;
    last().missing_hint = std::move(hint);
    last().missing_code = std::move(code);
    return *this;
  }
  // Not required where `other` stands instead.
  Declare& unless(std::string other) {
    last().unless = std::move(other);
    return *this;
  }
  Declare& fallback(std::string value) {
    last().fallback = std::move(value);
    return *this;
  }
  Declare& otherwise(std::string words) {
    last().otherwise = std::move(words);
    return *this;
  }
  Declare& example(std::string yaml) {
    last().example = std::move(yaml);
    return *this;
  }
  Object done() { return std::move(object_); }

 private:
  Field& last() { return object_.fields.back(); }
  Object object_;
};

}  // namespace tailrace::config
