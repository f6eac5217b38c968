// What holds for every document sink. A test program includes this once and instantiates it:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, DocumentSinkContract, testing::Values(&make_sqlite_harness));
// Threading: one test at a time.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "sinks/document_sink.hpp"

namespace tailrace::sinks {

// One empty place for documents, and the ways to it.
class SinkHarness {
 public:
  virtual ~SinkHarness() = default;
  // A further sink on the same place; not opened.
  virtual std::unique_ptr<DocumentSink> sink() = 0;
  virtual std::unique_ptr<DocumentReader> reader() = 0;
  // Everything acknowledged so far can be found by search afterwards.
  virtual void make_searchable() {}
  // A write of this document that can never succeed.
  virtual DocumentWrite poison(std::string id, Version version) = 0;
  // Nothing that writes succeeds until bring_up().
  virtual void take_down() = 0;
  virtual void bring_up() = 0;
};

using HarnessMaker = std::unique_ptr<SinkHarness> (*)();

class DocumentSinkContract : public testing::TestWithParam<HarnessMaker> {
 protected:
  void SetUp() override {
    harness_ = GetParam()();
    if (!harness_) GTEST_SKIP() << "no server: set ES, see tests/stack";
    sink_ = harness_->sink();
    const auto opened = sink_->open();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  static Version version(std::int64_t offset, std::uint16_t generation = 1) {
    return Version(generation, offset);
  }
  static std::string meta(Version at, bool deleted) {
    return R"("_tailrace":{"version":)" + std::to_string(at.number()) +
           (deleted ? R"(,"deleted":true)" : "") +
           R"(,"committed_at":"2026-11-20T03:00:00.123456Z",)"
           R"("source":{"s0":{"gtid":null,"seq":4}}})";
  }
  static DocumentWrite put(std::string id, std::int64_t offset, const std::string& status,
                           const std::string& name = "Ada", const std::string& product = "lamp") {
    const Version at = version(offset);
    std::string body = R"({"id":1,"status":")" + status + R"(","customer":{"name":")" + name +
                       R"("},"items":[{"product":{"name":")" + product + R"("}}],)" +
                       meta(at, false) + "}";
    return {std::move(id), at, false, std::move(body)};
  }
  static DocumentWrite stub(std::string id, std::int64_t offset) {
    return {std::move(id), version(offset), true, "{" + meta(version(offset), true) + "}"};
  }

  // Applies and expects every write to succeed.
  void apply(const std::vector<DocumentWrite>& batch) {
    const auto outcomes = sink_->apply(batch);
    ASSERT_TRUE(outcomes) << outcomes.error().message;
    ASSERT_EQ(outcomes->size(), batch.size());
    for (const auto& outcome : *outcomes) EXPECT_TRUE(outcome) << outcome.error().message;
  }
  std::string body(const std::string& id) {
    const auto found = harness_->reader()->get(id);
    EXPECT_TRUE(found) << found.error().message;
    return found && *found ? **found : "not there";
  }
  std::vector<std::string> search(const std::string& words, std::size_t limit = 10) {
    harness_->make_searchable();
    const auto hits = harness_->reader()->search(words, limit);
    EXPECT_TRUE(hits) << hits.error().message;
    std::vector<std::string> ids;
    if (hits) {
      for (const auto& hit : *hits) ids.push_back(hit.id);
    }
    return ids;
  }

  std::unique_ptr<SinkHarness> harness_;
  std::unique_ptr<DocumentSink> sink_;
};

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_P(DocumentSinkContract, GivesBackTheBodyAsItWasWritten) {
  const DocumentWrite write = put("7", 10, "PLACED");
  apply({write});
  EXPECT_EQ(body("7"), write.body);
  EXPECT_EQ(body("8"), "not there");
}

TEST_P(DocumentSinkContract, KeepsTheNewestVersionUnderReplayAndReorder) {
  const DocumentWrite first = put("7", 10, "PLACED");
  const DocumentWrite second = put("7", 11, "PAID");
  apply({first, second});
  apply({first, second});
  EXPECT_EQ(body("7"), second.body);
  const DocumentWrite third = put("7", 12, "SHIPPED");
  apply({third});
  apply({second});
  apply({first});
  EXPECT_EQ(body("7"), third.body);
}

