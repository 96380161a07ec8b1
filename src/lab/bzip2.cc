#include "lab/bzip2.h"

#include <bzlib.h>

#include <algorithm>

namespace slm::lab {
namespace {

// One stream's state, freed on every way out.
class Stream {
 public:
  Stream() { ready_ = BZ2_bzDecompressInit(&state_, 0, 0) == BZ_OK; }
  ~Stream() {
    if (ready_) BZ2_bzDecompressEnd(&state_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool ready() const { return ready_; }
  bz_stream& operator*() { return state_; }

 private:
  bz_stream state_ = {};
  bool ready_ = false;
};

// Decompresses one stream from the front of `input` onto `out`, and drops it from `input`.
Status decompress_stream(std::string_view& input, const std::string& path, size_t max_bytes, std::string& out) {
  constexpr size_t kChunk = 1u << 20;
  Stream stream;
  if (!stream.ready()) return fail(ErrorKind::kFailed, "lab.bzip2_no_memory", path);
  std::string chunk(kChunk, '\0');
  size_t used = 0;
  while (true) {
    const size_t offered = std::min(input.size() - used, kChunk);
    (*stream).next_in = const_cast<char*>(input.data() + used);  // bzlib reads only
    (*stream).avail_in = static_cast<unsigned>(offered);
    (*stream).next_out = chunk.data();
    (*stream).avail_out = static_cast<unsigned>(kChunk);
    const int state = BZ2_bzDecompress(&*stream);
    const size_t written = kChunk - (*stream).avail_out, read = offered - (*stream).avail_in;
    used += read;
    if (state != BZ_OK && state != BZ_STREAM_END) return fail(ErrorKind::kCorrupt, "lab.bzip2_damaged", path, used);
    if (written > max_bytes - out.size()) return fail(ErrorKind::kDoesNotFit, "lab.set_too_large", path, max_bytes);
    out.append(chunk.data(), written);
    if (state == BZ_STREAM_END) break;
    if (read == 0 && written == 0) return fail(ErrorKind::kCorrupt, "lab.bzip2_cut_short", path, used);
  }
  input.remove_prefix(used);
  return {};
}

}  // namespace

Result<std::string> decompress_bzip2(std::string_view compressed, const std::string& path, size_t max_bytes) {
  std::string out;
  do {
    SLM_TRY_STATUS(decompress_stream(compressed, path, max_bytes, out));
  } while (!compressed.empty());
  return out;
}

}  // namespace slm::lab
