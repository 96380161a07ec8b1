// AVX-512 with VNNI (Ice Lake, Zen 4 and later). What avx2.cc says of symbols holds here.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/isa/polynomials.h"
#include "kernels/isa/tables.h"
#include "kernels/peaks.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

constexpr bool kWide = true;  // registers of 16 floats
#include "kernels/isa/avx2_vector.inc"
#include "kernels/isa/avx512_vector.inc"
#include "kernels/isa/avx2_unpack.inc"
#define SLM_DPBUSD(sum, u8, s8) _mm256_dpbusd_epi32(sum, u8, s8)
constexpr uint32_t kDirectTokens = 8;  // of so many: few
constexpr uint32_t kDirectGroups = 2;  // of 8 rows, that few tokens meet at once
constexpr int direct_tokens_at_once(int groups) { return groups == 2 ? 8 : 4; }
constexpr uint32_t kPanelGroups = 4;  // of 8 rows, that tokens meet at once
constexpr int tile_tokens(int groups) { return groups == 4 ? 5 : 8; }  // their sums and results stay in 32 registers
#include "kernels/isa/vnni_sums.inc"
#include "kernels/isa/avx2_quantised.inc"
#include "kernels/isa/avx512_direct.inc"
#include "kernels/isa/avx512_tile.inc"
#include "kernels/isa/avx2_float.inc"
#include "kernels/isa/avx512_float.inc"
#include "kernels/isa/avx2_attention_tiles.inc"
#include "kernels/isa/avx512_attention.inc"
#include "kernels/isa/avx512_attention_direct.inc"
constexpr uint32_t kTileQueries = 8;
#include "kernels/isa/avx2_attention.inc"
#include "kernels/isa/avx2_elementwise.inc"
#include "kernels/isa/avx512_elementwise.inc"
#include "kernels/isa/x86_peaks.inc"
#include "kernels/isa/avx512_peaks.inc"
#include "kernels/isa/x86_table.inc"

}  // namespace

const KernelTable& avx512vnni_table() {
  static const KernelTable table = with_16_lanes(make_table("avx512vnni"));
  return table;
}

const PeakProducts& avx512vnni_peaks() {
  static constexpr PeakProducts peaks = {peak_bytes, peak_floats};
  return peaks;
}

}  // namespace slm::kernels
