// SHA-256.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace slm::hub {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::span<const std::byte> bytes);
  std::string hex();        // ends it: 64 lower-case digits
  std::string hex_so_far() const;  // the same of the bytes so far; more may be added
  void restart();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Of a whole file. `on_bytes`: bytes read so far and in all, every few megabytes. Errors: kNotFound, kFailed.
Result<std::string> sha256_of_file(const std::string& path, const std::function<void(uint64_t, uint64_t)>& on_bytes = {});

// Whether the file is there, can be read and has this digest; `on_bytes` as above.
bool has_digest(const std::string& path, const std::string& sha256, const std::function<void(uint64_t, uint64_t)>& on_bytes = {});

// The hex form of a digest in base64url without padding, as RECORD files hold it; "" when it is not one of 32 bytes.
std::string hex_of_base64url(std::string_view text);

}  // namespace slm::hub
