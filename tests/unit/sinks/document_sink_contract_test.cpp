#include "tests/unit/sinks/document_sink_contract.hpp"

#include <sys/resource.h>

#include <csignal>

#include "sinks/sqlite/sqlite_reader.hpp"
#include "sinks/sqlite/sqlite_sink.hpp"
#include "tests/fakes/fake_document_sink.hpp"
#include "tests/unit/sinks/temporary_folder.hpp"

namespace tailrace::sinks {
namespace {

class SqliteHarness final : public SinkHarness {
 public:
  std::unique_ptr<DocumentSink> sink() override { return open_sqlite_sink(options()).value(); }
  std::unique_ptr<DocumentReader> reader() override {
    return open_sqlite_reader(options()).value();
  }
  DocumentWrite poison(std::string id, Version version) override {
    return {std::move(id), version, false, R"({"broken":)"};
  }
  // No file of this process may grow: as a full disk.
  void take_down() override {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit tiny{1, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tiny);
  }
  void bring_up() override { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  SqliteOptions options() const {
    return {.path = folder_.file("documents.db"), .document = "or\"der"};
  }
  TemporaryFolder folder_;
  rlimit before_{};
};

class FakeHarness final : public SinkHarness {
 public:
  std::unique_ptr<DocumentSink> sink() override {
    auto made = std::make_unique<fakes::FakeDocumentSink>(store_);
    last_ = made.get();
    return made;
  }
  std::unique_ptr<DocumentReader> reader() override {
    return std::make_unique<fakes::FakeDocumentReader>(store_);
  }
  DocumentWrite poison(std::string id, Version version) override {
    last_->fail_id(id, Error{Disposition::dead_letter, "fake.poison", "not today"});
    return {std::move(id), version, false, "{}"};
  }
  void take_down() override {
    last_->take_down(Error{Disposition::retry, "fake.down", "nobody home"});
  }
  void bring_up() override { last_->bring_up(); }

 private:
  std::shared_ptr<fakes::FakeDocumentStore> store_ = std::make_shared<fakes::FakeDocumentStore>();
  fakes::FakeDocumentSink* last_ = nullptr;
};

template <class Harness>
std::unique_ptr<SinkHarness> make() {
  return std::make_unique<Harness>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, DocumentSinkContract, testing::Values(&make<SqliteHarness>));
INSTANTIATE_TEST_SUITE_P(Fake, DocumentSinkContract, testing::Values(&make<FakeHarness>));

}  // namespace
}  // namespace tailrace::sinks
