#include "tests/simulation/law.hpp"

#include <rapidjson/document.h>

#include <algorithm>

namespace tailrace::simulation {

namespace {

using Json = rapidjson::Value;

std::int64_t number(const Json& object, const char* name) {
  const auto at = object.FindMember(name);
  if (at == object.MemberEnd() || !at->value.IsInt64()) return null_value;
  return at->value.GetInt64();
}

void take_value(Shown& shown, Table table, std::int64_t key, const Json& row, const char* name) {
  if (key == null_value) return;
  const auto at = row.FindMember(name);
  std::string value = gone;
  if (at != row.MemberEnd() && at->value.IsObject()) {
    const Json& object = at->value;
    if (table == Table::products) {
      const std::int64_t category = number(object, "category_id");
      value = ShopModel::value_text(table, {key, number(object, "name"), category});
      take_value(shown, Table::categories, category, object, "category");
    } else {
      const char* field = table == Table::prices ? "amount" : "name";
      value = ShopModel::value_text(table, {key, number(object, field)});
    }
  }
  shown.values[{table, key}] = std::move(value);
}

std::string place(std::int64_t order, Table table, std::int64_t key) {
  static constexpr const char* names[] = {"order", "item",     "payment", "product", "category",
                                          "price", "shipment", "parcel",  "scan"};
  return std::string(names[static_cast<std::size_t>(table)]) + " " + std::to_string(key) +
         " in order " + std::to_string(order);
}

// Nothing where the pipeline has no shipments.
std::map<std::int64_t, std::string> read_shipments(const Json& json) {
  std::map<std::int64_t, std::string> shipments;
  if (!json.HasMember("shipments")) return shipments;
  for (const Json& shipment : json["shipments"].GetArray()) {
    std::map<std::int64_t, std::string> parcels;
    for (const Json& parcel : shipment["parcels"].GetArray()) {
      std::map<std::int64_t, std::string> scans;
      for (const Json& scan : parcel["scans"].GetArray()) {
        scans[number(scan, "id")] = number_text(number(scan, "place"));
      }
      parcels[number(parcel, "id")] = nested_text(number(parcel, "weight"), scans);
    }
    shipments[number(shipment, "id")] = nested_text(number(shipment, "carrier"), parcels);
  }
  return shipments;
}

// Where `state` stands in `history` at or behind `from`; nullopt: nowhere.
std::optional<std::size_t> find_state(const History& history, const std::string& state,
                                      std::size_t from) {
  const auto begin = history.begin() + static_cast<std::ptrdiff_t>(std::min(from, history.size()));
  const auto at = std::find(begin, history.end(), state);
  if (at == history.end()) return std::nullopt;
  return static_cast<std::size_t>(at - history.begin());
}

}  // namespace

std::optional<Shown> read_document(const DocumentWrite& write) {
  rapidjson::Document json;
  json.Parse(write.body.data(), write.body.size());
  if (json.HasParseError() || !json.IsObject() || !json.HasMember("_tailrace")) return std::nullopt;
  const Json& meta = json["_tailrace"];
  if (!meta.HasMember("version") || meta["version"].GetUint64() != write.version.number())
    return std::nullopt;
  Shown shown;
  if (write.deleted) {
    shown.rows = gone;
    return shown;
  }
  if (std::to_string(number(json, "id")) != write.id) return std::nullopt;
  OrderText text;
  text.note = number_text(number(json, "note"));
  for (const Json& item : json["items"].GetArray()) {
    const std::int64_t product = number(item, "product_id");
    const std::int64_t price = number(item, "price_id");
    text.items[number(item, "id")] = item_text({0, 0, product, price, number(item, "qty")});
    take_value(shown, Table::products, product, item, "product");
    take_value(shown, Table::prices, price, item, "price");
  }
  text.shipments = read_shipments(json);
  for (const Json& payment : json["payments"].GetArray()) {
    text.payments[number(payment, "id")] = number_text(number(payment, "amount"));
  }
  shown.rows = text.text();
  return shown;
}

Law::Broken Law::sent(const DocumentWrite& write) {
  const auto [at, created] = contents_[write.id].try_emplace(write.version, write.body);
  if (created || at->second == write.body) return std::nullopt;
  return "two contents of version " + std::to_string(write.version.number()) + " of " + write.id +
         ": " + at->second + " and " + write.body;
}

Law::Broken Law::shown(const ShopModel& model, const DocumentWrite& write) {
  const auto document = read_document(write);
  if (!document) return "not a document: " + write.body;
  const std::int64_t order = std::stoll(write.id);
  const History& history = model.order_history(order);
  std::size_t& seen = seen_orders_[order];
  if (const auto at = find_state(history, document->rows, seen)) {
    seen = *at;
  } else if (find_state(history, document->rows, 0)) {
    return "back in time: order " + write.id + " shows " + document->rows;
  } else {
    return "torn: order " + write.id + " never was " + document->rows;
  }
  follow_generation(order, write.version.generation());
  for (const auto& [reference, value] : document->values) {
    if (auto broken = shown_value(model, {order, reference.first, reference.second}, value)) {
      return broken;
    }
  }
  return std::nullopt;
}

void Law::follow_generation(std::int64_t order, std::uint16_t generation) {
  std::uint16_t& known = generations_[order];
  if (known == generation) return;
  known = generation;
  const auto of_order = [&](const auto& entry) { return std::get<0>(entry.first) == order; };
  std::erase_if(kept_, of_order);
  std::erase_if(seen_values_, of_order);
}

Law::Broken Law::shown_value(const ShopModel& model, const Reference& reference,
                             const std::string& value) {
  const auto& [order, table, key] = reference;
  const History& history = model.value_history(table, key);
  if (table == Table::prices) {
    const auto kept = kept_.find(reference);
    if (kept != kept_.end()) {
      if (kept->second == value) return std::nullopt;
      return "kept value changed: " + place(order, table, key) + " from " + kept->second + " to " +
             value;
    }
    if (value == gone) return std::nullopt;
    if (!find_state(history, value, 0)) {
      return "never was: " + place(order, table, key) + " = " + value;
    }
    kept_[reference] = value;
    return std::nullopt;
  }
  std::size_t& seen = seen_values_[reference];
  auto at = find_state(history, value, seen);
  if (!at && seen <= model.loaded_at(table, key)) at = find_state(history, value, 0);
  if (!at) {
    return (find_state(history, value, 0) ? "lookup back in time: " : "never was: ") +
           place(order, table, key) + " = " + value;
  }
  seen = *at;
  return std::nullopt;
}

Law::Broken Law::at_rest(const ShopModel& model, const Documents& documents) const {
  for (const auto& [order, history] : model.orders_ever()) {
    const auto at = documents.find(std::to_string(order));
    const std::string expected = model.order_text(order);
    if (at == documents.end()) {
      if (expected != gone) return "missing: order " + std::to_string(order);
      continue;
    }
    const auto shown = read_document(at->second.write);
    if (!shown || shown->rows != expected) {
      return "at rest: order " + std::to_string(order) + " is " + expected + " but shows " +
             (shown ? shown->rows : "nothing");
    }
    for (const auto& [reference, value] : shown->values) {
      const auto& [table, key] = reference;
      const Row* row = model.find(table, key);
      const std::string now = row == nullptr ? gone : ShopModel::value_text(table, *row);
      const bool kept = table == Table::prices && (value != gone || now == gone);
      if (value == now || kept) continue;
      return "at rest: " + place(order, table, key) + " is " + now + " but shows " + value;
    }
  }
  for (const auto& [id, stored] : documents) {
    if (!stored.write.deleted && !model.orders_ever().contains(std::stoll(id))) {
      return "ghost: order " + id;
    }
  }
  return std::nullopt;
}

}  // namespace tailrace::simulation
