// Philox4x32-10, a counter-based random function: the same (counter, key) gives the same words, anywhere, in any order.
// Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sled {

class Philox {
 public:
  explicit Philox(uint64_t seed) : key0_(static_cast<uint32_t>(seed)), key1_(static_cast<uint32_t>(seed >> 32)) {}

  // One counter, all four words in place.
  void one(uint32_t (&counter)[4]) const {
    uint32_t k0 = key0_;
    uint32_t k1 = key1_;
#pragma GCC unroll 10
    for (int32_t round = 0; round < kRounds; round++) {
      const uint64_t p0 = uint64_t{kMultiplier0} * counter[0];
      const uint64_t p1 = uint64_t{kMultiplier1} * counter[2];
      counter[0] = static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ k0;
      counter[1] = static_cast<uint32_t>(p1);
      counter[2] = static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ k1;
      counter[3] = static_cast<uint32_t>(p0);
      k0 += kWeyl0;
      k1 += kWeyl1;
    }
  }

  // The counters (first + i, position, 0, 0) for i = 0 .. kCounters - 1, each as its eight half words.
  static constexpr int32_t kCounters = 8;
  void several(uint32_t first, uint32_t position, uint16_t (&half_words)[8 * kCounters]) const {
#if defined(__SSE2__)
    // Two counters to a register, each word in the lower half of 64 bits: the multiplication reads nothing else, so the
    // upper halves may hold anything until the end. (Left to itself, the compiler shuffles more than it multiplies.)
    constexpr int32_t kPairs = kCounters / 2;
    __m128i c0[kPairs];
    __m128i c1[kPairs];
    __m128i c2[kPairs];
    __m128i c3[kPairs];
    for (int32_t i = 0; i < kPairs; i++) {
      const auto even = static_cast<int32_t>(first + 2 * static_cast<uint32_t>(i));
      c0[i] = _mm_set_epi32(0, static_cast<int32_t>(static_cast<uint32_t>(even) + 1), 0, even);
      c1[i] = _mm_set1_epi64x(static_cast<int64_t>(position));
      c2[i] = _mm_setzero_si128();
      c3[i] = _mm_setzero_si128();
    }
    const __m128i m0 = _mm_set1_epi64x(kMultiplier0);
    const __m128i m1 = _mm_set1_epi64x(kMultiplier1);
    uint32_t k0 = key0_;
    uint32_t k1 = key1_;
    for (int32_t round = 0; round < kRounds; round++) {
      const __m128i key0 = _mm_set1_epi64x(static_cast<int64_t>(k0));
      const __m128i key1 = _mm_set1_epi64x(static_cast<int64_t>(k1));
      for (int32_t i = 0; i < kPairs; i++) {
        const __m128i p0 = _mm_mul_epu32(c0[i], m0);
        const __m128i p1 = _mm_mul_epu32(c2[i], m1);
        c0[i] = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(p1, 32), c1[i]), key0);
        c1[i] = p1;
        c2[i] = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi64(p0, 32), c3[i]), key1);
        c3[i] = p0;
      }
      k0 += kWeyl0;
      k1 += kWeyl1;
    }
    const __m128i low = _mm_set1_epi64x(0xFFFFFFFF);
    for (int32_t i = 0; i < kPairs; i++) {
      const __m128i words01 = _mm_or_si128(_mm_and_si128(c0[i], low), _mm_slli_epi64(c1[i], 32));
      const __m128i words23 = _mm_or_si128(_mm_and_si128(c2[i], low), _mm_slli_epi64(c3[i], 32));
      auto *const out = reinterpret_cast<__m128i *>(half_words + 16 * i);
      _mm_storeu_si128(out, _mm_unpacklo_epi64(words01, words23));
      _mm_storeu_si128(out + 1, _mm_unpackhi_epi64(words01, words23));
    }
#else
    // Straight-line code, ten rounds long: compilers turn several turns of this loop into one.
    for (uint32_t i = 0; i < kCounters; i++) {
      uint32_t counter[4] = {first + i, position, 0, 0};
      one(counter);
      for (int32_t w = 0; w < 4; w++) {
        half_words[8 * i + 2 * w] = static_cast<uint16_t>(counter[w]);
        half_words[8 * i + 2 * w + 1] = static_cast<uint16_t>(counter[w] >> 16);
      }
    }
#endif
  }

 private:
  static constexpr int32_t kRounds = 10;
  static constexpr uint32_t kMultiplier0 = 0xD2511F53U;
  static constexpr uint32_t kMultiplier1 = 0xCD9E8D57U;
  static constexpr uint32_t kWeyl0 = 0x9E3779B9U;
  static constexpr uint32_t kWeyl1 = 0xBB67AE85U;

  uint32_t key0_;
  uint32_t key1_;
};

}  // namespace sled
