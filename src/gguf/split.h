// A model in several GGUF files, NAME-00001-of-0000N.gguf as llama.cpp's gguf-split writes them: the first holds the metadata, each its own tensors, and
// split.no, split.count, split.tensors.count say how they belong together. They are checked, and written as the one file they stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gguf/file.h"
#include "gguf/writer.h"

namespace slm::gguf {

inline constexpr uint32_t kMostParts = 1'000;

// "dir/model-00002-of-00003.gguf": {"dir/model", 2, 3}. Nothing where the name is of another form, or its numbers make no sense.
struct PartName {
  std::string stem;
  uint32_t number = 0, count = 0;  // from 1

  std::string path_of(uint32_t other) const;  // of another part of the same model
};
std::optional<PartName> parse_part_name(std::string_view path);

class SplitFile {
 public:
  // All parts, in order. Errors: those of File::open; kCorrupt: a part that says it is none, or another number, or one of another count; keys
  // or lengths of norms that differ from the first part's (a part of another model); a tensor in two parts; more or fewer tensors than announced.
  static Result<SplitFile> open(const std::vector<std::string>& paths);

  uint64_t size_bytes() const { return size_; }  // of the one file
  // How it begins: all that is before the first tensor's bytes.
  std::span<const std::byte> header() const { return header_; }
  // The one file, byte by byte the same for the same parts: the first part's metadata without split.*, then all tensors in the parts' order.
  Status write(const Writer::Append& append) const;

 private:
  struct Placed {
    const TensorInfo* tensor;
    const File* part;
    uint64_t offset;  // behind the header
  };
  Status check_part(size_t index) const;
  Status check_same_model(const File& part) const;
  Status place();
  Status make_header();

  std::vector<std::shared_ptr<const File>> parts_;
  std::vector<Placed> tensors_;
  std::vector<std::byte> header_;
  uint64_t alignment_ = 32;
  uint64_t size_ = 0;
};

}  // namespace slm::gguf
