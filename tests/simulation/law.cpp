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

std::size_t source_of(std::int64_t number) {
  return number == null_value ? 0 : static_cast<std::size_t>(number / numbers_of_a_source);
}

void take_value(Shown& shown, const ValueKey& place, const Json& row, const char* name) {
  const auto& [source, table, key] = place;
  if (key == null_value) return;
  const auto at = row.FindMember(name);
  std::string value = gone;
  if (at != row.MemberEnd() && at->value.IsObject()) {
    const Json& object = at->value;
    if (table == Table::products) {
      const std::int64_t category = number(object, "category_id");
      value = ShopModel::value_text(table, {key, number(object, "name"), category});
      take_value(shown, {source, Table::categories, category}, object, "category");
    } else {
      const char* field = table == Table::prices ? "amount" : "name";
      value = ShopModel::value_text(table, {key, number(object, field)});
    }
  }
  shown.values[place] = std::move(value);
}

std::string place_text(const std::string& id, const ValueKey& value) {
  static constexpr const char* names[] = {"order", "item",     "payment", "product", "category",
                                          "price", "shipment", "parcel",  "scan"};
  const auto& [source, table, key] = value;
  return std::string(names[static_cast<std::size_t>(table)]) + " " + std::to_string(key) +
         " of source " + std::to_string(source) + " in order " + id;
}

// Nothing where the pipeline has no shipments. False: of a source that is not there.
bool read_shipments(const Json& json, std::vector<OrderText>& texts) {
  if (!json.HasMember("shipments")) return true;
  for (const Json& shipment : json["shipments"].GetArray()) {
    std::map<std::int64_t, std::string> parcels;
    for (const Json& parcel : shipment["parcels"].GetArray()) {
      std::map<std::int64_t, std::string> scans;
      for (const Json& scan : parcel["scans"].GetArray()) {
        scans[number(scan, "id")] = number_text(number(scan, "place"));
      }
      parcels[number(parcel, "id")] = nested_text(number(parcel, "weight"), scans);
    }
    const std::size_t source = source_of(number(shipment, "carrier"));
    if (source >= texts.size()) return false;
    texts[source].shipments[number(shipment, "id")] =
        nested_text(number(shipment, "carrier"), parcels);
  }
  return true;
}

// Where `state` stands in `history` at or behind `from`; nullopt: nowhere.
template <class History, class Matches>
std::optional<std::size_t> find_state(const History& history, std::size_t from,
                                      const Matches& matches) {
  const auto begin = history.begin() + static_cast<std::ptrdiff_t>(std::min(from, history.size()));
  const auto at = std::find_if(begin, history.end(), matches);
  if (at == history.end()) return std::nullopt;
  return static_cast<std::size_t>(at - history.begin());
}

std::optional<std::size_t> find_value(const History& history, const std::string& value,
                                      std::size_t from) {
  return find_state(history, from, [&](const std::string& state) { return state == value; });
}

// Whether the document can show `state` of this source. Where another source's row is shown, this
// one's may be there too: which of two wins is the log's business.
bool can_show(const Shown& document, std::size_t source, const OrderState& state) {
  if (document.note == gone) return state.note == gone;
  if (document.source == source && document.note != state.note) return false;
  return document.rests[source] == state.rest;
}

std::string text_of(const Shown& document, std::size_t source) {
  return "note " + document.note + document.rests[source];
}

}  // namespace

DocumentPlace place_of(const std::string& id) {
  const std::size_t dash = id.find('-');
  if (dash == std::string::npos) return {std::stoll(id), std::nullopt};
  return {std::stoll(id.substr(dash + 1)), id[0] == 'a' ? 0u : 1u};
}

