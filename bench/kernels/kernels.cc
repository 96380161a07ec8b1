// bench_kernels: what the arithmetic reaches, one thread. SLM_ISA chooses the table; --benchmark_filter=Q4_0 one type.
//  - gemv/TYPE/memory: one token, weights larger than the last cache: GB/s of weights read
//  - gemv/TYPE/cache: one token, weights of 1 MiB: what the instructions allow
//  - gemm/TYPE/N: N tokens; GMAC/s and MAC per cycle (of the clock measured before, printed as core_ghz)
//  - attention/KV/group/N: N tokens behind 4,096 positions; GB/s of keys and values, GMAC/s
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <memory>

#include "base/machine.h"
#include "kernels/test_data.h"

namespace slm::kernels {
namespace {

using test::Matrix;
using test::Random;
using test::Scratch;
using test::Tokens;

const KernelTable* g_table = nullptr;
double g_hertz = 0;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Clock of this core: a chain of dependent additions takes a cycle each. In this thread's own time, as are the rates below.
double core_hertz() {
  constexpr uint64_t kSteps = 200'000'000;
  uint64_t x = 1;
  const double begin = thread_seconds();
  for (uint64_t i = 0; i < kSteps / 8; ++i) {
    for (int j = 0; j < 8; ++j) {
      x += i;
      benchmark::DoNotOptimize(x);  // keeps each addition, in a register
    }
  }
  return kSteps / (thread_seconds() - begin);
}

MatmulArgs arguments(const Matrix& w, Tokens& tokens, uint32_t n, std::vector<float>& out, Scratch& scratch) {
  MatmulArgs args{};
  args.w = w.view;
  args.row_end = w.view.rows;
  args.x = tokens.x.data();
  args.x_stride = tokens.cols;
  args.xq = {tokens.q.data(), tokens.scale.data(), tokens.sum.data(), tokens.cols};
  args.n_tokens = n;
  args.out = out.data();
  args.out_stride = w.view.rows;
  args.scratch = scratch.get();
  return args;
}

void matmul(benchmark::State& state, TensorType type, uint32_t rows, uint32_t cols, uint32_t n) {
  Random random(1);
  const Matrix w(random, type, rows, cols);
  Tokens tokens(random, n, cols);
  std::vector<float> out(size_t{n} * rows);
  Scratch scratch;
  const MatmulArgs args = arguments(w, tokens, n, out, scratch);
  for (auto _ : state) {
    g_table->matmul[static_cast<uint32_t>(type)](args);
    benchmark::ClobberMemory();
  }
  const double iterations = static_cast<double>(state.iterations());
  const double mac = iterations * rows * cols * n;
  state.counters["GB/s"] = benchmark::Counter(iterations * static_cast<double>(w.bytes.size()) / 1e9, benchmark::Counter::kIsRate);
  state.counters["GMAC/s"] = benchmark::Counter(mac / 1e9, benchmark::Counter::kIsRate);
  state.counters["MAC/cycle"] = benchmark::Counter(mac / g_hertz, benchmark::Counter::kIsRate);
}

void attention(benchmark::State& state, KvType type, uint32_t head_dim, uint32_t group, uint32_t n) {
  constexpr uint32_t kBehind = 4096;
  Random random(2);
  const size_t page_bytes = kPageTokens * kv_row_bytes(type, head_dim), row = kv_row_bytes(type, head_dim);
  const uint32_t n_pages = kBehind / kPageTokens;
  std::vector<std::byte> memory(2 * n_pages * page_bytes);
  for (size_t at = 0; at < memory.size(); at += row) {
    const auto x = test::floats(random, head_dim);
    g_table->store_kv(x.data(), head_dim, type, &memory[at]);
  }
  std::vector<const std::byte*> keys, values;
  for (uint32_t i = 0; i < n_pages; ++i) {
    keys.push_back(&memory[i * page_bytes]);
    values.push_back(&memory[(n_pages + i) * page_bytes]);
  }
  const auto q = test::floats(random, size_t{n} * group * head_dim);
  std::vector<float> m(size_t{n} * group), l(m.size()), acc(m.size() * head_dim);
  Scratch scratch;
  AttentionArgs args{q.data(), size_t{group} * head_dim, n,     group,    head_dim, kBehind - n, 0,       0,      keys.data(),
                     values.data(), type,               0,      0.125f,   0.0f,     m.data(),    l.data(), acc.data(), scratch.get()};
  for (auto _ : state) {
    for (args.span_begin = 0; args.span_begin < kBehind; args.span_begin += kSpanTokens) {
      args.span_end = args.span_begin + kSpanTokens;
      g_table->attend_span(args);
    }
    benchmark::ClobberMemory();
  }
  const double iterations = static_cast<double>(state.iterations());
  const double mac = iterations * 2 * kBehind * head_dim * group * n;
  state.counters["GB/s"] = benchmark::Counter(iterations * static_cast<double>(memory.size()) / 1e9, benchmark::Counter::kIsRate);
  state.counters["GMAC/s"] = benchmark::Counter(mac / 1e9, benchmark::Counter::kIsRate);
  state.counters["MAC/cycle"] = benchmark::Counter(mac / g_hertz, benchmark::Counter::kIsRate);
}

void register_all() {
  constexpr uint32_t kCols = 1024;
  constexpr size_t kMemory = 96u << 20, kCache = 1u << 20;
  for (TensorType type : test::kTypes) {
    const std::string name = test::type_name(type);
    const test::BlockShape shape = test::shape_of(type);
    const size_t row = kCols / shape.elements * shape.bytes;
    const auto rows = [&](size_t bytes) { return static_cast<uint32_t>(bytes / row / 16 * 16); };
    const uint32_t many = rows(kMemory), few = rows(kCache);
    const auto add = [&](const std::string& kind, uint32_t n_rows, uint32_t cols, uint32_t n) {
      benchmark::RegisterBenchmark(kind.c_str(), [=](benchmark::State& s) { matmul(s, type, n_rows, cols, n); });
    };
    add("gemv/" + name + "/memory", many, kCols, 1);
    add("gemv/" + name + "/cache", few, kCols, 1);
    add("gemm/" + name + "/4", many, kCols, 4);
    add("gemm/" + name + "/16", 1024, kCols, 16);
    add("gemm/" + name + "/256", 512, kCols, 256);
    add("gemm/" + name + "/256/wide", 128, 4864, 256);
  }
  for (KvType type : {KvType::kF16, KvType::kQ8_0}) {
    const std::string name = type == KvType::kF16 ? "F16" : "Q8_0";
    for (uint32_t group : {1u, 3u, 7u}) {
      for (uint32_t n : {1u, 16u}) {
        benchmark::RegisterBenchmark(fmt::format("attention/{}/64x{}/{}", name, group, n).c_str(),
                                     [=](benchmark::State& s) { attention(s, type, 64, group, n); });
      }
    }
    benchmark::RegisterBenchmark(fmt::format("attention/{}/256x4/1", name).c_str(),
                                 [=](benchmark::State& s) { attention(s, type, 256, 4, 1); });
    benchmark::RegisterBenchmark(fmt::format("attention/{}/256x4/16", name).c_str(),
                                 [=](benchmark::State& s) { attention(s, type, 256, 4, 16); });
  }
}

}  // namespace
}  // namespace slm::kernels

int main(int argc, char** argv) {
  using namespace slm;
  using namespace slm::kernels;
  const auto table = choose_table();
  if (!table) {
    fmt::print(stderr, "{}\n", table.error().text(Language::kEnglish));
    return static_cast<int>(table.error().kind);
  }
  g_table = *table;
  g_hertz = core_hertz();
  benchmark::AddCustomContext("cpu", machine_facts().cpu);
  benchmark::AddCustomContext("isa", std::string(g_table->name));
  benchmark::AddCustomContext("core_ghz", fmt::format("{:.2f}", g_hertz / 1e9));
  register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return static_cast<int>(ErrorKind::kUsage);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
