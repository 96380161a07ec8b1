// The tables of isa/, one declaration a file; which of them a build holds follows its target (CMakeLists.txt).
#pragma once

namespace slm::kernels {

struct KernelTable;
struct PeakProducts;

const KernelTable& scalar_table();
const KernelTable& avx2_table();
const KernelTable& avxvnni_table();
const KernelTable& avx512vnni_table();
const KernelTable& neondot_table();
const KernelTable& neoni8mm_table();

const PeakProducts& scalar_peaks();
const PeakProducts& avx2_peaks();
const PeakProducts& avxvnni_peaks();
const PeakProducts& avx512vnni_peaks();
const PeakProducts& neondot_peaks();
const PeakProducts& neoni8mm_peaks();

}  // namespace slm::kernels
