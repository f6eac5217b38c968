#include "transform/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "core/json_writer.hpp"
#include "tests/unit/transform/nested_shop.hpp"
#include "transform/state/memory_store.hpp"

namespace tailrace::transform {
namespace {

using Rows = std::vector<RowChange>;
using Told = std::set<std::string>;

class PlacementTest : public testing::TestWithParam<std::size_t> {
 protected:
  // Integers that live as long as the test.
  std::span<const Value> image(const std::vector<std::int64_t>& numbers) {
    Row& row = images_.emplace_back();
    for (const std::int64_t number : numbers) {
      row.push_back(number == 0 ? Value::null() : Value::int64(number));
    }
    return row;
  }
  RowChange row(const std::string& name, const std::vector<std::int64_t>& before,
                const std::vector<std::int64_t>& after) {
    const RowOp op = before.empty() ? RowOp::insert : after.empty() ? RowOp::remove : RowOp::update;
    return {shop.table_of(name), op, index_++, image(before), image(after)};
  }
  RowChange shipment(std::int64_t id, std::int64_t from, std::int64_t to) {
    return row("shipments", from == 0 ? none : std::vector{id, from},
               to == 0 ? none : std::vector{id, to});
  }
  RowChange parcel(std::int64_t id, std::int64_t from, std::int64_t to, std::int64_t weight = 5) {
    return row("parcels", from == 0 ? none : std::vector{id, from, weight},
               to == 0 ? none : std::vector{id, to, weight});
  }
  RowChange scan(std::int64_t id, std::int64_t from, std::int64_t to) {
    return row("scans", from == 0 ? none : std::vector{id, from},
               to == 0 ? none : std::vector{id, to});
  }

  // What one transaction did: "order 2 +parcel 11", of both for one place the later.
  Told commit(const Rows& rows) {
    for (const RowChange& change : rows) EXPECT_TRUE(placement.add(change));
    std::map<std::string, bool> last;
    EXPECT_TRUE(placement.tell([&](const PlacedRow& placed) -> Result<void> {
      const std::string kind = placed.node == shop.parcels() ? "parcel" : "scan";
      last["order " + text(placed.root) + " " + kind + " " + text(placed.key)] = placed.gone;
      EXPECT_EQ(placed.gone, placed.values.empty());
      return {};
    }));
    EXPECT_TRUE(store.end_transaction());
    EXPECT_TRUE(store.keep());
    Told told;
    for (const auto& [place, gone] : last) told.insert((gone ? "-" : "+") + place);
    return told;
  }
  static std::string text(std::string_view key) {
    std::string out;
    for (const std::string_view part : split_key(key)) out += std::string(part);
    return out;
  }

  const std::vector<std::int64_t> none;
  NestedShop shop;
  MemoryStores stores;
  PlacementStore store{*stores.open("s0-placement"), GetParam()};
  Placement placement{shop.plan, store};

