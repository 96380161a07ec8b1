// AVX2 + FMA + F16C. The only file compiled with these flags; it must not define a symbol that the linker may merge with
// another file's (an inline function of a header, a template of the standard library): the merged copy could hold AVX2 code
// and be called on a machine without it. Hence plain types, intrinsics, and everything in an unnamed namespace; a test looks
// at the object file. Includes nothing that has code; the table itself is filled from scalar's row.
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
#include "kernels/isa/avx2_tiling.inc"
#include "kernels/isa/avx2_sums.inc"
#include "kernels/isa/avx2_quantised.inc"
#include "kernels/isa/avx2_float.inc"
#include "kernels/isa/avx2_attention_tiles.inc"
constexpr uint32_t kTileQueries = 3;
#include "kernels/isa/avx2_attention.inc"
#include "kernels/isa/avx2_elementwise.inc"
#include "kernels/isa/x86_peaks.inc"
#include "kernels/isa/x86_table.inc"

}  // namespace

const KernelTable& avx2_table() {
  static const KernelTable table = make_table("avx2");
  return table;
}

const PeakProducts& avx2_peaks() {
  static constexpr PeakProducts peaks = {peak_bytes, peak_floats};
  return peaks;
}

}  // namespace slm::kernels