std::optional<Shown> read_document(const DocumentWrite& write, std::size_t sources) {
  rapidjson::Document json;
  json.Parse(write.body.data(), write.body.size());
  if (json.HasParseError() || !json.IsObject() || !json.HasMember("_tailrace")) return std::nullopt;
  const Json& meta = json["_tailrace"];
  if (!meta.HasMember("version") || meta["version"].GetUint64() != write.version.number())
    return std::nullopt;
  Shown shown;
  shown.rests.resize(sources);
  if (write.deleted) return shown;
  if (number(json, "id") != place_of(write.id).order) return std::nullopt;
  shown.note = number_text(number(json, "note"));
  shown.source = source_of(number(json, "note"));
  std::vector<OrderText> texts(sources);
  for (const Json& item : json["items"].GetArray()) {
    const std::int64_t product = number(item, "product_id");
    const std::int64_t price = number(item, "price_id");
    const std::size_t source = source_of(number(item, "qty"));
    if (source >= sources) return std::nullopt;
    texts[source].items[number(item, "id")] =
        item_text({0, 0, product, price, number(item, "qty")});
    take_value(shown, {source, Table::products, product}, item, "product");
    take_value(shown, {source, Table::prices, price}, item, "price");
  }
  if (!read_shipments(json, texts)) return std::nullopt;
  for (const Json& payment : json["payments"].GetArray()) {
    const std::size_t source = source_of(number(payment, "amount"));
    if (source >= sources) return std::nullopt;
    texts[source].payments[number(payment, "id")] = number_text(number(payment, "amount"));
  }
  for (std::size_t n = 0; n < sources; ++n) shown.rests[n] = texts[n].text();
  return shown;
}

Law::Broken Law::sent(const DocumentWrite& write) {
  const auto [at, created] = contents_[write.id].try_emplace(write.version, write.body);
  if (created || at->second == write.body) return std::nullopt;
  return "two contents of version " + std::to_string(write.version.number()) + " of " + write.id +
         ": " + at->second + " and " + write.body;
}

Law::Broken Law::shown(const Models& models, const DocumentWrite& write) {
  const auto document = read_document(write, models.size());
  if (!document) return "not a document: " + write.body;
  const DocumentPlace place = place_of(write.id);
  for (std::size_t source = 0; source < models.size(); ++source) {
    if (place.source && *place.source != source) {
      const bool foreign = !document->rests[source].empty() || document->source == source;
      if (document->note != gone && foreign) return "rows of another shard: order " + write.id;
      continue;
    }
    if (auto broken = shown_rows(*models[source], source, write.id, *document)) return broken;
  }
  follow_generation(write.id, write.version.generation());
  for (const auto& [key, value] : document->values) {
    if (auto broken = shown_value(models, {write.id, key}, value)) return broken;
  }
  return std::nullopt;
}

Law::Broken Law::shown_rows(const ShopModel& model, std::size_t source, const std::string& id,
                            const Shown& document) {
  if (excused_orders_.contains({source, place_of(id).order})) return std::nullopt;
  const OrderHistory& history = model.order_history(place_of(id).order);
  const auto matches = [&](const OrderState& state) { return can_show(document, source, state); };
  std::size_t& seen = seen_orders_[{id, source}];
  if (const auto at = find_state(history, seen, matches)) {
    seen = *at;
    return std::nullopt;
  }
  const std::string what = "order " + id + " at source " + std::to_string(source);
  if (find_state(history, 0, matches)) {
    return "back in time: " + what + " shows " + text_of(document, source);
  }
  return "torn: " + what + " never was " + text_of(document, source);
}

void Law::excuse(std::size_t source, const std::set<std::int64_t>& orders,
                 const std::set<std::pair<Table, std::int64_t>>& values) {
  for (const std::int64_t order : orders) excused_orders_.insert({source, order});
  for (const auto& [table, key] : values) excused_values_.insert({source, table, key});
}

void Law::follow_generation(const std::string& id, std::uint16_t generation) {
  std::uint16_t& known = generations_[id];
  if (known == generation) return;
  known = generation;
  const auto of_order = [&](const auto& entry) { return entry.first.first == id; };
  std::erase_if(kept_, of_order);
  std::erase_if(seen_values_, of_order);
}

