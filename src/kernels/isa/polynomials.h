// Coefficients that the elementary functions of every ISA share, so that their results are the same bits everywhere.
// Fitted to the least largest relative error on the interval named; constants only, safe to include in any ISA file.
#pragma once

namespace slm::kernels {

// exp(x) = 2^n * e^r, n = round(x / ln 2), r = (x - n * kLn2High) - n * kLn2Low, |r| <= ln 2 / 2;
// e^r = 1 + r + r^2 * (c0 + c1 r + ... + c4 r^4), by Horner's rule with fma; relative error about 1e-7.
// Below kExpMin the result is 0, above kExpMax it is that of kExpMax: neither a denormal nor an infinity comes out.
inline constexpr float kExpMin = -87.0f, kExpMax = 88.0f;
inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
inline constexpr float kExpC0 = 0.499999934f, kExpC1 = 0.166665206f, kExpC2 = 0.041668388f, kExpC3 = 0.00836871702f,
                       kExpC4 = 0.00138145987f;

// tanh(x): for |x| < kTanhSmall x + x * z * (c0 + ... + c4 z^4) with z = x^2; else sign(x) * (1 - 2 / (exp(2|x|) + 1)).
inline constexpr float kTanhSmall = 0.625f;
inline constexpr float kTanhC0 = -0.333332819f, kTanhC1 = 0.133314422f, kTanhC2 = -0.0537397122f,
                       kTanhC3 = 0.0206390787f, kTanhC4 = -0.00570497837f;

// GELU's tanh form: 0.5 x (1 + tanh(y)) = x / (1 + exp(-2 y)), 2 y = kGeluA * x * (1 + kGeluB * x^2), 
// kGeluA = 2 sqrt(2 / pi).
inline constexpr float kGeluA = 1.59576912f, kGeluB = 0.044715f;

// quantize_q8: NaN is taken as 0, values beyond +-kQ8Largest as that; a block whose largest value is below kQ8Smallest is 0.
inline constexpr float kQ8Largest = 1e34f, kQ8Smallest = 1e-30f;
// The largest finite binary16: what store_kv clips to.
inline constexpr float kHalfLargest = 65504.0f;

}  // namespace slm::kernels
