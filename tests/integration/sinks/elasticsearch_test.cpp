// The sink and the reader on a real server: ES=http://… from tests/stack.
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "sinks/elasticsearch/elasticsearch_reader.hpp"
#include "sinks/elasticsearch/elasticsearch_sink.hpp"
#include "sinks/elasticsearch/http_client.hpp"
#include "tests/integration/sinks/tcp_relay.hpp"
#include "tests/unit/sinks/document_sink_contract.hpp"

namespace tailrace::sinks {
namespace {

const char* server_url() {
  const char* url = std::getenv("ES");
  return url && *url ? url : nullptr;
}

std::string new_alias() {
  static std::atomic<int> count = 0;
  return "sink-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

FieldShape column(std::string name, ColumnKind kind) {
  FieldShape field;
  field.name = std::move(name);
  field.column.kind = kind;
  return field;
}
FieldShape group(std::string name, FieldShape::Kind kind, std::vector<FieldShape> fields) {
  FieldShape field;
  field.name = std::move(name);
  field.kind = kind;
  field.fields = std::move(fields);
  return field;
}

DocumentShape order_shape() {
  return {
      "order",
      {column("id", ColumnKind::bigint), column("status", ColumnKind::enumeration),
       group("customer", FieldShape::Kind::object, {column("name", ColumnKind::varchar)}),
       group("items", FieldShape::Kind::list,
             {column("qty", ColumnKind::integer),
              group("product", FieldShape::Kind::object, {column("name", ColumnKind::varchar)})})}};
}

ElasticsearchOptions options_for(std::string alias) {
  ElasticsearchOptions options;
  options.urls = {server_url()};
  options.alias = std::move(alias);
  options.overrides_json = R"({"items":{"type":"nested"}})";
  return options;
}

class Server {
 public:
  Server() : client_(options_for("none")) {}
  HttpResponse call(std::string method, std::string path, std::string body = "") {
    return client_
        .send({.method = std::move(method), .path = std::move(path), .body = std::move(body)})
        .value();
  }

 private:
  HttpClient client_;
};

class ElasticsearchHarness final : public SinkHarness {
 public:
  ElasticsearchHarness()
      : alias_(new_alias()), relay_(std::atoi(std::strrchr(server_url(), ':') + 1)) {}
  ~ElasticsearchHarness() override { Server().call("DELETE", "/" + alias_ + "-000001"); }

  std::unique_ptr<DocumentSink> sink() override {
    return open_elasticsearch_sink(through_relay(), order_shape()).value();
  }
  std::unique_ptr<DocumentReader> reader() override {
    return open_elasticsearch_reader(through_relay()).value();
  }
  void make_searchable() override { Server().call("POST", "/" + alias_ + "-000001/_refresh"); }
  DocumentWrite poison(std::string id, Version version) override {
    return {std::move(id), version, false, R"({"id":"not a number"})"};
  }
  void take_down() override { relay_.take_down(); }
  void bring_up() override { relay_.bring_up(); }

 private:
  ElasticsearchOptions through_relay() const {
    ElasticsearchOptions options = options_for(alias_);
    options.urls = {"http://127.0.0.1:" + std::to_string(relay_.port())};
    return options;
  }
  std::string alias_;
  TcpRelay relay_;
};

std::unique_ptr<SinkHarness> make_harness() {
  return server_url() ? std::make_unique<ElasticsearchHarness>() : nullptr;
}
INSTANTIATE_TEST_SUITE_P(Elasticsearch, DocumentSinkContract, testing::Values(&make_harness));

class ElasticsearchSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    if (server_url() == nullptr) {
      if (std::getenv("TAILRACE_SERVERS_REQUIRED") != nullptr) FAIL() << "ctest started none";
      GTEST_SKIP() << "no server: set ES, see tests/stack";
    }
    alias_ = new_alias();
    server_.emplace();
  }
  void TearDown() override {
    if (server_) server_->call("DELETE", "/" + alias_ + "-000001");
  }
  std::unique_ptr<DocumentSink> sink() const {
    return open_elasticsearch_sink(options_for(alias_), order_shape()).value();
  }
  static DocumentWrite put(std::string id, std::int64_t offset, std::string body) {
    return {std::move(id), Version(1, offset), false, std::move(body)};
  }

  std::string alias_;
  std::optional<Server> server_;
};

TEST_F(ElasticsearchSinkTest, MakesNoIndexOfItsOwnAfterItsIndexWasDeleted) {
  const auto owner = sink();
  ASSERT_TRUE(owner->open());
  ASSERT_TRUE(owner->apply(std::vector{put("1", 1, R"({"id":1})")}));
  server_->call("DELETE", "/" + alias_ + "-000001");
  const auto outcomes = owner->apply(std::vector{put("1", 2, R"({"id":1})")});
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().disposition, Disposition::halt);
  EXPECT_EQ(outcomes.error().code, "es.index_gone");
  EXPECT_EQ(server_->call("GET", "/" + alias_ + "*?expand_wildcards=all").body, "{}");
  // Another worker makes the index anew: what this one sends is not enough to fill it.
  ASSERT_EQ(sink()->open().value(), std::nullopt);
  EXPECT_EQ(owner->apply(std::vector{put("1", 3, R"({"id":1})")}).error().code, "es.index_gone");
  EXPECT_EQ(owner->set_identity({"log", 1}).error().code, "es.index_gone");
  ASSERT_TRUE(owner->open());
  EXPECT_TRUE(owner->apply(std::vector{put("1", 4, R"({"id":1})")}));
}