Law::Broken Law::shown_value(const Models& models, const Reference& reference,
                             const std::string& value) {
  if (excused_values_.contains(reference.second)) return std::nullopt;
  const auto& [source, table, key] = reference.second;
  const ShopModel& model = *models[source];
  const std::string place = place_text(reference.first, reference.second);
  const History& history = model.value_history(table, key);
  if (table == Table::prices) {
    const auto kept = kept_.find(reference);
    if (kept != kept_.end()) {
      if (kept->second == value) return std::nullopt;
      return "kept value changed: " + place + " from " + kept->second + " to " + value;
    }
    if (value == gone) return std::nullopt;
    if (!find_value(history, value, 0)) return "never was: " + place + " = " + value;
    kept_[reference] = value;
    return std::nullopt;
  }
  ValuePlace& seen = seen_values_[reference];
  ValuePlace now{std::nullopt, std::nullopt};
  if (seen.onward) now.onward = find_value(history, value, *seen.onward);
  if (seen.again) now.again = find_value(history, value, *seen.again);
  // From 0 is as early as a way that had gone back before can be.
  if (seen.onward && *seen.onward <= model.loaded_at(table, key)) {
    now.again = find_value(history, value, 0);
  }
  if (!now.onward && !now.again) {
    return (find_value(history, value, 0) ? "lookup back in time: " : "never was: ") + place +
           " = " + value;
  }
  seen = now;
  return std::nullopt;
}

namespace {

// The sources that may have rows of a document.
std::vector<std::size_t> sources_of(const DocumentPlace& place, const Models& models) {
  if (place.source) return {*place.source};
  std::vector<std::size_t> all;
  for (std::size_t n = 0; n < models.size(); ++n) all.push_back(n);
  return all;
}

Law::Broken rows_at_rest(const Models& models, const std::string& id, const Shown* shown) {
  const DocumentPlace place = place_of(id);
  bool is_there = false;
  bool has_note = false;
  std::string expected;
  for (const std::size_t source : sources_of(place, models)) {
    const OrderState state = models[source]->order_state(place.order);
    is_there = is_there || state.note != gone;
    expected += "note " + state.note + state.rest + "; ";
    if (shown == nullptr || shown->note == gone) continue;
    has_note = has_note || (shown->source == source && shown->note == state.note);
    if (shown->rests[source] == state.rest) continue;
    return "at rest: order " + id + " is " + expected + "but shows " + text_of(*shown, source);
  }
  if (shown == nullptr) return is_there ? Law::Broken("missing: order " + id) : std::nullopt;
  if (is_there == (shown->note != gone) && has_note == is_there) return std::nullopt;
  return "at rest: order " + id + " is " + expected + "but shows note " + shown->note;
}

}  // namespace

Law::Broken Law::at_rest(const Models& models, const Documents& documents) const {
  const bool by_shard = std::any_of(documents.begin(), documents.end(), [](const auto& document) {
    return document.first.find('-') != std::string::npos;
  });
  std::set<std::string> ids;  // of orders that ever were
  for (std::size_t n = 0; n < models.size(); ++n) {
    for (const auto& [order, history] : models[n]->orders_ever()) {
      const std::string prefix = !by_shard ? "" : n == 0 ? "a-" : "b-";
      ids.insert(prefix + std::to_string(order));
    }
  }
  for (const std::string& id : ids) {
    const auto at = documents.find(id);
    if (at == documents.end()) {
      if (auto broken = rows_at_rest(models, id, nullptr)) return broken;
      continue;
    }
    const auto shown = read_document(at->second.write, models.size());
    if (!shown) return "at rest: not a document: " + at->second.write.body;
    if (auto broken = rows_at_rest(models, id, &*shown)) return broken;
    for (const auto& [reference, value] : shown->values) {
      const auto& [source, table, key] = reference;
      const Row* row = models[source]->find(table, key);
      const std::string now = row == nullptr ? gone : ShopModel::value_text(table, *row);
      const bool kept = table == Table::prices && (value != gone || now == gone);
      if (value == now || kept) continue;
      return "at rest: " + place_text(id, reference) + " is " + now + " but shows " + value;
    }
  }
  for (const auto& [id, stored] : documents) {
    if (!stored.write.deleted && !ids.contains(id)) return "ghost: order " + id;
  }
  return std::nullopt;
}

}  // namespace tailrace::simulation
