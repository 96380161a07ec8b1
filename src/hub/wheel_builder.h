// Small wheels for tests, honest and otherwise.
#pragma once

#include <zip.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "hub/digest.h"

namespace slm::hub {

inline std::string sha256_of(const std::string& text) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(text.data(), text.size())));
  return digest.hex();
}

inline std::string base64url_of_hex(const std::string& hex) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bits = (bits << 8) | static_cast<uint32_t>(std::stoi(hex.substr(i, 2), nullptr, 16));
    for (count += 8; count >= 6; count -= 6) out += kDigits[(bits >> (count - 6)) & 63];
    bits &= (1u << count) - 1;
  }
  if (count > 0) out += kDigits[(bits << (6 - count)) & 63];
  return out;
}

// What goes into one wheel.
struct WheelPlan {
  std::vector<std::pair<std::string, std::string>> files = {};  // name and content, in order
  std::string record = {};                                      // empty: made from the files
  bool with_record = true;
  std::string link_name = {};                                   // this file is marked as a symbolic link
};

inline std::string honest_record(const WheelPlan& plan) {
  std::string record;
  for (const auto& [name, content] : plan.files) {
    record += name + ",sha256=" + base64url_of_hex(sha256_of(content)) + "," + std::to_string(content.size()) + "\n";
  }
  return record + "test-1.0.dist-info/RECORD,,\n";
}

inline void build_wheel(const std::string& path, const WheelPlan& plan) {
  std::vector<std::pair<std::string, std::string>> files = plan.files;
  if (plan.with_record) files.emplace_back("test-1.0.dist-info/RECORD", plan.record.empty() ? honest_record(plan) : plan.record);
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  ASSERT_NE(zip, nullptr);
  for (const auto& [name, content] : files) {
    zip_source_t* source = zip_source_buffer(zip, content.data(), content.size(), 0);
    const zip_int64_t index = zip_file_add(zip, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    ASSERT_GE(index, 0) << name;
    const zip_uint32_t mode = name == plan.link_name ? 0120777 : 0100644;
    zip_file_set_external_attributes(zip, static_cast<zip_uint64_t>(index), 0, ZIP_OPSYS_UNIX, mode << 16);
  }
  ASSERT_EQ(zip_close(zip), 0) << zip_strerror(zip);
}

}  // namespace slm::hub
