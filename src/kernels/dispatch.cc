// Which tables this machine can run, and the one to use. A new ISA is one row of kRows.
#include <cstdlib>
#include <string>
#include <string_view>

#include "kernels/isa/tables.h"
#include "kernels/peaks.h"
#include "kernels/table.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace slm::kernels {
namespace {

bool always() { return true; }

#if defined(__x86_64__)
struct CpuidLeaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidLeaf cpuid(uint32_t leaf, uint32_t subleaf) {
  CpuidLeaf out;
  if (__get_cpuid_count(leaf, subleaf, &out.eax, &out.ebx, &out.ecx, &out.edx) == 0) return {};
  return out;
}

// XCR0: the register states that the operating system saves. REQUIRES OSXSAVE.
uint64_t saved_states() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

bool has_avx2() {
  constexpr uint32_t kFma = 1u << 12, kOsxsave = 1u << 27, kAvx = 1u << 28, kF16c = 1u << 29;  // leaf 1, ecx
  constexpr uint32_t kAvx2 = 1u << 5;                                                            // leaf 7, ebx
  constexpr uint64_t kXmmAndYmm = 6;
  const uint32_t needed = kFma | kOsxsave | kAvx | kF16c;
  if ((cpuid(1, 0).ecx & needed) != needed) return false;
  return (saved_states() & kXmmAndYmm) == kXmmAndYmm && (cpuid(7, 0).ebx & kAvx2) != 0;
}

bool has_avxvnni() {
  constexpr uint32_t kAvxVnni = 1u << 4;  // leaf 7, subleaf 1, eax
  return has_avx2() && (cpuid(7, 1).eax & kAvxVnni) != 0;
}

bool has_avx512vnni() {
  constexpr uint32_t kFoundation = 1u << 16, kDoubleQuad = 1u << 17, kByteWord = 1u << 30, kShort = 1u << 31;  // leaf 7, ebx
  constexpr uint32_t kVnni = 1u << 11;                                                                       // leaf 7, ecx
  constexpr uint64_t kAllOfZmm = 0xe6;
  constexpr uint32_t needed = kFoundation | kDoubleQuad | kByteWord | kShort;
  const CpuidLeaf leaf = cpuid(7, 0);
  return has_avx2() && (saved_states() & kAllOfZmm) == kAllOfZmm && (leaf.ebx & needed) == needed && (leaf.ecx & kVnni) != 0;
}
#elif defined(__aarch64__)
// What the kernel says here, programs may use: register states are saved.
bool has_neondot() { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
bool has_neoni8mm() { return has_neondot() && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0; }
#endif

// Best first; scalar stays last. Names stand here too: filling a table is done with its own instructions, so that it is a thing for machines that
// have them.
struct Row {
  std::string_view name;
  const KernelTable& (*table)();
  const PeakProducts& (*peaks)();
  bool (*usable)();
};
constexpr Row kRows[] = {
#if defined(__x86_64__)
    {"avx512vnni", avx512vnni_table, avx512vnni_peaks, has_avx512vnni},
    {"avxvnni", avxvnni_table, avxvnni_peaks, has_avxvnni},
    {"avx2", avx2_table, avx2_peaks, has_avx2},
#elif defined(__aarch64__)
    {"neoni8mm", neoni8mm_table, neoni8mm_peaks, has_neoni8mm},
    {"neondot", neondot_table, neondot_peaks, has_neondot},
#endif
    {"scalar", scalar_table, scalar_peaks, always},
};

std::string names(bool usable_only) {
  std::string out;
  for (const Row& row : kRows) {
    if (usable_only && !row.usable()) continue;
    if (!out.empty()) out += ", ";
    out += row.name;
  }
  return out;
}

}  // namespace

std::vector<const KernelTable*> usable_tables() {
  std::vector<const KernelTable*> out;
  for (const Row& row : kRows) {
    if (row.usable()) out.push_back(&row.table());
  }
  return out;
}

const PeakProducts& peak_products(const KernelTable& table) {
  for (const Row& row : kRows) {
    if (row.name == table.name) return row.peaks();
  }
  return scalar_peaks();
}

Result<const KernelTable*> choose_table() {
  const char* wanted = std::getenv("SLM_ISA");
  if (wanted == nullptr || *wanted == '\0') return usable_tables().front();
  for (const Row& row : kRows) {
    if (row.name != wanted) continue;
    if (!row.usable()) return fail(ErrorKind::kUsage, "kernels.isa_not_here", wanted, names(true));
    return &row.table();
  }
  return fail(ErrorKind::kUsage, "kernels.unknown_isa", wanted, names(true));
}

}  // namespace slm::kernels
