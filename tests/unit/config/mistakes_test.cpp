// Every kind of mistake, at its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/loading.hpp"

namespace tailrace::config {
namespace {

using ::testing::HasSubstr;

struct Mistake {
  std::string name;
  std::string text;   // behind the head, which ends on line 9
  std::string place;  // the only problem
  std::string says;
};

class Mistakes : public ::testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, IsReportedOnceAtItsPlace) {
  const LoadResult loaded = load_text(kHead + GetParam().text);
  ASSERT_EQ(loaded.problems.size(), 1u) << all_text(loaded);
  EXPECT_EQ(places(loaded).front(), GetParam().place) << all_text(loaded);
  EXPECT_THAT(all_text(loaded), HasSubstr(GetParam().says));
}

// A document whose lines start at 13.
std::string order(const std::string& lines) {
  return "documents:\n  order:\n    root: orders\n" + lines;
}

// A child, and so on so many levels.
std::string levels(int count) {
  std::string out;
  for (int n = 1; n < count; ++n) out += "{ table: t, on: o, children: { c: ";
  out += "{ table: t, on: o }";
  for (int n = 1; n < count; ++n) out += " } }";
  return out;
}

// Rules start at line 14.
std::string rules(const std::string& lines) {
  return "events:\n  topic: shop.events\n  key: \"{id}\"\n  rules:\n" + lines;
}

std::string sink(const std::string& lines) {
  return "documents: { order: { root: orders, id: \"{id}\" } }\nsinks:\n  out:\n" + lines;
}

std::string names(const ::testing::TestParamInfo<Mistake>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(
    General, Mistakes,
    ::testing::Values(
        Mistake{"UnknownKey", "documnets: {}\n", "E0201 10:1", "did you mean 'documents'?"},
        Mistake{"FarKey", "zzz: 1\n", "E0201 10:1", "its keys: tailrace, name, source"},
        Mistake{"DottedTable", "  shop.items:\n", "E0210 10:3", "write 'items'"},
        Mistake{"TableNotAMapping", "  items: all\n", "E0203 10:10", "expects a mapping, not text"},
        Mistake{"BareNumber", "errors: { retry: { from: 200 } }\n", "E0206 10:26", "write 200ms"},
        Mistake{"UnknownUnit", "errors: { retry: { from: 3 parsecs } }\n", "E0206 10:26",
                "unknown unit 'parsecs'"},
        Mistake{"NegativeDuration", "errors: { retry: { from: -1s } }\n", "E0203 10:26",
                "a number and a unit"},
        Mistake{"NotANumber", "errors: { retry: { from: nan } }\n", "E0203 10:26",
                "a number and a unit"},
        Mistake{"TooLong", "errors: { retry: { up_to: 100h } }\n", "E0204 10:27",
                "write 1ms to 1h"},
        Mistake{"FromAboveUpTo", "errors: { retry: { from: 40s } }\n", "E0204 10:26",
                "'from' is longer than 'up_to'"},
        Mistake{"HugeRate", "errors: { dead_letter: { pause_above: 9999999999/s } }\n",
                "E0204 10:39", "bounds"},
        Mistake{"ZeroRate", "errors: { dead_letter: { pause_above: 0/s } }\n", "E0204 10:39",
                "more than 0"},
        Mistake{"Choice", "errors: { poison: stop }\n", "E0205 10:19",
                "write one of: dead_letter, halt"},
        Mistake{"ChoiceNear", "log: { level: wran }\n", "E0205 10:15", "did you mean 'warn'?"},
        Mistake{"Listen", "serve: { listen: 8642 }\n", "E0219 10:18", "write host:port"},
        Mistake{"ListenPort", "serve: { listen: 'x:70000' }\n", "E0204 10:21",
                "port 70000 does not exist"},
        Mistake{"Secret", "serve: { token: { evn: X } }\n", "E0201 10:19", "did you mean 'env'?"},
        Mistake{"SecretTwice", "serve: { token: { env: X, file: y } }\n", "E0211 10:17",
                "either env or file"},
        Mistake{"SecretVariable", "serve: { token: { env: my-secret! } }\n", "E0210 10:24",
                "not its value"},
        Mistake{"SecretMissing", "serve: { token: { env: TOKEN } }\n", "E0301 10:24", "set TOKEN"},
        Mistake{"SecretFile", "serve: { token: { file: /nowhere/x } }\n", "E0303 10:25",
                "cannot read"},
        Mistake{"EmptyList", "  items: { exclude: [] }\n", "E0204 10:21", "is empty"},
        Mistake{"TwiceInAList", "  items: { exclude: [a, b, a] }\n", "E0213 10:28",
                "'a' is written twice"},
        Mistake{"Decimals", "  items: { decimals: float }\n", "E0205 10:22", "string, number"},
        Mistake{"ExcludedBoolean", "  items: { exclude: [a], booleans: [a] }\n", "E0208 10:37",
                "excluded"},
        Mistake{"KafkaReserved", "stream: { kafka: { brokers: b, client: { group.id: x } } }\n",
                "E0220 10:42", "Tailrace itself"},
        Mistake{"KafkaPartitions", "stream: { kafka: { brokers: b, partitions: 0 } }\n",
                "E0204 10:44", "write 1 to 10000"},
        Mistake{"Octal", "stream: { kafka: { brokers: b, partitions: 010 } }\n", "E0203 10:44",
                "write 10"},
        Mistake{"Underscore", "stream: { kafka: { brokers: b, partitions: 1_0 } }\n", "E0203 10:44",
                "plain digits"},
        Mistake{"Overflow", "stream: { kafka: { brokers: b, partitions: 99999999999999999999 } }\n",
                "E0203 10:44", "out of range"},
        Mistake{"BrokersMissing", "stream: { kafka: { partitions: 3 } }\n", "E0202 10:11",
                "add brokers"}),
    names);

INSTANTIATE_TEST_SUITE_P(
    Documents, Mistakes,
    ::testing::Values(
        Mistake{"IdMissing", order("    fields: [id]\n"), "E0202 11:3", "add id: \"{id}\""},
        Mistake{"IdUnquoted", order("    id: {id}\n"), "E0203 13:9", "write \"{id}\""},
        Mistake{"IdOpen", order("    id: \"a-{id\"\n"), "E0214 13:12", "never closed"},
        Mistake{"IdStrayBrace", order("    id: \"{id}}\"\n"), "E0214 13:14", "closes nothing"},
        Mistake{"IdNoColumn", order("    id: \"{}\"\n"), "E0214 13:10", "names no column"},
        Mistake{"IdConstant", order("    id: \"{shard}\"\n"), "E0214 13:9", "the same id"},
        Mistake{"ChildWithoutOn",
                order("    id: \"{id}\"\n    children: { items: { table: order_items } }\n"),
                "E0202 14:17", "points at the parent"},
        Mistake{"ChildOnPairs",
                order("    id: \"{id}\"\n    children: { items: { table: t, on: { a: b } } }\n"),
                "E0203 14:40", "primary key"},
        Mistake{"GrandchildWithoutOn",
                order("    id: \"{id}\"\n    children:\n      s:\n        table: s\n        on: o\n"
                      "        children: { p: { table: p } }\n"),
                "E0202 18:21", "points at the parent"},
        Mistake{
            "GrandchildNamedAsField",
            order("    id: \"{id}\"\n    children:\n      s: { table: s, on: o, fields: [id, p], "
                  "children: { p: { table: p, on: s } } }\n"),
            "E0213 15:58", "'p' is the name of a field"},
        Mistake{"NineLevels",
                order("    id: \"{id}\"\n    children:\n      a: " + levels(9) + "\n"),
                "E0204 15:279", "8 levels deep at most"},
        Mistake{"WhenChanged",
                order("    id: \"{id}\"\n    lookups: { c: { table: t, on: c_id } }\n"),
                "E0215 14:16", "refresh"},
        Mistake{"WhenChangedWord",
                order("    id: \"{id}\"\n    lookups: { c: { table: t, on: c, when_changed: refesh "
                      "} }\n"),
                "E0205 14:52", "did you mean 'refresh'?"},
        Mistake{"WhenChangedRate",
                order("    id: \"{id}\"\n    lookups: { c: { table: t, on: c, when_changed: { "
                      "refresh: 5000 } } }\n"),
                "E0206 14:63", "write 5000/s"},
        Mistake{"WhenChangedSlow",
                order("    id: \"{id}\"\n    lookups: { c: { table: t, on: c, when_changed: { "
                      "refresh: 5/h } } }\n"),
                "E0204 14:63", "at least 1/s"},
        Mistake{"OneAndLimit",
                order("    id: \"{id}\"\n    children: { i: { table: t, on: o, one: true, limit: 3 "
                      "} }\n"),
                "E0211 14:57", "no meaning"},
        Mistake{"OneYes",
                order("    id: \"{id}\"\n    children: { i: { table: t, on: o, one: yes } }\n"),
                "E0205 14:44", "write true"},
        Mistake{"FieldTwice", order("    id: \"{id}\"\n    fields: [id, { id: number }]\n"),
                "E0213 14:18", "written twice"},
        Mistake{"FieldReserved", order("    id: \"{id}\"\n    fields: [{ _tailrace: x }]\n"),
                "E0210 14:16", "kept for Tailrace"},
        Mistake{"ChildNamedAsField",
                order("    id: \"{id}\"\n    fields: [id, items]\n    children: { items: { table: "
                      "t, on: o } }\n"),
                "E0213 15:17", "'items' is the name of a field"},
        Mistake{
            "NameTwice",
            order("    id: \"{id}\"\n    lookups: { a: { table: t, on: x, when_changed: keep } }\n"
                  "    children: { a: { table: t, on: o } }\n"),
            "E0213 15:17", "the name of a lookup"},
        Mistake{"Columns", order("    id: \"{id}\"\n    fields: { id: 1 }\n"), "E0203 14:13",
                "expects a list of columns"},
        Mistake{"StartNow", "documents: { order: { root: orders, id: \"{id}\" } }\nsource2: 1\n",
                "E0201 11:1", "source2"},
        Mistake{"DocumentName", "documents: { 9order: { root: orders, id: \"{id}\" } }\n",
                "E0210 10:14", "start with a letter"}),
    names);

INSTANTIATE_TEST_SUITE_P(
    Excluded, Mistakes,
    ::testing::Values(
        Mistake{"Field",
                "  items: { exclude: [note] }\n" +
                    order("    id: \"{id}\"\n    children: { i: { table: items, on: o, fields: [a, "
                          "note] } }\n"),
                "E0208 15:55", "column 'note' of items is excluded"},
        Mistake{"Sort",
                "  items: { exclude: [note] }\n" + order("    id: \"{id}\"\n    children: { i: { "
                                                         "table: items, on: o, sort: -note } }\n"),
                "E0208 15:49", "excluded"},
        Mistake{
            "On",
            "  items: { exclude: [note] }\n" +
                order("    id: \"{id}\"\n    children: { i: { table: items, on: [a, note] } }\n"),
            "E0208 15:44", "excluded"},
        Mistake{"EventKey",
                "  items: { exclude: [note] }\n" +
                    rules("    - { table: items, key: \"{note}\", emit: A }\n"),
                "E0208 15:28", "excluded"}),
    names);

namespace {
// An order with items, and more below it from line 15 on.
std::string with_items(const std::string& items, const std::string& below = "") {
  return order("    id: \"{id}\"\n    children: { items: { table: items, on: o" + items + " } }\n" +
               below);
}
const std::string kCoupon = ", lookups: { coupon: { table: c, on: c, when_changed: keep } }";
}  // namespace

INSTANTIATE_TEST_SUITE_P(
    Shapes, Mistakes,
    ::testing::Values(
        Mistake{"ComputeFunction", with_items("", "    compute: { a: summ(items.a) }\n"),
                "E0223 15:19", "did you mean 'sum'?"},
        Mistake{"ComputeInside", with_items("", "    compute: { a: \"sum(items.a / 2)\" }\n"),
                "E0223 15:32", "0.01 * column divides by 100"},
        Mistake{"ComputeChild", with_items("", "    compute: { a: \"sum(2 * itms.a)\" }\n"),
                "E0212 15:28", "did you mean 'items'?"},
        Mistake{"ComputeDeeper", with_items("", "    compute: { a: sum(items.b.c) }\n"),
                "E0223 15:23", "rows that point at the root"},
        Mistake{"ComputeName", with_items("", "    compute: { items: count(items) }\n"),
                "E0213 15:23", "the name of a child already"},
        Mistake{"ComputeExcluded",
                "  items: { exclude: [note] }\n" +
                    with_items("", "    compute: { a: max(items.note) }\n"),
                "E0208 16:19", "excluded"},
        Mistake{"CapWithoutFlag", with_items(", cap: { rows: 5 }"), "E0202 14:47",
                "the field that tells of a cut"},
        Mistake{"CapZero", with_items(", cap: { rows: 0, flag: f }"), "E0204 14:60",
                "write 1 to 1000000"},
        Mistake{"CapAndLimit", with_items(", limit: 5, cap: { rows: 5, flag: f }"), "E0211 14:54",
                "'limit' is one too many"},
        Mistake{"CapAndOne", with_items(", one: true, cap: { rows: 5, flag: f }"), "E0211 14:58",
                "'cap' has no meaning"},
        Mistake{"CapAndHidden", with_items(", hidden: true, cap: { rows: 5, flag: f }"),
                "E0211 14:61", "'cap' has no meaning"},
        Mistake{"CapFlagTaken",
                with_items(", cap: { rows: 5, flag: total }", "    fields: [total]\n"),
                "E0213 14:69", "the name of a field already"},
        Mistake{"FlattenNothing", with_items(", flatten: copon" + kCoupon), "E0212 14:56",
                "did you mean 'coupon'?"},
        Mistake{"FlattenFields", with_items(", flatten: coupon, fields: [a]" + kCoupon),
                "E0211 14:72", "put it into that lookup"},
        Mistake{
            "CascadeOfALookup",
            "  p: { cascade: { on: c, references: c, delete: set_null } }\n" +
                order("    id: \"{id}\"\n    lookups: { p: { table: p, on: p, when_changed: keep "
                      "} }\n"),
            "E0224 10:8", "shows it as lookup 'p'"},
        Mistake{"CascadeOfAnotherKey",
                "  items: { cascade: [{ on: o2, references: orders, delete: cascade }] }\n" +
                    with_items(""),
                "E0224 10:22", "child 'items' of document 'order' hangs on another key"},
        Mistake{"CascadeOfNothing",
                "  other: { cascade: { on: o, references: orders, delete: cascade } }\n" +
                    with_items(""),
                "E0224 10:12", "no document has it as a child"},
        Mistake{"CascadeDelete",
                "  items: { cascade: { on: o, references: orders, delete: restrict } }\n" +
                    with_items(""),
                "E0205 10:58", "cascade, set_null"},
        Mistake{
            "FlattenAnother",
            with_items(", flatten: p, lookups: { p: { table: p, on: p, when_changed: keep }, q: "
                       "{ table: q, on: q, when_changed: keep } }"),
            "E0211 14:114", "below the other's lookups"}),
    names);

INSTANTIATE_TEST_SUITE_P(
    Events, Mistakes,
    ::testing::Values(
        Mistake{"NoEmit", rules("    - { table: orders }\n"), "E0217 14:7", "emits nothing"},
        Mistake{"NoTransitions", rules("    - { table: orders, column: status }\n"), "E0217 14:32",
                "needs 'transitions'"},
        Mistake{"NoColumn",
                rules("    - { table: orders, transitions: [{ from: none, to: A, emit: B }] }\n"),
                "E0217 14:37", "needs 'column'"},
        Mistake{
            "TransitionKey",
            rules("    - { table: o, column: s, transitions: [{ form: none, to: A, emit: B }] }\n"),
            "E0201 14:46", "did you mean 'from'?"},
        Mistake{"NoneInAList",
                rules("    - { table: o, column: s, transitions: [{ from: [none, A], to: B, emit: "
                      "C }] }\n"),
                "E0216 14:53", "{ value: none }"},
        Mistake{"StateMapping",
                rules("    - { table: o, column: s, transitions: [{ from: { val: A }, to: B, emit: "
                      "C }] }\n"),
                "E0216 14:52", "expects a state"},
        Mistake{"Unexpected",
                rules("    - { table: o, column: s, unexpected: stop, transitions: [{ from: A, to: "
                      "B, emit: C }] }\n"),
                "E0205 14:42", "ignore, dead_letter, pause"},
        Mistake{"Unreachable",
                rules("    - { table: o, column: s, transitions: [{ from: any, to: B, emit: C }, { "
                      "from: A, to: B, emit: D }] }\n"),
                "W0403 14:75", "transition 1 ('C') matches first"},
        Mistake{
            "StandsStill",
            rules("    - { table: o, column: s, transitions: [{ from: A, to: A, emit: C }] }\n"),
            "W0403 14:44", "does not change"},
        Mistake{"PerAndColumn",
                rules("    - { table: o, column: s, per: transaction, transitions: [{ from: A, to: "
                      "B, emit: C }] }\n"),
                "E0217 14:35", "without transitions"},
        Mistake{"PerAndData", rules("    - { table: o, emit: A, per: transaction, data: key }\n"),
                "E0217 14:52", "remove data"},
        Mistake{"TopicName", rules("    - { table: o, emit: A, topic: \"a b\" }\n"), "E0210 14:35",
                "a topic's name"},
        Mistake{"EventName", rules("    - { table: o, emit: \"Order Placed\" }\n"), "E0210 14:25",
                "cannot be an event's name"},
        Mistake{"NoTopic", "events: { key: a, rules: [{ table: o, emit: A }] }\n", "E0202 10:27",
                "events.topic"},
        Mistake{"EmptyRules", "events: { topic: a, key: a, rules: [] }\n", "E0204 10:36",
                "'rules' is empty"}),
    names);

INSTANTIATE_TEST_SUITE_P(
    Sinks, Mistakes,
    ::testing::Values(
        Mistake{"NoKind", sink("    document: order\n"), "E0202 12:3", "one of sqlite"},
        Mistake{"TwoKinds", sink("    document: order\n    sqlite:\n    stdout:\n"), "E0211 12:3",
                "more than one place"},
        Mistake{"NoDocument", sink("    sqlite:\n"), "E0202 12:3", "add document"},
        Mistake{"UnknownDocument", sink("    sqlite:\n    document: ordre\n"), "E0212 14:15",
                "did you mean 'order'?"},
        Mistake{"AliasOfSqlite", sink("    sqlite:\n    document: order\n    alias: x\n"),
                "E0211 15:12", "elasticsearch only"},
        Mistake{"AliasCase",
                sink("    elasticsearch: { urls: [http://x] }\n    document: order\n    alias: "
                     "Orders\n"),
                "E0210 15:12", "lower-case"},
        Mistake{"Url", sink("    elasticsearch: { urls: [localhost:9200] }\n    document: order\n"),
                "E0219 13:29", "http://host:port"},
        Mistake{"UrlWithUser",
                sink("    elasticsearch: { urls: [\"http://u:p@x\"] }\n    document: order\n"),
                "E0219 13:29", "must not carry"},
        Mistake{"NoUrls", sink("    elasticsearch:\n    document: order\n"), "E0203 13:5",
                "indent its keys below it"},
        Mistake{"UserAlone",
                sink("    elasticsearch: { urls: [http://x], user: u }\n    document: order\n"),
                "E0202 13:46", "belong together"},
        Mistake{"BatchZero", sink("    sqlite:\n    document: order\n    batch: { docs: 0 }\n"),
                "E0204 15:20", "write 1 to 100000"},
        Mistake{"BatchBytes",
                sink("    sqlite:\n    document: order\n    batch: { bytes: 8388608 }\n"),
                "E0206 15:21", "write 8MiB"},
        Mistake{
            "SameTarget",
            sink("    sqlite:\n    document: order\n  again:\n    sqlite:\n    document: order\n"),
            "E0213 15:3", "both write"},
        Mistake{"NobodyTakes",
                "documents: { a: { root: o, id: \"{id}\" }, b: { root: o, id: \"{id}\" } }\nsinks: "
                "{ s: { sqlite: , document: a } }\n",
                "W0405 10:42", "add a sink with document: b"},
        Mistake{"Mongo", sink("    mongodb: { uri: x }\n    document: order\n"), "E0209 13:5",
                "not supported yet"}),
    names);

TEST(SourceMistakes, AreReportedAtTheirPlaces) {
  const LoadResult loaded = load_text(
      "tailrace: 2\n"
      "name: my shop\n"
      "source:\n"
      "  mysql:\n"
      "    password: hunter2\n"
      "    shards: { s0: db/shop, s1: db }\n"
      "    start: \"gtid:\"\n"
      "    tls: { mode: verify }\n"
      "documents: { d: { root: t, id: \"{id}\" } }\n");
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0204 1:11", "E0210 2:7", "E0202 4:3",
                                                      "E0219 6:32", "E0205 7:12", "E0205 8:18",
                                                      "E0221 9:32", "W0401 5:15", "W0404 6:19"}))
      << all_text(loaded);
  EXPECT_EQ(all_text(loaded).find("hunter2"), std::string::npos);
}

TEST(SourceMistakes, DocumentsNeedASnapshot) {
  LoadRequest request = request_of(kHead + "documents: { d: { root: t, id: \"{id}\" } }\n");
  request.overrides = {"source.mysql.start=now"};
  const LoadResult loaded = load_pipeline(request);
  EXPECT_THAT(all_text(loaded), HasSubstr("--set:1:20: error[E0218]"));
}

TEST(SourceMistakes, SourceOrSources) {
  const LoadResult loaded = load_text("tailrace: 1\nname: x\nsources: {}\ntables: { t: }\n");
  EXPECT_EQ(places(loaded), (std::vector<std::string>{"E0204 3:1"})) << all_text(loaded);
}

}  // namespace
}  // namespace tailrace::config
