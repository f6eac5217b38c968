// Rows below other children, which carry no key of their order: shipments of orders, their parcels,
// the parcels' scans (docs/adr/0011-an-index-kept-in-the-log.md).
#include "tests/simulation/directed.hpp"

namespace tailrace::simulation {
namespace {

WorldOptions with_shipments(WorldOptions options) {
  options.shipments = true;
  return options;
}

Broken parcel_before_its_shipment(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1)});
  s.write({parcel(1, 1, 5)});
  s.work(s.owner());
  s.write({shipment(1, 1, 7)});
  s.work(s.owner());
  return s.rest();
}

Broken parcel_before_its_shipment_in_one_transaction(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({scan(1, 1, 9), parcel(1, 1, 5), shipment(1, 1, 7), order(1, 1)});
  s.work(s.owner());
  return s.rest(true);
}

Broken shipment_moves_with_its_parcels(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5), parcel(2, 1, 6)});
  s.work(s.owner());
  s.write({shipment(1, 2, 7)});
  s.work(s.owner());
  return s.rest(true);
}

Broken shipment_moves_and_comes_back_in_one_transaction(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5)});
  s.work(s.owner());
  s.write({shipment(1, 2, 7), shipment(1, 1, 7)});
  s.work(s.owner());
  return s.rest();
}

Broken shipment_deleted_parcels_stay_and_it_comes_back(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5), scan(1, 1, 9)});
  s.work(s.owner());
  s.write({no_shipment(1)});
  s.work(s.owner());
  s.write({parcel(2, 1, 6)});
  s.write({shipment(1, 2, 8)});
  s.work(s.owner());
  s.write({no_parcel(1)});
  s.write({shipment(1, 1, 8)});
  s.work(s.owner());
  return s.rest(true);
}

Broken shipment_moved_then_its_parcel_changed_in_one_transaction(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5)});
  s.work(s.owner());
  s.write({shipment(1, 2, 7), parcel(1, 1, 6)});
  s.work(s.owner());
  return s.rest();
}

Broken parcel_changed_then_its_shipment_moved_in_one_transaction(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5)});
  s.work(s.owner());
  s.write({parcel(1, 1, 6), shipment(1, 2, 7)});
  s.work(s.owner());
  return s.rest();
}

// One way out of order 1 and another back into it: the scan was never away.
Broken parcel_changes_shipments_while_the_first_leaves(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), shipment(2, 1, 8), parcel(1, 1, 5),
           scan(1, 1, 9)});
  s.work(s.owner());
  s.write({shipment(1, 2, 7), parcel(1, 2, 5)});
  s.work(s.owner());
  return s.rest(true);
}

Broken whole_subtree_moves(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), shipment(2, 2, 8), parcel(1, 1, 5),
           scan(1, 1, 9), scan(2, 1, 10)});
  s.work(s.owner());
  s.write({parcel(1, 2, 5)});
  s.work(s.owner());
  s.write({shipment(2, 1, 8), scan(2, 2, 10)});
  s.work(s.owner());
  s.write({parcel(2, 1, 4)});
  s.work(s.owner());
  return s.rest(true);
}

Broken shipment_takes_another_key(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), shipment(1, 1, 7), parcel(1, 1, 5), scan(1, 1, 9)});
  s.work(s.owner());
  s.write({{Table::shipments, 1, Row{2, 1, 7}}});
  s.work(s.owner());
  s.write({parcel(1, 2, 5), {Table::parcels, 1, Row{3, 2, 5}}});
  s.work(s.owner());
  s.write({scan(1, 3, 9)});
  s.work(s.owner());
  return s.rest(true);
}

// At every of its calls in turn: also between the log's commit and the store's write.
Broken capture_dies_at_every_call(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5)});
  for (int calls = 1; calls < 40; ++calls) {
    s.world.step_capture();  // opens it, where it has died
    s.world.server().commit({shipment(1, 1 + calls % 2, 7), parcel(1 + calls % 5, 1, calls)});
    s.world.step_capture(calls);
    s.work(s.owner());
  }
  return s.rest(true);
}

Broken store_is_lost_behind_the_commit(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5), scan(1, 1, 9)});
  s.work(s.owner());
  s.world.kill_capture();
  s.world.capture_stores().lose_all();
  s.write({shipment(1, 2, 7)});
  s.work(s.owner());
  return s.rest();
}

