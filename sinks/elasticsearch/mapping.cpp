#include "sinks/elasticsearch/mapping.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "sinks/elasticsearch/json.hpp"

namespace tailrace::sinks {

namespace {

using rapidjson::Value;
using Allocator = Json::AllocatorType;

// 8191 characters of four bytes stay below Lucene's 32,766 bytes a term.
constexpr int longest_keyword = 8191;

Value text_value(std::string_view text, Allocator& memory) {
  return Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), memory);
}

Value typed(const char* type, Allocator& memory) {
  Value field(rapidjson::kObjectType);
  field.AddMember("type", Value(rapidjson::StringRef(type)), memory);
  return field;
}

Value keyword(Allocator& memory) {
  Value field = typed("keyword", memory);
  field.AddMember("ignore_above", longest_keyword, memory);
  return field;
}

// Whole words of it can be found, and it can be sorted and counted by.
Value keyword_with_text(Allocator& memory) {
  Value subfields(rapidjson::kObjectType);
  subfields.AddMember("text", typed("text", memory), memory);
  Value field = keyword(memory);
  field.AddMember("fields", subfields, memory);
  return field;
}

// Kept in the source, not looked into: takes any JSON value.
Value opaque(Allocator& memory) {
  Value field = typed("object", memory);
  field.AddMember("enabled", false, memory);
  return field;
}

Value date(Allocator& memory) {
  Value field = typed("date", memory);
  field.AddMember("format", "strict_date_optional_time", memory);
  return field;
}

Value column_field(const ColumnType& type, Allocator& memory) {
  if (type.as_boolean) return typed("boolean", memory);
  switch (type.kind) {
    case ColumnKind::tinyint:
    case ColumnKind::smallint:
    case ColumnKind::mediumint:
    case ColumnKind::integer:
    case ColumnKind::year:
      return typed("long", memory);
    case ColumnKind::bigint:  // a long ends at 2^63 − 1
      return type.is_unsigned ? keyword(memory) : typed("long", memory);
    case ColumnKind::float32:
    case ColumnKind::float64:
    case ColumnKind::decimal:
      return typed("double", memory);
    case ColumnKind::date:
    case ColumnKind::datetime:
    case ColumnKind::timestamp:
      return date(memory);
    case ColumnKind::bit:
      if (type.length <= 1) return typed("boolean", memory);
      return type.length < 64 ? typed("long", memory) : keyword(memory);
    case ColumnKind::character:
    case ColumnKind::varchar:
      return keyword_with_text(memory);
    case ColumnKind::text:
      return typed("text", memory);
    case ColumnKind::time:
    case ColumnKind::enumeration:
    case ColumnKind::set:
    case ColumnKind::uuid:
    case ColumnKind::inet4:
    case ColumnKind::inet6:
      return keyword(memory);
    case ColumnKind::binary:
    case ColumnKind::varbinary:
    case ColumnKind::blob:
      return typed("binary", memory);
    case ColumnKind::json:
    case ColumnKind::geometry:
    case ColumnKind::vector:
    case ColumnKind::unknown:
      return opaque(memory);
  }
  return opaque(memory);
}

Value properties_of(const std::vector<FieldShape>& fields, Allocator& memory);

Value field_of(const FieldShape& shape, Allocator& memory) {
  if (shape.kind == FieldShape::Kind::column) return column_field(shape.column, memory);
  Value field(rapidjson::kObjectType);
  field.AddMember("properties", properties_of(shape.fields, memory), memory);
  return field;
}

Value properties_of(const std::vector<FieldShape>& fields, Allocator& memory) {
  Value properties(rapidjson::kObjectType);
  for (const FieldShape& field : fields) {
    properties.AddMember(text_value(field.name, memory), field_of(field, memory), memory);
  }
  return properties;
}

// What we keep about every document. A later version of this program may add fields.
Value meta_field(Allocator& memory) {
  Value properties(rapidjson::kObjectType);
  properties.AddMember("version", typed("long", memory), memory);
  properties.AddMember("deleted", typed("boolean", memory), memory);
  properties.AddMember("committed_at", date(memory), memory);
  properties.AddMember("source", opaque(memory), memory);
  Value field(rapidjson::kObjectType);
  field.AddMember("dynamic", false, memory);
  field.AddMember("properties", properties, memory);
  return field;
}

