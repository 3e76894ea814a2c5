// Logarithm and exponential of ../SAMPLING.md: the same bits on every machine, which libm's are not. Compiled without
// fused multiply-add (see native/CMakeLists.txt). The operations and their order are the specification: do not tidy.
#pragma once

#include <cstdint>
#include <cstring>

namespace sled::spec {

constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kSqrt2 = 0x1.6a09e667f3bcdp+0;

// Below this a weight of 2^40 * e^d rounds to 0.
constexpr double kExpFloor = -29.0;

inline uint64_t bits_of(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline double of_bits(uint64_t bits) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

// ln(x) for finite, normal x > 0.
inline double ln(double x) {
  constexpr uint64_t kMantissa = (uint64_t{1} << 52) - 1;
  const uint64_t bits = bits_of(x);
  auto e = static_cast<int32_t>(bits >> 52) - 1023;
  double m = of_bits((bits & kMantissa) | (uint64_t{1023} << 52));
  if (m >= kSqrt2) {
    m = m * 0.5;
    e++;
  }
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double p = 1.0 / 21.0;
  p = p * z + 1.0 / 19.0;
  p = p * z + 1.0 / 17.0;
  p = p * z + 1.0 / 15.0;
  p = p * z + 1.0 / 13.0;
  p = p * z + 1.0 / 11.0;
  p = p * z + 1.0 / 9.0;
  p = p * z + 1.0 / 7.0;
  p = p * z + 1.0 / 5.0;
  p = p * z + 1.0 / 3.0;
  p = p * z + 1.0;
  return (e * kLn2Low + (2.0 * s) * p) + e * kLn2High;
}

// 2^power * e^d, power an integer, for any d: as if it were max(d, -29), so that 2^40 times it rounds to 0 there. Without
// branches, so that loops over it use vectors.
inline double exp_scaled(double d, int32_t power) {
  constexpr double kToInteger = 0x1.8p52;  // adding it rounds to an integer, ties to even, in the low bits
  d = d > kExpFloor ? d : kExpFloor;       // also NaN
  const double shifted = d * kLog2E + kToInteger;
  const double n = shifted - kToInteger;
  const double r = (d - n * kLn2High) - n * kLn2Low;
  double p = 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 1.0 / 2.0;
  p = p * r + 1.0;
  p = p * r + 1.0;
  // The low bits of `shifted` are n; the exponent field takes n + power, the bits above fall off.
  return p * of_bits((bits_of(shifted) + static_cast<uint64_t>(1023 + power)) << 52);
}

}  // namespace sled::spec