Broken batch_is_aborted(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5)});
  s.work(s.owner());
  s.world.log().fail(fakes::LogCall::writer_commit, 1, retry("sim.aborted", "no").value());
  s.world.server().commit({shipment(1, 2, 7)});
  s.world.server().commit({parcel(1, 1, 6), parcel(2, 1, 8)});
  for (int n = 0; n < 3; ++n) s.world.step_capture();
  s.work(s.owner());
  s.write({shipment(1, 1, 7)});
  s.work(s.owner());
  return s.rest();
}

// It is in the log in part, and what capture remembers is read from there.
Broken capture_dies_inside_a_wide_transaction(WorldOptions options) {
  options.pass_bytes = 60;
  options.capture_batch_bytes = 60;
  Stage s(with_shipments(std::move(options)));
  std::vector<Write> writes = {order(1, 1), order(2, 1)};
  for (std::int64_t n = 1; n <= 3; ++n) {
    writes.push_back(shipment(n, 1, n));
    for (std::int64_t k = 0; k < 3; ++k) writes.push_back(parcel(n * 10 + k, n, k));
  }
  s.write(writes);
  s.work(s.owner());
  for (int calls = 1; calls < 30; ++calls) {
    s.world.server().commit({shipment(1, 1 + calls % 2, 1), parcel(10, 2, calls),
                             shipment(2, 2 - calls % 2, 2), parcel(10, 1, calls), no_parcel(20),
                             shipment(3, 1 + calls % 2, 3), parcel(20, 2 + calls % 2, 1)});
    for (int n = 0; n < 3; ++n) {
      s.world.step_capture();  // opens it
      s.world.step_capture(calls);
      s.world.kill_capture();
      if (calls % 3 == n) s.world.capture_stores().lose_all();
    }
    s.world.capture_all();
    s.work(s.owner());
  }
  return s.rest(true);
}

// The load reads parcels before shipments, and scans behind both.
Broken first_load_of_parcels_before_shipments(WorldOptions options) {
  options = with_shipments(std::move(options));
  options.before = {order(1, 1),     order(2, 1),     shipment(1, 1, 7), shipment(2, 2, 8),
                    parcel(1, 1, 5), parcel(2, 2, 6), parcel(3, 9, 7),   scan(1, 1, 9)};
  options.snapshot_chunk_rows = 1;
  options.partitions = 1;
  World world(std::move(options));
  world.add_worker();
  world.come_to_rest();
  world.server().commit({shipment(9, 2, 1), shipment(1, 2, 7)});
  world.come_to_rest();
  return world.broken();
}

// What the first attempt showed was never committed, and the second one does not read it any more.
// The second attempt finds a parcel elsewhere, and dies when it has noted that and told nobody.
Broken second_attempt_dies(WorldOptions options, int steps, int calls) {
  options = with_shipments(std::move(options));
  options.before = {order(1, 1), shipment(1, 1, 7), parcel(1, 1, 5)};
  options.snapshot_chunk_rows = 10;
  options.partitions = 1;
  World world(std::move(options));
  world.add_worker();
  for (int n = 0; n < 4; ++n) world.step_capture();  // orders, parcels, shipments
  world.kill_capture();
  world.server().commit({parcel(1, 9, 5)});
  for (int n = 0; n < steps; ++n) world.step_capture();
  world.step_capture(calls);
  world.kill_capture();
  world.come_to_rest();
  return world.broken();
}

Broken first_load_finds_a_row_elsewhere(WorldOptions options) {
  for (int steps = 1; steps < 7; ++steps) {
    for (int calls = 1; calls < 12; ++calls) {
      if (auto broken = second_attempt_dies(options, steps, calls)) return broken;
    }
  }
  return std::nullopt;
}

Broken first_load_begun_again(WorldOptions options) {
  options = with_shipments(std::move(options));
  options.before = {order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5)};
  options.snapshot_chunk_rows = 10;
  options.partitions = 1;
  World world(std::move(options));
  world.add_worker();
  for (int n = 0; n < 4; ++n) world.step_capture();  // orders, parcels, shipments
  world.kill_capture();
  world.server().commit({no_parcel(1)});
  world.server().commit({shipment(1, 2, 7)});
  world.come_to_rest();
  world.server().commit({shipment(1, 1, 7)});
  world.come_to_rest();
  return world.broken();
}

