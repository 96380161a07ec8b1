// AVX2 with the VNNI instructions in their VEX form: processors without AVX-512 (from Alder Lake on), or with. What avx2.cc says of symbols
// holds here.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/isa/polynomials.h"
#include "kernels/isa/tables.h"
#include "kernels/peaks.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

constexpr bool kWide = false;  // registers of 16 floats
#include "kernels/isa/avx2_vector.inc"
#include "kernels/isa/avx2_unpack.inc"
#define SLM_DPBUSD(sum, u8, s8) _mm256_dpbusd_avx_epi32(sum, u8, s8)
#include "kernels/isa/avx2_tiling.inc"
#include "kernels/isa/vnni_sums.inc"
#include "kernels/isa/avx2_quantised.inc"
#include "kernels/isa/avx2_float.inc"
#include "kernels/isa/avx2_attention_tiles.inc"
constexpr uint32_t kTileQueries = 3;
#include "kernels/isa/avx2_attention.inc"
#include "kernels/isa/avx2_elementwise.inc"
#include "kernels/isa/x86_peaks.inc"
#include "kernels/isa/x86_table.inc"

}  // namespace

const KernelTable& avxvnni_table() {
  static const KernelTable table = make_table("avxvnni");
  return table;
}

const PeakProducts& avxvnni_peaks() {
  static constexpr PeakProducts peaks = {peak_bytes, peak_floats};
  return peaks;
}

}  // namespace slm::kernels
