#include "app/admin/url.hpp"

#include <gtest/gtest.h>

namespace tailrace::app {
namespace {

TEST(Url, TellsServersOfThisMachine) {
  for (const char* url : {"http://localhost", "http://localhost:9200", "https://127.0.0.1:9200/es",
                          "http://[::1]:9200", "http://user:pass@127.1.2.3:9200/?pretty"}) {
    EXPECT_TRUE(is_local_url(url)) << url;
  }
}

TEST(Url, TellsServersOfOtherMachines) {
  for (const char* url : {"http://es:9200", "https://10.0.0.1:9200", "http://[fe80::1]:9200",
                          "http://localhost.example:9200", "http://127.0.0.1@es:9200",
                          "http://es/127.0.0.1", "localhost:9200", ""}) {
    EXPECT_FALSE(is_local_url(url)) << url;
  }
}

}  // namespace
}  // namespace tailrace::app