// The rows below an emptied table leave with it, and come back where its new rows are.
Broken shipments_are_truncated(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5), parcel(2, 1, 6),
           scan(1, 1, 9)});
  s.work(s.owner());
  s.truncate(Table::shipments);
  s.work(s.owner());
  s.write({no_parcel(2)});
  s.write({shipment(1, 2, 8)});
  s.work(s.owner());
  s.write({shipment(1, 1, 8)});
  s.work(s.owner());
  return s.rest(true);
}

Broken parcels_are_truncated(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), order(2, 1), shipment(1, 1, 7), parcel(1, 1, 5), scan(1, 1, 9)});
  s.work(s.owner());
  s.truncate(Table::parcels);
  s.write({shipment(1, 2, 7)});
  s.work(s.owner());
  s.write({parcel(1, 1, 6)});
  s.work(s.owner());
  return s.rest(true);
}

Broken order_deleted_and_back(WorldOptions options) {
  Stage s(with_shipments(std::move(options)));
  s.write({order(1, 1), shipment(1, 1, 7), parcel(1, 1, 5)});
  s.work(s.owner());
  s.write({no_order(1)});
  s.work(s.owner());
  s.write({parcel(1, 1, 6), parcel(2, 1, 7)});
  s.work(s.owner());
  s.write({order(1, 2)});
  s.work(s.owner());
  return s.rest(true);
}

using O = WorldOptions;
const auto without_parents = [](O& o) { o.rules.follow_parents = false; };
const auto without_catching_up = [](O& o) { o.rules.catch_up_placement = false; };

const Directed schedules[] = {
    {"ParcelBeforeItsShipment", parcel_before_its_shipment, "rows follow their parents",
     without_parents},
    {"ParcelBeforeItsShipmentInOneTransaction", parcel_before_its_shipment_in_one_transaction, "",
     nullptr},
    {"ShipmentMovesWithItsParcels", shipment_moves_with_its_parcels, "rows follow their parents",
     without_parents},
    {"ShipmentMovesAndComesBackInOneTransaction", shipment_moves_and_comes_back_in_one_transaction,
     "", nullptr},
    {"ShipmentDeletedParcelsStayAndItComesBack", shipment_deleted_parcels_stay_and_it_comes_back,
     "rows follow their parents", without_parents},
    {"ShipmentMovedThenItsParcelChangedInOneTransaction",
     shipment_moved_then_its_parcel_changed_in_one_transaction, "", nullptr},
    {"ParcelChangedThenItsShipmentMovedInOneTransaction",
     parcel_changed_then_its_shipment_moved_in_one_transaction, "", nullptr},
    {"ParcelChangesShipmentsWhileTheFirstLeaves", parcel_changes_shipments_while_the_first_leaves,
     "", nullptr},
    {"WholeSubtreeMoves", whole_subtree_moves, "rows follow their parents", without_parents},
    {"ShipmentTakesAnotherKey", shipment_takes_another_key, "", nullptr},
    {"CaptureDiesAtEveryCall", capture_dies_at_every_call, "", nullptr},
    {"StoreIsLostBehindTheCommit", store_is_lost_behind_the_commit,
     "a store behind the log catches up", without_catching_up},
    {"BatchIsAborted", batch_is_aborted, "", nullptr},
    {"CaptureDiesInsideAWideTransaction", capture_dies_inside_a_wide_transaction, "", nullptr},
    {"FirstLoadOfParcelsBeforeShipments", first_load_of_parcels_before_shipments,
     "rows follow their parents", without_parents},
    {"FirstLoadBegunAgain", first_load_begun_again, "places are committed before rows are shown",
     [](O& o) { o.rules.place_before_show = false; }},
    {"FirstLoadFindsARowElsewhere", first_load_finds_a_row_elsewhere,
     "what has left is told before its place is forgotten",
     [](O& o) { o.rules.leave_before_place = false; }},
    {"ShipmentsAreTruncated", shipments_are_truncated, "rows follow their parents",
     without_parents},
    {"ParcelsAreTruncated", parcels_are_truncated, "rows follow their parents", without_parents},
    {"OrderDeletedAndBack", order_deleted_and_back, "", nullptr},
};

INSTANTIATE_TEST_SUITE_P(Children, DirectedSchedules, testing::ValuesIn(schedules), name_of_case);

}  // namespace
}  // namespace tailrace::simulation
