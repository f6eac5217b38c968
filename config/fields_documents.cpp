// documents.*
#include <algorithm>
#include <cmath>
#include <set>

#include "config/fields.hpp"
#include "config/units.hpp"
#include "transform/projection/compute_text.hpp"

namespace tailrace::config {
namespace {

using transform::CapSpec;
using transform::ChildSpec;
using transform::ColumnPair;
using transform::ComputeSpec;
using transform::DocumentSpec;
using transform::FieldSpec;
using transform::LookupSpec;
using transform::SortSpec;
using transform::WhenChanged;

Shape text_shape(std::string noun) {
  Shape shape;
  shape.noun = std::move(noun);
  return shape;
}

Shape list_shape(Shape entry, std::string noun) {
  Shape shape;
  shape.kind = Shape::Kind::list;
  shape.noun = std::move(noun);
  shape.least = 1;
  shape.parts = {std::move(entry)};
  return shape;
}

Shape map_shape(Shape value, std::string noun) {
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.noun = std::move(noun);
  shape.parts = {std::move(value)};
  return shape;
}

Shape any_shape(std::string noun, std::vector<Shape> parts) {
  Shape shape;
  shape.kind = Shape::Kind::any_of;
  shape.noun = std::move(noun);
  shape.parts = std::move(parts);
  return shape;
}

// --- fields: [id, { number: order_no }] --------------------------------------

void decode_renames(Decoder& d, const Node& node, std::vector<FieldSpec>& out) {
  if (node.children.empty())
    d.error(node, {"E0204", "a rename is empty", "write { field: column }"});
  for (const auto& child : node.children) {
    FieldSpec field;
    if (check_key_name(d, *child, Name::field)) field.name = child->key;
    name(Name::column).decode(d, *child, field.column);
    out.push_back(std::move(field));
  }
}

void decode_fields(Decoder& d, const Node& node, std::optional<std::vector<FieldSpec>>& out) {
  out.emplace();
  if (!expect(d, node, Node::Kind::list, "a list of columns")) return;
  if (node.children.empty()) {
    d.error(node,
            {"E0204", "'fields' is empty", "name a column, or remove the key for every column"});
  }
  std::set<std::string> seen;
  for (const auto& child : node.children) {
    const std::size_t from = out->size();
    if (child->kind == Node::Kind::map) {
      decode_renames(d, *child, *out);
    } else {
      FieldSpec field;
      name(Name::column).decode(d, *child, field.column);
      if (check_name(d, *child, child->text.empty() ? "x" : child->text, Name::field))
        field.name = field.column;
      out->push_back(std::move(field));
    }
    for (std::size_t i = from; i < out->size(); ++i) {
      const std::string& written = (*out)[i].name;
      if (!written.empty() && !seen.insert(written).second) refuse_duplicate(d, *child, written);
    }
  }
}

Type<std::optional<std::vector<FieldSpec>>> fields() {
  const Shape rename = map_shape(text_shape("a column's name"), "{ field: column }");
  const Shape entry =
      any_shape("a column, or { field: column }", {text_shape("a column's name"), rename});
  return {list_shape(entry, "a list of columns; { field: column } renames"), decode_fields};
}

// --- on -----------------------------------------------------------------------

void decode_on(Decoder& d, const Node& node, std::vector<ColumnPair>& out) {
  if (node.kind != Node::Kind::map) {
    std::vector<std::string> names;
    columns(true).decode(d, node, names);
    for (std::string& column : names) out.push_back({std::move(column), {}});
    return;
  }
  if (node.children.empty())
    d.error(node, {"E0204", "'on' is empty", "write { column: other_column }"});
  for (const auto& child : node.children) {
    ColumnPair pair;
    if (check_key_name(d, *child, Name::column)) pair.from = child->key;
    name(Name::column).decode(d, *child, pair.to);
    out.push_back(std::move(pair));
  }
}

Type<std::vector<ColumnPair>> lookup_on() {
  Shape shape = any_shape(
      "a column, a list of columns, or { column: other_column }",
      {columns(true).shape, map_shape(text_shape("a column's name"), "{ column: other_column }")});
  return {std::move(shape), decode_on};
}

Type<std::vector<std::string>> child_on() {
  const Type<std::vector<std::string>> type = columns(true);
  return {
      type.shape, [type](Decoder& d, const Node& node, std::vector<std::string>& out) {
        if (node.kind == Node::Kind::map) {
          return d.error(
              node,
              {"E0203", "'on' of a child names columns of its own table, not pairs",
               "a child always matches its parent's primary key: list its columns in that order"});
        }
        type.decode(d, node, out);
      }};
}

// --- when_changed -------------------------------------------------------------

void decode_when_changed(Decoder& d, const Node& node, LookupSpec& out) {
  if (node.kind != Node::Kind::map) {
    return choice<WhenChanged>({{"refresh", WhenChanged::refresh}, {"keep", WhenChanged::keep}})
        .decode(d, node, out.when_changed);
  }
  const Node* refresh = node.find("refresh");
  if (refresh == nullptr || node.children.size() != 1) {
    return d.error(node, {"E0203", "'when_changed' expects refresh, keep or { refresh: 5000/s }"});
  }
  double per_second = 1;
  rate().decode(d, *refresh, per_second);
  if (per_second < 1) {
    return d.error(*refresh,
                   {"E0204", fmt::format("'refresh' is {}, outside its bounds", refresh->text),
                    "write at least 1/s; keep never refreshes"});
  }
  out.refresh_per_second = static_cast<std::uint64_t>(std::llround(per_second));
}

Shape when_changed_shape() {
  Shape word;
  word.kind = Shape::Kind::choice;
  word.choices = {"refresh", "keep"};
  Shape number;
  number.kind = Shape::Kind::rate;
  number.noun = "a rate";
  return any_shape("refresh, keep, or { refresh: rate }",
                   {word, map_shape(number, "{ refresh: rate }")});
}

// --- sort ---------------------------------------------------------------------

Type<std::vector<SortSpec>> sort() {
  const Shape one = text_shape("a column, or -column for descending");
  return {any_shape("a column, -column, or a list of them",
                    {one, list_shape(one, "a list of columns")}),
          [](Decoder& d, const Node& node, std::vector<SortSpec>& out) {
            std::vector<std::string> names;
            columns(true).decode(d, node, names);
            for (const std::string& written : names) {
              const bool descending = written.starts_with('-');
              if (written == "-")
                d.error(node, {"E0210", "'-' sorts by no column", "write -column"});
              out.push_back({descending ? written.substr(1) : written, descending});
            }
          }};
}

// --- compute ------------------------------------------------------------------

Type<ComputeSpec> compute_entry() {
  return {
      text_shape("count(child), sum(child.column * …), min(child.column) or max(child.column)"),
      [](Decoder& d, const Node& node, ComputeSpec& out) {
        const std::string* written = scalar_text(d, node, "an expression");
        if (written == nullptr) return;
        const auto parsed = transform::parse_compute(*written);
        if (parsed) {
          out.expression = *written;
          return;
        }
        const transform::ComputeMistake& mistake = parsed.error();
        d.error_within(node, mistake.at, mistake.length, {"E0223", mistake.message, mistake.hint});
      }};
}

Type<std::vector<ComputeSpec>> compute() {
  auto type = named(Name::field, &ComputeSpec::name, compute_entry());
  type.shape.noun = "by name: an expression";
  return type;
}

// --- children -----------------------------------------------------------------

const Object& cap_object() {
  static const Object declared =
      Declare<CapSpec>("a cap",
                       "At most so many rows, and a field that tells whether some were cut.")
          .key("rows", &CapSpec::rows, as<std::uint64_t>(integer(1, 1'000'000)),
               "The first so many rows, by the order of sort, are shown.")
          .required()
          .example("rows: 10000")
          .key(
              "flag", &CapSpec::flag, name(Name::field),
              "Field of the object that holds the rows, in front of them: true when rows were cut, "
              "else false.")
          .required("add flag: the field that tells of a cut")
          .example("flag: items_capped")
          .done();
  return declared;
}

const Object& child_object();

Type<std::vector<ChildSpec>> children() {
  return named(Name::field, &ChildSpec::name, object<ChildSpec>(child_object));
}

const Object& child_object() {
  static const Object declared =
      Declare<ChildSpec>(
          "a child", "Rows that point at the root, or at the rows of another child. No rows: [].")
          .key("table", &ChildSpec::table, name(Name::table), "The table that holds the rows.")
          .required()
          .example("table: order_items")
          .key("on", &ChildSpec::on, child_on(),
               "Columns of this table that hold the primary key of the root or of the child around "
               "it, "
               "in its order.")
          .required("add on: the column of this table that points at the parent")
          .example("on: order_id")
          .key("fields", &ChildSpec::fields, fields(),
               "Columns to show; { field: column } renames.")
          .otherwise("every column")
          .example("fields: [id, { number: order_no }]")
          .key("sort", &ChildSpec::sort, sort(),
               "Order of the rows, then by primary key; -column for descending.")
          .otherwise("the primary key")
          .example("sort: line_no")
          .key("limit", &ChildSpec::limit, as<std::uint64_t>(integer(1, 1'000'000)),
               "At most so many rows; the rest is cut without a word. cap tells of it.")
          .otherwise("all")
          .example("limit: 1000")
          .key("one", &ChildSpec::one, boolean(),
               "At most one row: an object or null, not an array.")
          .fallback("false")
          .key("lookups", &ChildSpec::lookups,
               named(Name::field, &LookupSpec::name, object<LookupSpec>(lookup_object)),
               "Rows that these rows point at.")
          .key("cap", &ChildSpec::cap, optional(object<CapSpec>(cap_object)),
               "At most so many rows, and a field that tells whether some were cut. Not beside "
               "limit or one.")
          .example("cap: { rows: 10000, flag: items_capped }")
          .key("flatten", &ChildSpec::flatten, name(Name::field),
               "For a table of links: the lookup whose object is shown in place of each row. A row "
               "whose target is not there is left out until the target comes; limit and cap count "
               "the rows that are left.")
          .otherwise("the row itself")
          .example("flatten: coupon")
          .key("hidden", &ChildSpec::hidden, boolean(),
               "Keeps the rows out of the document; compute sees them.")
          .fallback("false")
          .key(
              "children", &ChildSpec::children, children(),
              fmt::format("Rows that point at these rows, by name; up to {} levels below the root.",
                          transform::max_levels))
          .example("children: { parcels: { table: parcels, on: shipment_id } }")
          .done();
  return declared;
}

}  // namespace

const Object& lookup_object() {
  static const Object declared =
      Declare<LookupSpec>("a lookup", "The row that this row points at. Not there: null.")
          .key("table", &LookupSpec::table, name(Name::table), "The table pointed at.")
          .required()
          .example("table: customers")
          .key("on", &LookupSpec::on, lookup_on(),
               "Columns of the table that points, in the order of the other's primary key; or { "
               "column: other_column }.")
          .required("add on: the column that points at this table")
          .example("on: customer_id")
          .key("fields", &LookupSpec::fields, fields(),
               "Columns to show; { field: column } renames.")
          .otherwise("every column")
          .example("fields: [id, country]")
          .key_into("when_changed", when_changed_shape(), decode_when_changed,
                    "What a change of the other row does: refresh every document that shows it, at "
                    "most so many a second, or "
                    "keep the first value this document saw.")
          .required(
              "write when_changed: refresh (every document follows) or keep (the first value "
              "stays)",
              "E0215")
          .example("when_changed: { refresh: 5000/s }")
          .key("lookups", &LookupSpec::lookups,
               named(Name::field, &LookupSpec::name, object<LookupSpec>(lookup_object)),
               "Rows that the other row points at.")
          .done();
  return declared;
}

const Object& document_object() {
  static const Object declared =
      Declare<DocumentSpec>("a document",
                            "A document type: one document per row of the root table.")
          .key("root", &DocumentSpec::root, name(Name::table),
               "The table whose rows are documents.")
          .required()
          .example("root: orders")
          .key("id", &DocumentSpec::id, row_template("the document's id"),
               "Made of primary-key columns and {shard}; a separator inside a value is "
               "percent-encoded.")
          .required("add id: \"{id}\"")
          .example("id: \"{id}\"")
          .key("fields", &DocumentSpec::fields, fields(),
               "Columns to show; { field: column } renames.")
          .otherwise("every column")
          .example("fields: [id, status, { order_no: number }]")
          .key("lookups", &DocumentSpec::lookups,
               named(Name::field, &LookupSpec::name, object<LookupSpec>(lookup_object)),
               "Rows that the root points at, by name.")
          .key("children", &DocumentSpec::children, children(),
               "Rows that point at the root, by name.")
          .key("compute", &DocumentSpec::compute, compute(),
               "Fields worked out over the rows of a child, behind the children: count(child), "
               "min(child.column), max(child.column), and sum of an expression of + - * ( ), "
               "columns of one child and numbers. Every row that exists counts, also those that "
               "limit, cap, flatten or hidden keep out. NULLs are skipped as in SQL; without a "
               "value left: null, and count 0.")
          .example("compute: { revenue: sum(items.qty * items.price) }")
          .key("unique_across_shards", &DocumentSpec::unique_across_shards, boolean(),
               "Ids are unique without {shard}: rows with one key on several shards are one "
               "document, as when an order moves from one to the other.")
          .fallback("false")
          .done();
  return declared;
}

}  // namespace tailrace::config
