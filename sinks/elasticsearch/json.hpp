// The little of RapidJSON that the Elasticsearch sink uses for small requests and answers.
// Threading: free functions.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace tailrace::sinks {

using Json = rapidjson::Document;

// Empty if it is no string.
inline std::string_view json_text(const rapidjson::Value& value) {
  return value.IsString() ? std::string_view(value.GetString(), value.GetStringLength())
                          : std::string_view();
}

// The value below these names; null pointer: not there.
inline const rapidjson::Value* json_find(const rapidjson::Value& from,
                                         std::initializer_list<std::string_view> path) {
  const rapidjson::Value* at = &from;
  for (const std::string_view name : path) {
    if (!at->IsObject()) return nullptr;
    const auto found = at->FindMember(
        rapidjson::Value(name.data(), static_cast<rapidjson::SizeType>(name.size())));
    if (found == at->MemberEnd()) return nullptr;
    at = &found->value;
  }
  return at;
}

inline std::string_view json_text_at(const rapidjson::Value& from,
                                     std::initializer_list<std::string_view> path) {
  const rapidjson::Value* found = json_find(from, path);
  return found ? json_text(*found) : std::string_view();
}

// A value that is not an object if the text is not JSON. Deep nesting needs no stack.
inline Json json_parse(std::string_view text) {
  Json parsed;
  parsed.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (parsed.HasParseError()) parsed.SetNull();
  return parsed;
}

inline std::string json_print(const rapidjson::Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace tailrace::sinks
