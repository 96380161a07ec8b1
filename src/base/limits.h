// Every bound on something whose size follows input. Reviewed in one place; a new buffer, queue or recursion over
// input takes its limit from here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slm::limits {

// GGUF (docs/formats/gguf.md)
inline constexpr uint64_t kGgufMaxKeys = 65'536;
inline constexpr uint64_t kGgufMaxTensors = 65'536;
inline constexpr uint64_t kGgufMaxKeyBytes = 65'536;
inline constexpr uint64_t kGgufMaxStringBytes = 64ull << 20;
inline constexpr uint64_t kGgufMaxArrayItems = 64ull << 20;
inline constexpr uint64_t kGgufMaxMetadataBytes = 512ull << 20;
inline constexpr uint32_t kGgufMaxDims = 4;
inline constexpr uint64_t kGgufMaxTensorNameBytes = 127;
inline constexpr uint32_t kGgufMaxAlignment = 64u << 10;

// Models
inline constexpr uint32_t kMaxLayers = 512;
inline constexpr uint32_t kMaxHeads = 1'024;
inline constexpr uint32_t kMaxHeadDim = 1'024;
inline constexpr uint32_t kMaxWidth = 65'536;
inline constexpr uint32_t kMaxFfn = 262'144;
inline constexpr uint32_t kMaxVocabulary = 1'048'576;
inline constexpr uint32_t kMaxContext = 1u << 20;

// JSON read from outside
inline constexpr size_t kJsonMaxBytes = 64u << 20;
inline constexpr size_t kJsonMaxDepth = 64;

// Chat templates
inline constexpr size_t kTemplateMaxSourceBytes = 1u << 20;
inline constexpr size_t kTemplateMaxDepth = 64;
inline constexpr uint64_t kTemplateMaxSteps = 1'000'000;
inline constexpr size_t kTemplateMaxOutputBytes = 64u << 20;

// Text read from files, pipes and terminals
inline constexpr size_t kMaxPromptBytes = 64u << 20;
inline constexpr size_t kMaxTextFileBytes = 1u << 30;

// Engine
inline constexpr uint32_t kMaxSequences = 1'024;
inline constexpr uint32_t kMaxStopStrings = 16;
inline constexpr size_t kMaxStopBytes = 1'024;
inline constexpr uint32_t kMaxTopLogprobs = 1'024;

// Threads and child processes
inline constexpr int kMaxThreads = 256;
inline constexpr size_t kChildMaxOutputBytes = 64u << 20;

// Archives (wheels)
inline constexpr uint64_t kZipMaxEntries = 65'536;
inline constexpr uint64_t kZipMaxMemberBytes = 64ull << 30;
inline constexpr uint64_t kZipMaxRatio = 200;

}  // namespace slm::limits
