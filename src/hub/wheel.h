// A Python wheel: a zip archive from outside, of which single members are read, as a stream, and checked against its RECORD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"

namespace slm::hub {

class Wheel {
 public:
  // Checks the directory of the archive: no absolute, "..", backslash, control-character or doubled names, no links, nothing
  // encrypted, and the caps of limits.h on entries, sizes and ratio. Errors: kNotFound, kCorrupt (the archive and the entry named).
  static Result<Wheel> open(const std::string& path);
  Wheel(Wheel&&) noexcept;
  Wheel& operator=(Wheel&&) noexcept;
  ~Wheel();

  // Unpacked size of a member. Error: kCorrupt when there is no such file.
  Result<uint64_t> size_of(const std::string& member) const;

  // The largest file, but for the wheel's own (NAME.dist-info/). Error: kCorrupt where there is none.
  Result<std::string> largest_member() const;

  // Gives the member's bytes in order to `take`; at its end compares their SHA-256 with RECORD's. No more than `most_bytes` are
  // given, whatever the archive's directory says. Errors: kCorrupt (both digests; too long; damaged), and those of `take`.
  using Take = std::function<Status(std::span<const std::byte>)>;
  Status read(const std::string& member, uint64_t most_bytes, const Take& take) const;

 private:
  struct Archive;
  explicit Wheel(std::unique_ptr<Archive> archive);
  std::unique_ptr<Archive> archive_;
};

}  // namespace slm::hub