TEST_F(ElasticsearchSinkTest, FindsAnOrderByWordsOfItsNestedItemsAndItsCustomer) {
  const auto owner = sink();
  ASSERT_TRUE(owner->open());
  ASSERT_TRUE(owner->apply(std::vector{
      put("1", 1,
          R"({"id":1,"status":"PAID","customer":{"name":"Grace Hopper"},)"
          R"("items":[{"qty":2,"product":{"name":"Blue Vase"}},{"product":{"name":"chair"}}]})"),
      put("2", 2,
          R"({"id":2,"status":"PLACED","customer":{"name":"Ada"},)"
          R"("items":[{"qty":1,"product":{"name":"red vase"}}]})")}));
  server_->call("POST", "/" + alias_ + "-000001/_refresh");
  const auto reader = open_elasticsearch_reader(options_for(alias_)).value();
  const auto ids = [&](const char* words) {
    std::string found;
    const auto hits = reader->search(words, 10);
    for (const auto& hit : hits.value()) found += hit.id;
    return found;
  };
  EXPECT_EQ(ids("vase").size(), 2u);
  EXPECT_EQ(ids("vase hopper"), "1");
  EXPECT_EQ(ids("gra chair blu"), "1");
  EXPECT_EQ(ids("placed vase"), "2");
  EXPECT_EQ(ids("hopper placed"), "");
}

TEST_F(ElasticsearchSinkTest, RefusesWhatItDidNotMake) {
  server_->call("PUT", "/" + alias_ + "-000001", "{}");
  EXPECT_EQ(sink()->open().error().code, "es.foreign_index");
  server_->call(
      "POST", "/_aliases",
      R"({"actions":[{"add":{"index":")" + alias_ + R"(-000001","alias":")" + alias_ + R"("}}]})");
  EXPECT_EQ(sink()->open().error().code, "es.foreign_index");
  server_->call("DELETE", "/" + alias_ + "-000001");
  server_->call("PUT", "/" + alias_, "{}");
  EXPECT_EQ(sink()->open().error().code, "es.foreign_index");
  server_->call("DELETE", "/" + alias_);
}

TEST_F(ElasticsearchSinkTest, TakesNewFieldsAndRefusesChangedOnes) {
  ASSERT_TRUE(sink()->open());
  ASSERT_TRUE(sink()->open());
  DocumentShape shape = order_shape();
  shape.fields.push_back(column("note", ColumnKind::text));
  const auto wider = open_elasticsearch_sink(options_for(alias_), shape).value();
  ASSERT_TRUE(wider->open());
  const auto outcomes = wider->apply(
      std::vector{put("1", 1, R"({"note":"new"})"), put("2", 2, R"({"nope":"strict"})")});
  EXPECT_TRUE(outcomes.value()[0]);
  EXPECT_EQ(outcomes.value()[1].error().disposition, Disposition::dead_letter);
  EXPECT_NE(outcomes.value()[1].error().message.find("strict"), std::string::npos);
  shape.fields[0].column.kind = ColumnKind::varchar;
  const auto other = open_elasticsearch_sink(options_for(alias_), shape).value();
  EXPECT_EQ(other->open().error().code, "es.mapping_changed");
}

TEST_F(ElasticsearchSinkTest, HidesStubsFromTheAliasAndPutsALostAliasBack) {
  const auto owner = sink();
  ASSERT_TRUE(owner->open());
  ASSERT_TRUE(owner->apply(std::vector{
      put("1", 1, "{\"id\":1}"),
      DocumentWrite{"2", Version(1, 2), true, R"({"_tailrace":{"version":3,"deleted":true}})"}}));
  server_->call("DELETE", "/" + alias_ + "-000001/_alias/" + alias_);
  ASSERT_TRUE(sink()->open());
  server_->call("POST", "/" + alias_ + "-000001/_refresh");
  const auto count = server_->call("GET", "/" + alias_ + "/_count?filter_path=count").body;
  EXPECT_EQ(count, "{\"count\":1}");
}

TEST_F(ElasticsearchSinkTest, SetsLongIdsAndOversizedDocumentsAsideAlone) {
  const auto owner = sink();
  ASSERT_TRUE(owner->open());
  std::vector<DocumentWrite> batch;
  for (int i = 0; i < 600; ++i) {
    batch.push_back(put(std::to_string(i), i + 1, "{\"id\":" + std::to_string(i) + "}"));
  }
  batch[300].id = std::string(513, 'x');
  batch[301].id = "";
  batch[302].body = "{\n\"id\"\n:302}";
  batch[303].body = "not json";
  const auto outcomes = owner->apply(batch);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ((*outcomes)[i].has_value(), i != 300 && i != 301 && i != 303) << i;
  }
}

TEST_F(ElasticsearchSinkTest, MapsEveryColumnTypeToOneTheServerHas) {
  DocumentShape shape{"order", {}};
  for (int kind = 0; kind <= static_cast<int>(ColumnKind::unknown); ++kind) {
    shape.fields.push_back(column("c" + std::to_string(kind), static_cast<ColumnKind>(kind)));
  }
  ElasticsearchOptions options = options_for(alias_);
  options.overrides_json = "{}";
  const auto owner = open_elasticsearch_sink(options, shape).value();
  const auto opened = owner->open();
  ASSERT_TRUE(opened) << opened.error().message;
}

}  // namespace
}  // namespace tailrace::sinks