 private:
  std::deque<Row> images_;
  std::uint32_t index_ = 0;
};

TEST_P(PlacementTest, IsNeededForRowsThatCarryNoKeyOfTheirRoot) {
  EXPECT_TRUE(Placement::is_needed(shop.plan));
  EXPECT_FALSE(Placement::is_needed(Shop().plan));
}

TEST_P(PlacementTest, FindsTheRootThroughEveryLevel) {
  EXPECT_EQ(commit({shipment(1, 0, 7)}), Told{});
  EXPECT_EQ(commit({parcel(11, 0, 1)}), Told{"+order 7 parcel 11"});
  EXPECT_EQ(commit({scan(21, 0, 11)}), Told{"+order 7 scan 21"});
  EXPECT_EQ(commit({scan(21, 11, 0)}), Told{"-order 7 scan 21"});
}

TEST_P(PlacementTest, KeepsRowsUntilTheirParentComes) {
  EXPECT_EQ(commit({scan(21, 0, 11)}), Told{});
  EXPECT_EQ(commit({parcel(11, 0, 1)}), Told{});
  EXPECT_EQ(commit({shipment(1, 0, 7)}), (Told{"+order 7 parcel 11", "+order 7 scan 21"}));
}

TEST_P(PlacementTest, TakesEverythingBelowAlong) {
  commit({shipment(1, 0, 7), parcel(11, 0, 1), parcel(12, 0, 1), scan(21, 0, 11)});
  EXPECT_EQ(commit({shipment(1, 7, 8)}),
            (Told{"-order 7 parcel 11", "-order 7 parcel 12", "-order 7 scan 21",
                  "+order 8 parcel 11", "+order 8 parcel 12", "+order 8 scan 21"}));
}

TEST_P(PlacementTest, ShowsNothingBelowADeletedRowUntilItComesBack) {
  commit({shipment(1, 0, 7), parcel(11, 0, 1), parcel(12, 0, 1)});
  EXPECT_EQ(commit({shipment(1, 7, 0)}), (Told{"-order 7 parcel 11", "-order 7 parcel 12"}));
  EXPECT_EQ(commit({parcel(12, 1, 0)}), Told{});
  EXPECT_EQ(commit({shipment(1, 0, 9)}), Told{"+order 9 parcel 11"});
}

TEST_P(PlacementTest, TellsNothingOfAParentThatIsBackWhereItWas) {
  commit({shipment(1, 0, 7), parcel(11, 0, 1)});
  EXPECT_EQ(commit({shipment(1, 7, 8), shipment(1, 8, 7)}), Told{});
  EXPECT_EQ(commit({shipment(1, 7, 0), shipment(1, 0, 7)}), Told{});
}

TEST_P(PlacementTest, TellsTheSameInWhateverOrderTheRowsCome) {
  Told expected;
  for (int order = 0; order < 6; ++order) {
    MemoryStores fresh;
    PlacementStore other(*fresh.open("s0-placement"), GetParam());
    Placement own(shop.plan, other);
    Rows rows = {shipment(1, 7, 8), parcel(11, 1, 2), scan(21, 11, 12)};
    for (const RowChange& change : Rows{shipment(1, 0, 7), shipment(2, 0, 7), parcel(11, 0, 1),
                                        parcel(12, 0, 1), scan(20, 0, 11), scan(21, 0, 11)}) {
      EXPECT_TRUE(own.add(change));
    }
    EXPECT_TRUE(other.end_transaction());
    EXPECT_TRUE(other.keep());
    std::rotate(rows.begin(), rows.begin() + order % 3, rows.end());
    if (order > 2) std::swap(rows[0], rows[1]);
    for (const RowChange& change : rows) EXPECT_TRUE(own.add(change));
    std::map<std::string, bool> last;
    EXPECT_TRUE(own.tell([&](const PlacedRow& placed) -> Result<void> {
      last[text(placed.root) + "/" + text(placed.key)] = placed.gone;
      return {};
    }));
    Told told;
    for (const auto& [place, gone] : last) told.insert((gone ? "-" : "+") + place);
    if (order == 0) expected = told;
    EXPECT_EQ(told, expected);
  }
  EXPECT_EQ(expected, (Told{"+7/11", "-7/12", "+8/12", "+7/20", "-7/21", "+8/21"}));
}

TEST_P(PlacementTest, CountsWhatComesAlong) {
  commit({shipment(1, 0, 7), parcel(11, 0, 1)});
  EXPECT_TRUE(placement.add(parcel(11, 1, 1, 9)));
  EXPECT_EQ(*placement.moved_bytes(), 0u);
  EXPECT_TRUE(placement.add(shipment(1, 7, 8)));
  EXPECT_GT(*placement.moved_bytes(), 0u);
}

TEST_P(PlacementTest, ForgetsATransactionThatDidNotEnd) {
  commit({shipment(1, 0, 7)});
  EXPECT_TRUE(placement.add(parcel(11, 0, 1)));
  EXPECT_TRUE(store.drop_transaction());
  EXPECT_EQ(commit({shipment(1, 7, 8)}), Told{});
  EXPECT_TRUE(placement.add(parcel(12, 0, 1)));
  PlacementStore again(*stores.open("s0-placement"), GetParam());  // another process
  ASSERT_TRUE(again.open());
  EXPECT_FALSE(again.changed());
  std::string value;
  EXPECT_TRUE(
      again.scan(Moment::after, "r", [&](std::string_view key, std::string_view) -> Result<void> {
        ADD_FAILURE() << key;
        return {};
      }));
}

TEST_P(PlacementTest, RefusesARowWithoutItsParentsKey) {
  const Row partial{Value::int64(11), Value(), Value::int64(5)};
  const auto outcome =
      placement.add({shop.table_of("parcels"), RowOp::insert, 0, {}, std::span(partial)});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, "row.no_key");
}

// In memory, and spilled at once.
INSTANTIATE_TEST_SUITE_P(InMemoryAndSpilled, PlacementTest,
                         testing::Values(std::size_t{1} << 20, std::size_t{1}),
                         [](const auto& run) { return run.param == 1 ? "spilled" : "memory"; });

}  // namespace
}  // namespace tailrace::transform
