// What instructions this CPU has and the operating system lets programs use.
#pragma once

#include <string>
#include <vector>

namespace slm {

// In a fixed order. x86-64: sse4.2 avx f16c fma avx2 bmi2 avxvnni avx512f avx512bw avx512vl avx512vnni avx512bf16 amxint8;
// Arm: neon fp16 dotprod i8mm bf16 sve.
std::vector<std::string> read_cpu_features();

}  // namespace slm
