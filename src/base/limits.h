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

// YAML read from outside
inline constexpr size_t kYamlMaxBytes = 16u << 20;
inline constexpr size_t kYamlMaxDepth = 64;
inline constexpr size_t kYamlMaxNodes = 262'144;

// Chat templates
inline constexpr size_t kTemplateMaxSourceBytes = 1u << 20;
inline constexpr size_t kTemplateMaxDepth = 64;
inline constexpr uint64_t kTemplateMaxSteps = 1'000'000;
inline constexpr size_t kTemplateMaxOutputBytes = 64u << 20;
inline constexpr uint64_t kTemplateMaxWorkBytes = 1ull << 30;   // bytes made or scanned in one rendering
inline constexpr uint32_t kTemplateMaxExpressionDepth = 512;    // nodes above one another: a + b + c + ...
inline constexpr uint32_t kTemplateMaxRecursion = 1'000;        // evaluations above one another, macro calls included
inline constexpr uint32_t kTemplateMaxValueDepth = 128;         // lists in lists
inline constexpr size_t kTemplateMaxRange = 100'000;            // items of range(), jinja2's own

// Text read from files, pipes and terminals
inline constexpr size_t kMaxPromptBytes = 64u << 20;
inline constexpr size_t kMaxTextFileBytes = 1u << 30;

// Tokenizers
inline constexpr size_t kMaxMerges = 4u << 20;
inline constexpr size_t kMaxWordBytes = 8u << 20;  // merged at once (50 bytes of memory each); longer words are cut
inline constexpr size_t kMaxAddedTokenBytes = 1'024;  // texts matched literally: bounds the work at each place of a text

// Engine
inline constexpr uint32_t kMaxSequences = 1'024;
inline constexpr size_t kMaxWaitingSequences = 65'536;
inline constexpr uint32_t kMaxBatchTokens = 8'192;
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

// HTTP replies
inline constexpr size_t kHttpMaxHeaders = 128;
inline constexpr size_t kHttpMaxReplyBytes = 64u << 20;
inline constexpr size_t kSseMaxEventBytes = 4u << 20;   // a line, and an event's data

// Evaluation sets and measurements
inline constexpr size_t kCodeMaxResultBytes = 32u << 20;      // what one program of a code grading writes
inline constexpr size_t kCodeMaxCachedBytes = 128u << 20;     // results of items' own solutions, kept for the next model
inline constexpr size_t kDatasetMaxBytes = 256u << 20;        // one file of a set, decompressed
inline constexpr size_t kComparisonMaxBytes = 256u << 20;     // a comparison as JSON, with every transcript
inline constexpr uint64_t kAnswerCacheMaxBytes = 8ull << 30;  // answers kept from run to run
inline constexpr uint32_t kBenchMaxRows = 256;                // combinations one `slm bench` measures
inline constexpr uint32_t kBenchMaxRepetitions = 1'000;
inline constexpr size_t kOwnPromptsMax = 10'000;              // prompts of --prompts FILE
inline constexpr size_t kOwnPromptMaxBytes = 1u << 20;
inline constexpr size_t kOwnPromptMaxChoices = 26;            // A to Z
inline constexpr size_t kIfevalMaxInstructions = 64;          // of an item
inline constexpr size_t kIfevalMaxTexts = 64;                 // keywords of an instruction
inline constexpr size_t kIfevalMaxTextBytes = 64u << 10;      // a keyword, a prompt to repeat
inline constexpr size_t kIfevalMaxCount = 1'000'000;          // words, sentences, ... asked for

}  // namespace slm::limits
