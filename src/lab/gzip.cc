#include "lab/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace slm::lab {
namespace {

// One member's state, freed on every way out.
class Member {
 public:
  Member() {
    constexpr int kGzipOnly = 16;
    ready_ = inflateInit2(&state_, kGzipOnly + MAX_WBITS) == Z_OK;
  }
  ~Member() {
    if (ready_) inflateEnd(&state_);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  bool ready() const { return ready_; }
  z_stream& operator*() { return state_; }

 private:
  z_stream state_ = {};
  bool ready_ = false;
};

// Decompresses one member from the front of `input` onto `out`, and drops it from `input`.
Status decompress_member(std::string_view& input, const std::string& path, size_t max_bytes, std::string& out) {
  constexpr size_t kChunk = 1u << 20;
  Member member;
  if (!member.ready()) return fail(ErrorKind::kFailed, "lab.gzip_no_memory", path);
  std::string chunk(kChunk, '\0');
  size_t used = 0;
  while (true) {
    const size_t offered = std::min(input.size() - used, kChunk);
    (*member).next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data() + used));  // zlib reads only
    (*member).avail_in = static_cast<uInt>(offered);
    (*member).next_out = reinterpret_cast<Bytef*>(chunk.data());
    (*member).avail_out = static_cast<uInt>(kChunk);
    const int state = inflate(&*member, Z_NO_FLUSH);
    const size_t written = kChunk - (*member).avail_out, read = offered - (*member).avail_in;
    used += read;
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return fail(ErrorKind::kCorrupt, "lab.gzip_damaged", path, used);
    if (written > max_bytes - out.size()) return fail(ErrorKind::kDoesNotFit, "lab.set_too_large", path, max_bytes);
    out.append(chunk.data(), written);
    if (state == Z_STREAM_END) break;
    if (read == 0 && written == 0) return fail(ErrorKind::kCorrupt, "lab.gzip_cut_short", path, used);
  }
  input.remove_prefix(used);
  return {};
}

}  // namespace

Result<std::string> decompress_gzip(std::string_view compressed, const std::string& path, size_t max_bytes) {
  std::string out;
  do {
    SLM_TRY_STATUS(decompress_member(compressed, path, max_bytes, out));
  } while (!compressed.empty());
  return out;
}

}  // namespace slm::lab
