#include "base/cpu_features.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace slm {

#if defined(__x86_64__)
namespace {

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t sub = 0) {
  Registers r;
  if (__get_cpuid_count(leaf, sub, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

// XCR0: which register files the operating system saves. Only valid where CPUID says OSXSAVE.
uint64_t extended_control_register() {
  uint32_t low = 0, high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool bit(uint32_t word, int index) { return ((word >> index) & 1) != 0; }

}  // namespace

std::vector<std::string> read_cpu_features() {
  const Registers one = cpuid(1), seven = cpuid(7), seven_one = seven.eax >= 1 ? cpuid(7, 1) : Registers{};
  const uint64_t saved = bit(one.ecx, 27) ? extended_control_register() : 0;
  const bool ymm = (saved & 0x6) == 0x6;              // SSE and AVX state
  const bool zmm = ymm && (saved & 0xE0) == 0xE0;     // mask registers and both halves of ZMM
  const bool tiles = (saved & 0x60000) == 0x60000;    // AMX
  const bool avx512 = zmm && bit(seven.ebx, 16);
  std::vector<std::string> features;
  auto add = [&](const char* name, bool present) {
    if (present) features.emplace_back(name);
  };
  add("sse4.2", bit(one.ecx, 20));
  add("avx", ymm && bit(one.ecx, 28));
  add("f16c", ymm && bit(one.ecx, 29));
  add("fma", ymm && bit(one.ecx, 12));
  add("avx2", ymm && bit(seven.ebx, 5));
  add("bmi2", bit(seven.ebx, 8));
  add("avxvnni", ymm && bit(seven_one.eax, 4));
  add("avx512f", avx512);
  add("avx512bw", avx512 && bit(seven.ebx, 30));
  add("avx512vl", avx512 && bit(seven.ebx, 31));
  add("avx512vnni", avx512 && bit(seven.ecx, 11));
  add("avx512bf16", avx512 && bit(seven_one.eax, 5));
  add("amxint8", tiles && bit(seven.edx, 25));
  return features;
}

#elif defined(__aarch64__)

std::vector<std::string> read_cpu_features() {
  const unsigned long one = getauxval(AT_HWCAP), two = getauxval(AT_HWCAP2);
  std::vector<std::string> features;
  auto add = [&](const char* name, bool present) {
    if (present) features.emplace_back(name);
  };
  add("neon", (one & HWCAP_ASIMD) != 0);
  add("fp16", (one & HWCAP_ASIMDHP) != 0);
  add("dotprod", (one & HWCAP_ASIMDDP) != 0);
#ifdef HWCAP2_I8MM
  add("i8mm", (two & HWCAP2_I8MM) != 0);
#endif
#ifdef HWCAP2_BF16
  add("bf16", (two & HWCAP2_BF16) != 0);
#endif
  add("sve", (one & HWCAP_SVE) != 0);
  (void)two;
  return features;
}

#else

std::vector<std::string> read_cpu_features() { return {}; }

#endif

}  // namespace slm
