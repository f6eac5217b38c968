// The one law, for one sink: every document shown is one committed state of its order at each
// source, never an older one than before; lookup values never go back, kept ones never change; one
// version has one content; and at rest the documents are what the tables say. Threading: one
// thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/document.hpp"
#include "tests/simulation/shop_model.hpp"

namespace tailrace::simulation {

using Models = std::vector<const ShopModel*>;  // by source

// Whose document an id names: "7", or "a-7" and "b-7" of the first and the second source.
struct DocumentPlace {
  std::int64_t order = 0;
  std::optional<std::size_t> source;  // of all its rows; nullopt: they may come from every source
};
DocumentPlace place_of(const std::string& id);

// A lookup row: source, table, key.
using ValueKey = std::tuple<std::size_t, Table, std::int64_t>;

// A document as a reader sees it.
struct Shown {
  std::string note = gone;                 // of the order's row
  std::size_t source = 0;                  // whose row that is
  std::vector<std::string> rests;          // items and payments, by source
  std::map<ValueKey, std::string> values;  // of every reference, or gone
};
// nullopt: not the JSON that the pipeline was to write.
std::optional<Shown> read_document(const DocumentWrite& write, std::size_t sources);

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
  Broken shown(const Models& models, const DocumentWrite& write);
  // A server took over without these changes of a source that were read: until all of it is read
  // again, documents mix the two servers. At rest they must be right like all others.
  void excuse(std::size_t source, const std::set<std::int64_t>& orders,
              const std::set<std::pair<Table, std::int64_t>>& values);
  Broken at_rest(const Models& models, const Documents& documents) const;

 private:
  using Reference = std::pair<std::string, ValueKey>;  // id of the document
  // With a new log, lookup values are looked up anew, and may come a moment after their rows.
  void follow_generation(const std::string& id, std::uint16_t generation);
  Broken shown_rows(const ShopModel& model, std::size_t source, const std::string& id,
                    const Shown& document);
  Broken shown_value(const Models& models, const Reference& reference, const std::string& value);

  // Where a lookup value may stand in its history, as early as what was seen allows: the same value
  // can be there more than once. The first load reads later than where the stream begins, so a
  // value may go back once from what was loaded (docs/promises.md).
  struct ValuePlace {
    std::optional<std::size_t> onward = 0;  // it never went back
    std::optional<std::size_t> again;       // it went back once
  };

  std::map<std::string, std::map<Version, std::string>> contents_;  // by id
  // By id and source: index in the history.
  std::map<std::pair<std::string, std::size_t>, std::size_t> seen_orders_;
  std::map<std::string, std::uint16_t> generations_;  // by id
  std::map<Reference, ValuePlace> seen_values_;
  std::map<Reference, std::string> kept_;
  std::set<std::pair<std::size_t, std::int64_t>> excused_orders_;  // by source
  std::set<ValueKey> excused_values_;
};

}  // namespace tailrace::simulation
