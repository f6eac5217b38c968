// One lookup row that many documents show: paused and resumed, killed on the way, changed again.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/simulation/stage.hpp"

namespace tailrace::simulation {
namespace {

constexpr std::int64_t orders = 20;

// Orders 1 to 20, item n in order n, all of product 1.
void begin_with_orders(Stage& s) {
  s.write({product(1)});
  s.work(s.owner());
  std::vector<Write> rows;
  for (std::int64_t n = 1; n <= orders; ++n) {
    rows.push_back(order(n, 1));
    rows.push_back(item(n, n, 1));
  }
  s.write(rows);
  s.work(s.owner());
}

std::string shown_product(Stage& s, std::int64_t of_order, std::int64_t id = 1) {
  const auto& documents = s.world.sink().documents();
  const auto at = documents.find(std::to_string(of_order));
  if (at == documents.end()) return "no document";
  return read_document(at->second.write, 1)->values.at({0, Table::products, id});
}

std::size_t showing(Stage& s, const std::string& name) {
  std::size_t count = 0;
  for (std::int64_t n = 1; n <= orders; ++n) count += shown_product(s, n) == name;
  return count;
}

// By order.
std::map<std::int64_t, std::size_t> writes(Stage& s) {
  std::map<std::int64_t, std::size_t> counts;
  for (std::int64_t n = 1; n <= orders; ++n)
    counts[n] = s.world.sink().writes_of(std::to_string(n));
  return counts;
}

// The most of one document since `before`.
std::size_t most_writes(Stage& s, const std::map<std::int64_t, std::size_t>& before) {
  std::size_t most = 0;
  for (const auto& [n, count] : writes(s)) most = std::max(most, count - before.at(n));
  return most;
}

// One step at most: as a slow fan-out is caught on its way.
void follow_a_few(Stage& s) {
  s.view(s.owner());
  s.send(s.owner());
  s.read(s.owner());
  s.sink(s.owner());
}

engine::StatusBoard::View status(Stage& s) {
  s.world.clock().advance(std::chrono::seconds(1));
  s.world.step(s.owner());
  return s.owner().board->view();
}

engine::ComponentStatus component(const engine::StatusBoard::View& view, const std::string& name) {
  for (const auto& found : view.components) {
    if (found.name == name) return found;
  }
  return {};
}

WorldOptions a_few_at_once() {
  WorldOptions options;
  options.fanout_window = 4;
  return options;
}

void expect_right(Stage& s, bool restore = false) {
  const Broken broken = s.rest(restore);
  EXPECT_FALSE(broken) << *broken;
  EXPECT_EQ(showing(s, shown_product(s, 1)), static_cast<std::size_t>(orders));
}

TEST(FanOut, StandsStillWhilePausedWhileNewOrdersShowTheNewName) {
  Stage s({});
  begin_with_orders(s);
  const std::string old_name = shown_product(s, 1);
  s.world.fanout_valve().pause(1);
  s.write({product(2)});
  s.work(s.owner());
  s.write({order(21, 1), item(21, 21, 1), order(3, 9)});
  s.work(s.owner());
  EXPECT_EQ(showing(s, old_name), static_cast<std::size_t>(orders));
  EXPECT_NE(shown_product(s, 21), old_name);
  EXPECT_EQ(read_document(s.world.sink().documents().at("3").write, 1)->note, "9");
  s.world.fanout_valve().resume();
  expect_right(s);
  EXPECT_EQ(shown_product(s, 1), shown_product(s, 21));
}

TEST(FanOut, TellsThatItIsPausedAndWhatWaits) {
  Stage s({});
  begin_with_orders(s);
  s.world.fanout_valve().pause(1);
  s.write({product(2)});
  s.view(s.owner());
  auto view = status(s);
  const auto paused = component(view, "fan-out order");
  EXPECT_EQ(paused.phase, engine::Phase::paused);
  EXPECT_EQ(paused.code, "fanout.paused");
  EXPECT_EQ(paused.message,
            "1 changed rows, 20 documents to look at; other changes are not held back");
  EXPECT_EQ(view.gauges.at(R"(tailrace_fanout_pending{document="order",table="products"})"), 20);
  EXPECT_EQ(component(view, "projector order").phase, engine::Phase::streaming);
  s.world.fanout_valve().resume();
  s.work(s.owner());
  view = status(s);
  EXPECT_EQ(component(view, "fan-out order").phase, engine::Phase::streaming);
  EXPECT_EQ(view.facts.at("fanout.order.products"), "done");
  EXPECT_EQ(view.gauges.at(R"(tailrace_fanout_pending{document="order",table="products"})"), 0);
}

TEST(FanOut, TellsHowFarItIsAndHowLongItTakes) {
  Stage s(a_few_at_once());
  begin_with_orders(s);
  s.write({product(2)});
  follow_a_few(s);
  (void)status(s);
  follow_a_few(s);
  const auto view = status(s);
  const double left =
      view.gauges.at(R"(tailrace_fanout_pending{document="order",table="products"})");
  EXPECT_GT(left, 0);
  EXPECT_LT(left, orders);
  const std::string& text = view.facts.at("fanout.order.products");
  EXPECT_TRUE(text.starts_with("1 changed rows, ")) << text;
  EXPECT_NE(text.find(" documents to look at, "), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" s left")) << text;
  expect_right(s);
}

TEST(FanOut, GoesOnAfterAKillOnItsWay) {
  for (int slices = 0; slices < 6; ++slices) {
    Stage s(a_few_at_once());
    begin_with_orders(s);
    const auto before = writes(s);
    s.write({product(2)});
    for (int n = 0; n < slices; ++n) follow_a_few(s);
    if (slices % 2 == 0) s.commit(s.owner());
    World::Worker& worker = s.owner();
    s.move({.kill = true, .back = slices % 3 == 0 ? &worker : nullptr});
    expect_right(s, slices % 2 == 1);
    EXPECT_LE(most_writes(s, before), slices % 2 == 1 ? 3u : 2u);  // once by each who takes over
  }
}

TEST(FanOut, GoesOnAfterAKillAtAnyCall) {
  for (int calls = 1; calls < 60; ++calls) {
    Stage s(a_few_at_once());
    begin_with_orders(s);
    s.write({product(2)});
    s.world.freeze_lookups(s.owner());
    for (int n = 0; n < 8; ++n) s.world.step(s.owner(), n == 1 ? calls : 0);
    World::Worker& worker = s.owner();
    s.world.kill(worker);
    s.move({.kill = true, .back = calls % 2 == 0 ? &worker : nullptr});
    expect_right(s, calls % 3 == 0);
  }
}

// What was paused is not lost with the process; another one that is not paused goes on with it.
TEST(FanOut, ThatWasPausedIsDoneByWhoTakesOver) {
  Stage s({});
  begin_with_orders(s);
  const std::string old_name = shown_product(s, 1);
  s.world.fanout_valve().pause(1);
  s.write({product(2)});
  s.work(s.owner());
  EXPECT_EQ(showing(s, old_name), static_cast<std::size_t>(orders));
  s.world.fanout_valve().resume();
  s.move({.kill = true});
  expect_right(s, true);
  EXPECT_NE(shown_product(s, 1), old_name);
}

// The sink is given what came in before what only follows, also where a document is both.
TEST(FanOut, LetsWhatComesInGoFirst) {
  Stage s({});
  begin_with_orders(s);
  const std::string old_name = shown_product(s, 1);
  s.write({product(2)});
  s.view(s.owner());
  s.send(s.owner());
  s.read(s.owner());  // all of them wait for the sink now
  ASSERT_EQ(showing(s, old_name), static_cast<std::size_t>(orders));
  s.write({order(orders, 9), order(21, 1), item(21, 21, 1)});
  s.read(s.owner());
  s.sink(s.owner());
  EXPECT_NE(shown_product(s, 21), old_name);
  EXPECT_EQ(read_document(s.world.sink().documents().at("20").write, 1)->note, "9");
  EXPECT_GT(showing(s, old_name), 0u);
  expect_right(s);
}

// Each document is written once or twice, not once for each name.
TEST(FanOut, ASecondRenameSupersedesTheFirst) {
  Stage s(a_few_at_once());
  begin_with_orders(s);
  const auto before = writes(s);
  s.write({product(2)});
  follow_a_few(s);
  const std::string second = shown_product(s, 1);
  const std::size_t renamed = showing(s, second);
  ASSERT_GT(renamed, 0u);
  ASSERT_LT(renamed, static_cast<std::size_t>(orders));
  for (std::int64_t name = 3; name < 9; ++name) {
    s.write({product(name)});
    s.view(s.owner());
  }
  expect_right(s);
  EXPECT_NE(shown_product(s, 1), second);
  EXPECT_LE(most_writes(s, before), 2u);
  std::size_t twice = 0;
  for (const auto& [n, count] : writes(s)) twice += count - before.at(n) > 1;
  EXPECT_LE(twice, renamed + 8) << "only those that were on their way to another name";
}

TEST(FanOut, OfManyNamesWhilePausedTheNewestIsWrittenOnce) {
  Stage s({});
  begin_with_orders(s);
  const auto before = writes(s);
  s.world.fanout_valve().pause(1);
  for (std::int64_t name = 2; name < 12; ++name) {
    s.write({product(name)});
    s.work(s.owner());
  }
  EXPECT_EQ(status(s).gauges.at(R"(tailrace_fanout_changes{document="order",table="products"})"),
            1);
  s.world.fanout_valve().resume();
  expect_right(s);
  EXPECT_EQ(most_writes(s, before), 1u);
}

TEST(FanOut, AtARateDoesNotHoldUpNewOrders) {
  WorldOptions options;
  options.product_rate = 2;
  Stage s(options);
  begin_with_orders(s);
  const std::string old_name = shown_product(s, 1);
  s.write({product(2)});
  s.write({order(21, 1), item(21, 21, 1)});
  for (int n = 0; n < 2; ++n) follow_a_few(s);
  EXPECT_NE(shown_product(s, 21), old_name);
  EXPECT_GE(showing(s, old_name), 15u);
  const Deadline began = s.world.clock().now();
  for (int n = 0; n < 200 && showing(s, old_name) > 0; ++n) follow_a_few(s);
  const double seconds = std::chrono::duration<double>(s.world.clock().now() - began).count();
  EXPECT_EQ(showing(s, old_name), 0u);
  EXPECT_GE(seconds, 15 / 2 - 1);
  EXPECT_LE(seconds, 20);
  expect_right(s);
}

// More changed rows than are kept one by one: new orders are not held up, nothing is forgotten.
TEST(FanOut, PausedUnderMoreChangesThanFitFollowsAllOfThemLater) {
  constexpr std::int64_t products = 12;
  for (const bool restart : {false, true}) {
    WorldOptions options;
    options.fanout_limit = 1;  // four of a table wait, then they become one
    Stage s(options);
    const auto rename_all = [&](std::int64_t name) {
      for (std::int64_t id = 1; id <= products; ++id) {
        s.write({{Table::products, id, Row{id, name, null_value}}});
        s.view(s.owner());
      }
    };
    rename_all(1);
    std::vector<Write> rows;
    for (std::int64_t n = 1; n <= products; ++n) {
      rows.push_back(order(n, 1));
      rows.push_back({Table::items, n, Row{n, n, n, 1, 1}});
    }
    s.write(rows);
    s.work(s.owner());
    s.world.fanout_valve().pause(1);
    rename_all(2);
    s.write({order(21, 1), {Table::items, 21, Row{21, 21, products, 1, 1}}});
    s.work(s.owner());
    EXPECT_NE(shown_product(s, 21, products), shown_product(s, products, products));
    const auto view = status(s);
    EXPECT_LE(view.gauges.at(R"(tailrace_fanout_changes{document="order",table="products"})"), 5);
    s.world.fanout_valve().resume();
    if (restart) s.move({.kill = true});
    const Broken broken = s.rest(restart);
    EXPECT_FALSE(broken) << *broken;
    EXPECT_EQ(shown_product(s, 21, products), shown_product(s, products, products));
  }
}

TEST(Standby, IsSaidByAWorkerThatOwnsNoPartition) {
  WorldOptions options;
  options.partitions = 1;
  World world(options);
  World::Worker& first = world.worker(world.add_worker());
  World::Worker& second = world.worker(world.add_worker());
  world.come_to_rest();
  const auto tell = [&] {
    world.clock().advance(std::chrono::seconds(4));
    for (World::Worker* worker : {&first, &second}) world.step(*worker);
    world.clock().advance(std::chrono::seconds(1));
    for (World::Worker* worker : {&first, &second}) world.step(*worker);
  };
  tell();
  const std::string gauge = R"(tailrace_partitions{document="order"})";
  const bool second_has = second.board->view().gauges.at(gauge) == 1;
  World::Worker& owner = second_has ? second : first;
  World::Worker& other = second_has ? first : second;
  EXPECT_EQ(owner.board->view().gauges.at(gauge), 1);
  EXPECT_EQ(other.board->view().gauges.at(gauge), 0);
  const auto idle = component(other.board->view(), "projector order");
  EXPECT_EQ(idle.phase, engine::Phase::streaming);
  EXPECT_EQ(idle.message, "stands by without a partition; it gets some when another worker leaves");
  EXPECT_EQ(other.board->view().facts.at("sink.sink0.load"), "done");
  world.leave(owner);
  for (int n = 0; n < 5; ++n) {
    world.step(other);
    world.clock().advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(other.board->view().gauges.at(gauge), 1);
  EXPECT_EQ(component(other.board->view(), "projector order").message, "");
}

}  // namespace
}  // namespace tailrace::simulation