void set_member(Value& object, const Value& name, const Value& value, Allocator& memory) {
  object.RemoveMember(name);
  object.AddMember(Value(name, memory), Value(value, memory), memory);
}

bool is_object_type(const Value& field) {
  const auto type = field.FindMember("type");
  if (type == field.MemberEnd()) return true;
  return json_text(type->value) == "object" || json_text(type->value) == "nested";
}

// `change` over `field`: properties and subfields one by one, another kind of field as a whole.
void merge_field(Value& field, const Value& change, Allocator& memory) {
  const auto type = change.FindMember("type");
  if (type != change.MemberEnd()) {
    const auto before = field.FindMember("type");
    const bool same = before != field.MemberEnd() && before->value == type->value;
    const bool both_hold_fields =
        field.HasMember("properties") && is_object_type(field) && is_object_type(change);
    if (!same && !both_hold_fields) field.SetObject();
  }
  for (const auto& member : change.GetObject()) {
    const bool by_name =
        json_text(member.name) == "properties" || json_text(member.name) == "fields";
    const auto old = field.FindMember(member.name);
    if (!by_name || old == field.MemberEnd() || !member.value.IsObject()) {
      set_member(field, member.name, member.value, memory);
      continue;
    }
    for (const auto& sub : member.value.GetObject()) {
      const auto old_sub = old->value.FindMember(sub.name);
      if (old_sub != old->value.MemberEnd() && sub.value.IsObject()) {
        merge_field(old_sub->value, sub.value, memory);
      } else {
        set_member(old->value, sub.name, sub.value, memory);
      }
    }
  }
}

std::string names_in(const Value& group) {
  std::string names;
  for (const auto& member : group.GetObject()) {
    if (!names.empty()) names += ", ";
    names += json_text(member.name);
  }
  return names;
}

Result<void> apply_override(Json& mapping, std::string_view path, const Value& change) {
  Value* field = &mapping;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    const std::string name(path.substr(at, end - at));
    auto group = field->FindMember("properties");
    if (group == field->MemberEnd()) group = field->FindMember("fields");
    const bool has_fields = group != field->MemberEnd();
    if (!has_fields || !group->value.HasMember(name.c_str())) {
      return halt("es.bad_override",
                  fmt::format("mapping.overrides: no field '{}' in '{}'; {}", name, path,
                              has_fields ? "there are: " + names_in(group->value)
                                         : "the field before it has none of its own"));
    }
    field = &group->value[name.c_str()];
    at = end + 1;
  }
  merge_field(*field, change, mapping.GetAllocator());
  return {};
}

// Every name below `properties` and `fields`, objects included: as the server counts.
std::size_t count_fields(const Value& field) {
  std::size_t count = 0;
  for (const char* group : {"properties", "fields"}) {
    const auto found = field.FindMember(group);
    if (found == field.MemberEnd() || !found->value.IsObject()) continue;
    for (const auto& member : found->value.GetObject()) {
      count += 1 + (member.value.IsObject() ? count_fields(member.value) : 0);
    }
  }
  return count;
}

}  // namespace

Result<Mapping> make_mapping(const DocumentShape& shape, const ElasticsearchOptions& options) {
  Json mapping(rapidjson::kObjectType);
  Allocator& memory = mapping.GetAllocator();
  mapping.AddMember("dynamic", text_value(options.dynamic, memory), memory);
  mapping.AddMember("properties", properties_of(shape.fields, memory), memory);
  Json overrides;
  const std::string& text = options.overrides_json;
  overrides.Parse(text.empty() ? "{}" : text.c_str());
  if (overrides.HasParseError() || !overrides.IsObject()) {
    return halt("es.bad_override", "mapping.overrides is not a mapping of field paths: " + text);
  }
  for (const auto& member : overrides.GetObject()) {
    if (!member.value.IsObject()) {
      return halt("es.bad_override", fmt::format("mapping.overrides.{}: write a mapping, for "
                                                 "example {{ type: keyword }}",
                                                 json_text(member.name)));
    }
    TAILRACE_TRY(apply_override(mapping, json_text(member.name), member.value));
  }
  set_member(mapping["properties"], Value("_tailrace"), meta_field(memory), memory);
  return Mapping{json_print(mapping), count_fields(mapping)};
}

}  // namespace tailrace::sinks
