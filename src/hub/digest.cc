#include "hub/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace slm::hub {
namespace {

constexpr size_t kReadBytes = 4u << 20;

std::string hex_of(std::span<const unsigned char> bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace

struct Sha256::Context {
  EVP_MD_CTX* value = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(value); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  SLM_CHECK(context_->value != nullptr && EVP_DigestInit_ex(context_->value, EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes) {
  SLM_CHECK(EVP_DigestUpdate(context_->value, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int length = 0;
  SLM_CHECK(EVP_DigestFinal_ex(context_->value, digest.data(), &length) == 1 && length == 32);
  return hex_of({digest.data(), length});
}

std::string Sha256::hex_so_far() const {
  Sha256 copy;
  SLM_CHECK(EVP_MD_CTX_copy_ex(copy.context_->value, context_->value) == 1);
  return copy.hex();
}

void Sha256::restart() { SLM_CHECK(EVP_DigestInit_ex(context_->value, EVP_sha256(), nullptr) == 1); }

Result<std::string> sha256_of_file(const std::string& path, const std::function<void(uint64_t, uint64_t)>& on_bytes) {
  struct Descriptor {
    int value;
    ~Descriptor() {
      if (value >= 0) close(value);
    }
  } file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.value < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return fail(ErrorKind::kNotFound, "base.no_file", path);
    return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
  }
  struct stat status = {};
  if (fstat(file.value, &status) != 0) return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
  posix_fadvise(file.value, 0, 0, POSIX_FADV_SEQUENTIAL);
  const uint64_t total = static_cast<uint64_t>(status.st_size);
  uint64_t done = 0;
  Sha256 digest;
  std::vector<std::byte> buffer(kReadBytes);
  for (;;) {
    const ssize_t got = read(file.value, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(ErrorKind::kFailed, "base.cannot_read", path, std::strerror(errno));
    if (got == 0) return digest.hex();
    digest.add({buffer.data(), static_cast<size_t>(got)});
    done += static_cast<uint64_t>(got);
    if (on_bytes) on_bytes(done, total);
  }
}

bool has_digest(const std::string& path, const std::string& sha256, const std::function<void(uint64_t, uint64_t)>& on_bytes) {
  const auto hex = sha256_of_file(path, on_bytes);
  return hex && *hex == sha256;
}

std::string hex_of_base64url(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() != 43) return {};  // 32 bytes
  std::vector<unsigned char> bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return {};
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<unsigned char>(bits >> count));
      bits &= (1u << count) - 1;
    }
  }
  return hex_of(bytes);
}

}  // namespace slm::hub
