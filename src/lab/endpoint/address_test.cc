#include "lab/endpoint/address.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace slm::lab {
namespace {

TEST(EndpointAddress, UrlsWithAndWithoutVersion) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://127.0.0.1:11434=m", "http://127.0.0.1:11434/v1"},  {"http://127.0.0.1:11434/=m", "http://127.0.0.1:11434/v1"},
      {"http://h:8000/v1=m", "http://h:8000/v1"},                 {"http://h:8000/v1/=m", "http://h:8000/v1"},
      {"https://h/api/paas/v4=m", "https://h/api/paas/v4"},       {"https://h/v1beta/openai/=m", "https://h/v1beta/openai"},
      {"http://h/models/vision=m", "http://h/models/vision/v1"}};
  for (const auto& [flag, url] : cases) {
    const auto address = parse_endpoint(flag);
    ASSERT_TRUE(address) << flag;
    EXPECT_EQ(address->url, url) << flag;
    EXPECT_EQ(address->model, "m");
  }
}

TEST(EndpointAddress, NamesAsServersGiveThem) {
  EXPECT_EQ(parse_endpoint("http://h=Qwen/Qwen2.5-0.5B-Instruct")->model, "Qwen/Qwen2.5-0.5B-Instruct");
  EXPECT_EQ(parse_endpoint("http://h=qwen2.5:0.5b")->model, "qwen2.5:0.5b");
}

TEST(EndpointAddress, WhatIsNoneIsAUsageError) {
  for (const char* flag : {"", "=", "http://h", "http://h=", "=m", "h=m", "ftp://h=m", "http://=m", "http://h/v1?key=m", "http://h/v1?a=b=m", "\xff=m"}) {
    const auto address = parse_endpoint(flag);
    ASSERT_FALSE(address) << flag;
    EXPECT_EQ(address.error().kind, ErrorKind::kUsage) << flag;
    EXPECT_FALSE(address.error().hint.empty()) << flag;
  }
}

TEST(EndpointAddress, SecretsAreNotShown) {
  const auto address = parse_endpoint("http://me:secret@127.0.0.1:8000=m");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->shown(), "http://127.0.0.1:8000/v1");
  EXPECT_TRUE(address->is_local());
  EXPECT_FALSE(parse_endpoint("http://10.0.0.1=m")->is_local());
}

TEST(EndpointAddress, KeyOfTheEnvironment) {
  setenv("OPENAI_API_KEY", "general", 1);
  EXPECT_EQ(parse_endpoint("http://h=m")->api_key, "general");
  setenv("SLM_ENDPOINT_KEY", "own", 1);
  EXPECT_EQ(parse_endpoint("http://h=m")->api_key, "own");
  unsetenv("SLM_ENDPOINT_KEY");
  unsetenv("OPENAI_API_KEY");
}

}  // namespace
}  // namespace slm::lab
