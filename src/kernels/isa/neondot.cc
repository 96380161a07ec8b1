// 64-bit ARM with the dot product of bytes (Cortex-A76 and later: Raspberry Pi 5). The rules for this file are those of avx2.cc.
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>

#include "kernels/isa/polynomials.h"
#include "kernels/isa/tables.h"
#include "kernels/peaks.h"
#include "kernels/table.h"

namespace slm::kernels {
namespace {

#include "kernels/isa/neon_vector.inc"
#include "kernels/isa/neon_unpack.inc"
#include "kernels/isa/neon_quantised.inc"
#include "kernels/isa/neondot_tile.inc"
#include "kernels/isa/neon_panel.inc"
#include "kernels/isa/neon_float.inc"
#include "kernels/isa/neon_attention.inc"
#include "kernels/isa/neon_elementwise.inc"
constexpr uint64_t kPeakBytes = 16;
SLM_INLINE int32x4_t peak_add(int32x4_t sum, int8x16_t w, int8x16_t x) { return vdotq_s32(sum, w, x); }
#include "kernels/isa/neon_peaks.inc"
#include "kernels/isa/neon_table.inc"

}  // namespace

const KernelTable& neondot_table() {
  static const KernelTable table = make_table("neondot");
  return table;
}

const PeakProducts& neondot_peaks() {
  static constexpr PeakProducts peaks = {peak_bytes, peak_floats};
  return peaks;
}

}  // namespace slm::kernels