TEST_P(DocumentSinkContract, KeepsTheNewestOfOneBatchInAnyOrder) {
  const DocumentWrite newest = put("7", 12, "SHIPPED");
  apply({put("7", 11, "PAID"), newest, put("7", 10, "PLACED"), put("8", 1, "PLACED")});
  EXPECT_EQ(body("7"), newest.body);
}

TEST_P(DocumentSinkContract, LeavesAnEqualVersionAlone) {
  const DocumentWrite write = put("7", 10, "PLACED");
  apply({write});
  apply({put("7", 10, "OTHER")});
  EXPECT_EQ(body("7"), write.body);
}

TEST_P(DocumentSinkContract, KeepsADeletedDocumentDeletedWhenAnOldWriteComesLate) {
  apply({put("7", 10, "PLACED")});
  apply({stub("7", 12)});
  apply({put("7", 11, "PAID")});
  EXPECT_EQ(body("7"), "not there");
  EXPECT_THAT(search("Ada"), IsEmpty());
  const DocumentWrite again = put("7", 13, "PLACED");
  apply({again});
  EXPECT_EQ(body("7"), again.body);
  EXPECT_THAT(search("Ada"), ElementsAre("7"));
}

TEST_P(DocumentSinkContract, WritesAStubForADocumentItNeverSaw) {
  apply({stub("7", 12)});
  apply({put("7", 11, "PAID")});
  EXPECT_EQ(body("7"), "not there");
}

TEST_P(DocumentSinkContract, SetsOneDocumentAsideAndKeepsTheOthers) {
  const std::vector<DocumentWrite> batch = {put("1", 1, "PLACED"),
                                            harness_->poison("2", version(2)),
                                            put("3", 3, "PLACED"), stub("4", 4)};
  const auto outcomes = sink_->apply(batch);
  ASSERT_TRUE(outcomes) << outcomes.error().message;
  ASSERT_EQ(outcomes->size(), 4u);
  EXPECT_TRUE((*outcomes)[0] && (*outcomes)[2] && (*outcomes)[3]);
  ASSERT_FALSE((*outcomes)[1]);
  EXPECT_EQ((*outcomes)[1].error().disposition, Disposition::dead_letter);
  EXPECT_FALSE((*outcomes)[1].error().message.empty());
  EXPECT_EQ(body("1"), batch[0].body);
  EXPECT_EQ(body("2"), "not there");
  EXPECT_EQ(body("3"), batch[2].body);
  const DocumentWrite cured = put("2", 5, "PAID");
  apply({cured});
  EXPECT_EQ(body("2"), cured.body);
}

TEST_P(DocumentSinkContract, AsksForTheWholeBatchAgainAfterAnOutage) {
  const DocumentWrite before = put("1", 1, "PLACED");
  apply({before});
  const std::vector<DocumentWrite> batch = {put("1", 2, "PAID"), put("2", 3, "PLACED")};
  harness_->take_down();
  const auto outcomes = sink_->apply(batch);
  harness_->bring_up();
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().disposition, Disposition::retry);
  EXPECT_FALSE(outcomes.error().message.empty());
  apply(batch);
  EXPECT_EQ(body("1"), batch[0].body);
  EXPECT_EQ(body("2"), batch[1].body);
}

TEST_P(DocumentSinkContract, TellsWhichLogItWasBuiltFrom) {
  const auto fresh = harness_->sink()->open();
  ASSERT_TRUE(fresh) << fresh.error().message;
  EXPECT_FALSE(fresh->has_value());
  for (const LogIdentity& identity : {LogIdentity{"5f3a-\"log\"", 1}, LogIdentity{"77", 32767}}) {
    const auto saved = sink_->set_identity(identity);
    ASSERT_TRUE(saved) << saved.error().message;
    apply({put("7", 10, "PLACED")});
    const auto known = harness_->sink()->open();
    ASSERT_TRUE(known) << known.error().message;
    EXPECT_EQ(*known, identity);
  }
}

