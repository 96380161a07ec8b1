#include "gguf/writer.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace slm::gguf {
namespace {

constexpr uint32_t kMagicNumber = 0x46554747;  // "GGUF"
constexpr uint32_t kVersion = 3;
constexpr uint64_t kAlignment = 32;  // GGUF's default: general.alignment need not be written
constexpr size_t kBufferBytes = 1u << 20;

template <class T>
void append_value(std::vector<std::byte>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof(T));
  std::memcpy(out.data() + at, &value, sizeof(T));
}

void append_text(std::vector<std::byte>& out, std::string_view text) {
  append_value<uint64_t>(out, text.size());
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  out.insert(out.end(), first, first + text.size());
}

uint64_t padded(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

uint64_t tensor_bytes(TensorType type, const std::vector<uint64_t>& dims) {
  uint64_t bytes = row_bytes(type, dims[0]);
  for (size_t i = 1; i < dims.size(); ++i) bytes *= dims[i];
  return bytes;
}

// The new file beside `path`, deleted unless published.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".XXXXXX") {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }

  Status open() {
    descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
    return descriptor_ < 0 ? failed() : Status{};
  }

  Status append(std::span<const std::byte> bytes) {
    if (buffer_.size() + bytes.size() > kBufferBytes) SLM_TRY_STATUS(flush());
    if (bytes.size() >= kBufferBytes) return write_all(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return {};
  }

  Status publish() {
    SLM_TRY_STATUS(flush());
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(descriptor_, 0666 & ~mask) != 0 || ::fsync(descriptor_) != 0) return failed();
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failed();
    ::close(descriptor_);
    descriptor_ = -1;
    return {};
  }

 private:
  tl::unexpected<Error> failed() const { return fail(ErrorKind::kFailed, "gguf.write_failed", path_, std::strerror(errno)); }

  Status flush() {
    SLM_TRY_STATUS(write_all(buffer_));
    buffer_.clear();
    return {};
  }

  Status write_all(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed();
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
  }

  std::string path_, temporary_;
  int descriptor_ = -1;
  std::vector<std::byte> buffer_;
};

}  // namespace

void Writer::add_key(std::string_view key, ValueType type) {
  append_text(metadata_, key);
  append_value(metadata_, static_cast<uint32_t>(type));
  ++n_keys_;
}

void Writer::add_array_key(std::string_view key, ValueType item_type, uint64_t count) {
  add_key(key, ValueType::kArray);
  append_value(metadata_, static_cast<uint32_t>(item_type));
  append_value(metadata_, count);
}

void Writer::set_u16(std::string_view key, uint16_t value) {
  add_key(key, ValueType::kUint16);
  append_value(metadata_, value);
}

void Writer::set_u32(std::string_view key, uint32_t value) {
  add_key(key, ValueType::kUint32);
  append_value(metadata_, value);
}

void Writer::set_u64(std::string_view key, uint64_t value) {
  add_key(key, ValueType::kUint64);
  append_value(metadata_, value);
}

void Writer::set_i32(std::string_view key, int32_t value) {
  add_key(key, ValueType::kInt32);
  append_value(metadata_, value);
}

void Writer::set_f32(std::string_view key, float value) {
  add_key(key, ValueType::kFloat32);
  append_value(metadata_, value);
}

void Writer::set_bool(std::string_view key, bool value) {
  add_key(key, ValueType::kBool);
  append_value(metadata_, static_cast<uint8_t>(value ? 1 : 0));
}

void Writer::set_string(std::string_view key, std::string_view value) {
  add_key(key, ValueType::kString);
  append_text(metadata_, value);
}

void Writer::set_strings(std::string_view key, std::span<const std::string> values) {
  add_array_key(key, ValueType::kString, values.size());
  for (const std::string& value : values) append_text(metadata_, value);
}

void Writer::set_floats(std::string_view key, std::span<const float> values) {
  add_array_key(key, ValueType::kFloat32, values.size());
  const auto bytes = std::as_bytes(values);
  metadata_.insert(metadata_.end(), bytes.begin(), bytes.end());
}

void Writer::set_i32s(std::string_view key, std::span<const int32_t> values) {
  add_array_key(key, ValueType::kInt32, values.size());
  const auto bytes = std::as_bytes(values);
  metadata_.insert(metadata_.end(), bytes.begin(), bytes.end());
}

void Writer::set_bools(std::string_view key, const std::vector<bool>& values) {
  add_array_key(key, ValueType::kBool, values.size());
  for (const bool value : values) append_value(metadata_, static_cast<uint8_t>(value ? 1 : 0));
}

void Writer::add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> dims,
                        std::function<Status(const Append&)> fill) {
  SLM_CHECK(!dims.empty() && dims[0] % type_info(type).block_elements == 0);
  tensors_.push_back({std::string(name), type, std::move(dims), std::move(fill)});
}

void Writer::add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> dims, std::vector<std::byte> bytes) {
  add_tensor(name, type, std::move(dims), [bytes = std::move(bytes)](const Append& append) { return append(bytes); });
}

std::vector<std::byte> Writer::header() const {
  std::vector<std::byte> out;
  append_value(out, kMagicNumber);
  append_value(out, kVersion);
  append_value<uint64_t>(out, tensors_.size());
  append_value<uint64_t>(out, n_keys_);
  out.insert(out.end(), metadata_.begin(), metadata_.end());
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    append_text(out, tensor.name);
    append_value(out, static_cast<uint32_t>(tensor.dims.size()));
    for (const uint64_t dim : tensor.dims) append_value(out, dim);
    append_value(out, static_cast<uint32_t>(tensor.type));
    append_value(out, offset);
    offset += padded(tensor_bytes(tensor.type, tensor.dims));
  }
  out.resize(padded(out.size()));
  return out;
}

Status Writer::write_all(const Append& append) const {
  SLM_TRY_STATUS(append(header()));
  const std::vector<std::byte> zeros(kAlignment);
  for (const Tensor& tensor : tensors_) {
    const uint64_t expected = tensor_bytes(tensor.type, tensor.dims);
    uint64_t given = 0;
    const Append counted = [&](std::span<const std::byte> bytes) -> Status {
      given += bytes.size();
      if (given > expected) return fail(ErrorKind::kFailed, "gguf.fill_bytes", tensor.name, given, expected);
      return append(bytes);
    };
    SLM_TRY_STATUS(tensor.fill(counted));
    if (given != expected) return fail(ErrorKind::kFailed, "gguf.fill_bytes", tensor.name, given, expected);
    SLM_TRY_STATUS(append(std::span(zeros).first(padded(expected) - expected)));
  }
  return {};
}

Status Writer::write(const std::string& path) const {
  NewFile file(path);
  SLM_TRY_STATUS(file.open());
  SLM_TRY_STATUS(write_all([&](std::span<const std::byte> bytes) { return file.append(bytes); }));
  return file.publish();
}

Result<std::vector<std::byte>> Writer::to_bytes() const {
  std::vector<std::byte> out;
  SLM_TRY_STATUS(write_all([&](std::span<const std::byte> bytes) -> Status {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }));
  return out;
}

}  // namespace slm::gguf
