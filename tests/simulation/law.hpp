// The one law, for one sink: every document shown is one committed state of its order, never an
// older one than before; lookup values never go back, kept ones never change; one version has one
// content; and at rest the documents are what the tables say.
// Threading: one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "core/document.hpp"
#include "tests/simulation/shop_model.hpp"

namespace tailrace::simulation {

// A document as a reader sees it.
struct Shown {
  std::string rows;  // as ShopModel::order_text writes it
  std::map<std::pair<Table, std::int64_t>, std::string> values;  // of every reference, or gone
};
// nullopt: not the JSON that the pipeline was to write.
std::optional<Shown> read_document(const DocumentWrite& write);

struct StoredDocument {
  Version version;
  DocumentWrite write;
};
using Documents = std::map<std::string, StoredDocument>;

class Law {
 public:
  using Broken = std::optional<std::string>;  // how

  // Something was sent to the sink, whether it took it or not.
  Broken sent(const DocumentWrite& write);
  // The sink shows it from now on.
  Broken shown(const ShopModel& model, const DocumentWrite& write);
  Broken at_rest(const ShopModel& model, const Documents& documents) const;

 private:
  using Reference = std::tuple<std::int64_t, Table, std::int64_t>;  // order, table, key
  // With a new log, lookup values are looked up anew, and may come a moment after their rows.
  void follow_generation(std::int64_t order, std::uint16_t generation);
  Broken shown_value(const ShopModel& model, const Reference& reference, const std::string& value);

  std::map<std::string, std::map<Version, std::string>> contents_;  // by id
  std::map<std::int64_t, std::size_t> seen_orders_;                 // index in the history
  std::map<std::int64_t, std::uint16_t> generations_;               // by order
  std::map<Reference, std::size_t> seen_values_;
  std::map<Reference, std::string> kept_;
};

}  // namespace tailrace::simulation