TEST_P(DocumentSinkContract, ListsDocumentsOfOlderGenerations) {
  auto newer = put("new", 0, "PLACED");
  newer.version = version(0, 2);
  newer.body = "{" + meta(newer.version, false) + "}";
  apply({put("a", 100, "PLACED"), put("b", 101, "PLACED"), stub("gone", 102), newer});
  const auto older = sink_->older_than(2, 10);
  ASSERT_TRUE(older) << older.error().message;
  EXPECT_THAT(*older, UnorderedElementsAre("a", "b"));
  EXPECT_EQ(sink_->older_than(2, 1)->size(), 1u);
  EXPECT_THAT(*sink_->older_than(1, 10), IsEmpty());
  EXPECT_THAT(*sink_->older_than(3, 10), UnorderedElementsAre("a", "b", "new"));
}

TEST_P(DocumentSinkContract, TakesIdsOfAnyCharacters) {
  const std::vector<std::string> ids = {
      "주문-7", "a/b?c=d&e#f", "\"quoted\"\\back", "%2F", "s0-1 ", "😀", "_id", ".", ".."};
  std::vector<DocumentWrite> batch;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    batch.push_back(
        put(ids[i], static_cast<std::int64_t>(i), "PLACED", "Ada " + std::to_string(i)));
  }
  apply(batch);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(body(ids[i]), batch[i].body) << ids[i];
  EXPECT_EQ(search("PLACED", 100).size(), ids.size());
}

TEST_P(DocumentSinkContract, FindsDocumentsByAllTheirWords) {
  apply({put("1", 1, "PLACED", "김민수", "Blue Ceramic Vase"),
         put("2", 2, "PAID", "Grace", "초콜릿을 담은 상자"),
         put("3", 3, "PLACED", "Grace", "red \\\"vase\\\"\\nfor flowers")});
  EXPECT_THAT(search("vase"), UnorderedElementsAre("1", "3"));
  EXPECT_THAT(search("grace VASE"), ElementsAre("3"));
  EXPECT_THAT(search("vase chocolate"), IsEmpty());
  EXPECT_THAT(search("김민수"), ElementsAre("1"));
  EXPECT_THAT(search("초콜릿"), ElementsAre("2"));
  EXPECT_THAT(search("flow"), ElementsAre("3"));
  EXPECT_THAT(search("paid"), ElementsAre("2"));
  EXPECT_EQ(search("vase", 1).size(), 1u);
}

TEST_P(DocumentSinkContract, TakesWhatPeopleTypeForWords) {
  apply({put("1", 1, "PLACED", "O'Neil", "blue-green *mug* (large)")});
  EXPECT_THAT(search("blue-green"), ElementsAre("1"));
  EXPECT_THAT(search("  mug   large "), ElementsAre("1"));
  for (const char* odd : {"\"", "(", "NOT", "a AND", "id:1", "*", "\\", "{}", "", "  ", "💥", "~2",
                          "NEAR(", "-mug", "\"mug", "[1 TO 2]", "/x/"}) {
    harness_->make_searchable();
    const auto hits = harness_->reader()->search(odd, 5);
    EXPECT_TRUE(hits) << odd << ": " << hits.error().message;
  }
}

TEST_P(DocumentSinkContract, ForgetsTheWordsThatADocumentNoLongerHolds) {
  apply({put("1", 1, "PLACED", "Ada", "lamp"), put("2", 2, "PLACED", "Ada", "lamp")});
  apply({put("1", 3, "PAID", "Ada", "chair")});
  EXPECT_THAT(search("lamp"), ElementsAre("2"));
  EXPECT_THAT(search("chair ada"), ElementsAre("1"));
  apply({stub("2", 4), put("1", 1, "PLACED", "Ada", "lamp")});
  EXPECT_THAT(search("lamp"), IsEmpty());
  EXPECT_THAT(search("ada"), ElementsAre("1"));
}

TEST_P(DocumentSinkContract, TakesAnEmptyBatchAndALargeOne) {
  apply({});
  std::vector<DocumentWrite> batch;
  for (int i = 0; i < 2500; ++i) batch.push_back(put(std::to_string(i), i, "PLACED"));
  apply(batch);
  EXPECT_EQ(body("0"), batch.front().body);
  EXPECT_EQ(body("2499"), batch.back().body);
}

}  // namespace tailrace::sinks
