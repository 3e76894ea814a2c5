/* Products of quantised weights with several rows at once, for AVX2: included by ggml-cpu's sources where
 * cmake/llama-cpp.patch says so, after ggml's own headers.
 *
 * A step that verifies drafts has 2 to 64 rows. ggml's kernels take weights apart for each row anew (Q6_K), or for each
 * four with more shuffles than products (Q4_K), so that such a step took nearly as long as its rows one by one. Here
 * weights are taken apart once for many rows, into a buffer that stays in the first-level cache, in the order in which
 * products need them.
 *
 * The bits are those of ggml's kernels: the sums of a block are integers, which are exact in any order, and what is added as
 * floats is added in their order (for Q4_K, of its gemm kernel). So any count of rows has the same bits, and these tiles may
 * stand beside ggml's kernels: a row alone still goes through those.
 *
 * Measured with Qwen2.5-Coder 1.5B Q4_K_M, see BENCHMARKS.md. AVX-512 has kernels of ggml's own for Q4_K. */
#pragma once

#if defined(SLED_ROW_TILES) && defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define SLED_Q6_K_TILES 1

/* Sums stay in registers, in the order as written: the compiler would compute many products first and add them up from
 * memory, which takes twice as long. */
#define SLED_KEEP(vector) __asm__("" : "+x"(vector))

/* Rows that share one taking apart of the weights. */
#define SLED_Q6_K_ROWS 16

/* Scales of 16 weights each, for two groups of 16 weights: 16 times one, then 16 times the other, of 16-bit integers. */
static inline __m256i sled_q6_K_scales(__m128i scales, int first) {
  const __m128i pair = _mm_shuffle_epi8(
      scales, _mm_add_epi8(_mm_set1_epi8((char)first), _mm_set_epi64x(0x0101010101010101, 0)));
  return _mm256_cvtepi8_epi16(pair);
}

/* Columns that share the rows' quants: those of a block of 16 rows stay in the first-level cache meanwhile. */
#define SLED_Q6_K_COLUMNS 8

/* Adds the products of a block of 256 weights with the same block of each row to sums[r]. */
static inline void sled_q6_K_products(const block_q6_K *w, const char *x, int64_t row_bytes, int rows, __m256 *sums) {
  const __m256i low_4 = _mm256_set1_epi8(15);
  const __m256i high_2 = _mm256_set1_epi8(48);
  const __m128i scales = _mm_loadu_si128((const __m128i *)w->scales);
  const __m256i scales_16 = _mm256_cvtepi8_epi16(scales);
  const float d = GGML_CPU_FP16_TO_FP32(w->d);
  __m256i dots[SLED_Q6_K_ROWS];
  for (int half = 0; half < 2; half++) {
    const __m256i l0 = _mm256_loadu_si256((const __m256i *)(w->ql + 64 * half));
    const __m256i l1 = _mm256_loadu_si256((const __m256i *)(w->ql + 64 * half + 32));
    const __m256i h = _mm256_loadu_si256((const __m256i *)(w->qh + 32 * half));
    const __m256i q0 = _mm256_or_si256(_mm256_and_si256(l0, low_4), _mm256_and_si256(_mm256_slli_epi16(h, 4), high_2));
    const __m256i q1 = _mm256_or_si256(_mm256_and_si256(l1, low_4), _mm256_and_si256(_mm256_slli_epi16(h, 2), high_2));
    const __m256i q2 = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(l0, 4), low_4), _mm256_and_si256(h, high_2));
    const __m256i q3 = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(l1, 4), low_4),
                                       _mm256_and_si256(_mm256_srli_epi16(h, 2), high_2));
    const __m256i s0 = sled_q6_K_scales(scales, 8 * half);
    const __m256i s1 = sled_q6_K_scales(scales, 8 * half + 2);
    const __m256i s2 = sled_q6_K_scales(scales, 8 * half + 4);
    const __m256i s3 = sled_q6_K_scales(scales, 8 * half + 6);
    for (int r = 0; r < rows; r++) {
      const block_q8_K *const row = (const block_q8_K *)(x + r * row_bytes);
      const __m256i *const q8 = (const __m256i *)(row->qs + 128 * half);
      const __m256i p0 = _mm256_madd_epi16(s0, _mm256_maddubs_epi16(q0, _mm256_loadu_si256(q8)));
      const __m256i p1 = _mm256_madd_epi16(s1, _mm256_maddubs_epi16(q1, _mm256_loadu_si256(q8 + 1)));
      const __m256i p2 = _mm256_madd_epi16(s2, _mm256_maddubs_epi16(q2, _mm256_loadu_si256(q8 + 2)));
      const __m256i p3 = _mm256_madd_epi16(s3, _mm256_maddubs_epi16(q3, _mm256_loadu_si256(q8 + 3)));
      const __m256i p = _mm256_add_epi32(_mm256_add_epi32(p0, p1), _mm256_add_epi32(p2, p3));
      if (half == 0) {
        dots[r] = p;
      } else {
        /* Weights are stored with 32 added, which is taken back here. */
        const __m256i row_sums = _mm256_loadu_si256((const __m256i *)row->bsums);
        const __m256i offset = _mm256_slli_epi32(_mm256_madd_epi16(row_sums, scales_16), 5);
        const __m256i dot = _mm256_sub_epi32(_mm256_add_epi32(dots[r], p), offset);
        sums[r] = _mm256_fmadd_ps(_mm256_set1_ps(row->d * d), _mm256_cvtepi32_ps(dot), sums[r]);
      }
    }
  }
}

/* dst[r * dst_stride + c] for `rows` rows, at most SLED_Q6_K_ROWS, at x + r * row_bytes, and `columns` rows of weights at
 * w + c * column_bytes, of n elements each. */
static void sled_q6_K_tile(int64_t n, float *dst, int64_t dst_stride, const char *w, int64_t column_bytes, int64_t columns,
                           const char *x, int64_t row_bytes, int rows) {
  const int64_t blocks = n / QK_K;
  for (int64_t first = 0; first < columns; first += SLED_Q6_K_COLUMNS) {
    const int count = (int)(columns - first < SLED_Q6_K_COLUMNS ? columns - first : SLED_Q6_K_COLUMNS);
    __m256 sums[SLED_Q6_K_COLUMNS][SLED_Q6_K_ROWS];
    for (int c = 0; c < count; c++) {
      for (int r = 0; r < rows; r++) {
        sums[c][r] = _mm256_setzero_ps();
      }
    }
    for (int64_t b = 0; b < blocks; b++) {
      for (int c = 0; c < count; c++) {
        const block_q6_K *const at = (const block_q6_K *)(w + (first + c) * column_bytes) + b;
        for (int line = 0; line < 4; line++) {
          _mm_prefetch((const char *)(at + 1) + 64 * line, _MM_HINT_T0);
        }
        sled_q6_K_products(at, x + b * (int64_t)sizeof(block_q8_K), row_bytes, rows, sums[c]);
      }
    }
    for (int c = 0; c < count; c++) {
      for (int r = 0; r < rows; r++) {
        __m128 sum = _mm_add_ps(_mm256_extractf128_ps(sums[c][r], 1), _mm256_castps256_ps128(sums[c][r]));
        sum = _mm_add_ps(sum, _mm_movehl_ps(sum, sum));
        sum = _mm_add_ss(sum, _mm_movehdup_ps(sum));
        dst[r * dst_stride + first + c] = _mm_cvtss_f32(sum);
      }
    }
  }
}

/* The same for any number of rows. */
static inline void sled_q6_K_rows(int64_t n, float *dst, int64_t dst_stride, const char *w, int64_t column_bytes,
                                  int64_t columns, const char *x, int64_t row_bytes, int64_t rows) {
  for (int64_t r = 0; r < rows; r += SLED_Q6_K_ROWS) {
    const int64_t left = rows - r;
    sled_q6_K_tile(n, dst + r * dst_stride, dst_stride, w, column_bytes, columns, x + r * row_bytes, row_bytes,
                   (int)(left < SLED_Q6_K_ROWS ? left : SLED_Q6_K_ROWS));
  }
}

#if defined(__cplusplus) && !defined(__AVX512F__)

#define SLED_Q4_K_TILES 1

/* Fours of rows that share one taking apart of the weights: as many as stay in the second-level cache with n = 8,960. */
#define SLED_Q4_K_FOURS 8

/* Blocks that are fetched ahead: the processor's own fetching ends at each page. */
#define SLED_Q4_K_AHEAD 2

/* One block (256 weights of each of eight columns), taken apart. Columns lie as 0 4 1 5 2 6 3 7, four weights of each. */
struct sled_q4_K_block {
  __m256i quants[64];     /* [pair of sub-blocks][eight weights][sub-block of the pair][four weights] */
  __m256i scales[8];      /* of a sub-block, twice for each column, 16 bits */
  __m256i mins[4];        /* of a pair of sub-blocks, both for each column in its order, 16 bits */
  __m256 column_scale;
  __m256 column_min;      /* columns in their order */
};

static inline void sled_q4_K_take_scales(const block_q4_Kx8 &from, sled_q4_K_block &to) {
  const __m128i column_order = _mm_set_epi8(15, 14, 7, 6, 13, 12, 5, 4, 11, 10, 3, 2, 9, 8, 1, 0);
  const __m128i twice_in_order = _mm_set_epi8(7, 7, 3, 3, 6, 6, 2, 2, 5, 5, 1, 1, 4, 4, 0, 0);
  to.column_scale = _mm256_cvtph_ps(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from.d), column_order));
  to.column_min = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from.dmin));
  for (int pair = 0; pair < 4; pair++) {
    /* Twelve bytes for each sub-block: six bits for each of eight scales, then of eight mins. */
    __m128i six[2];
    for (int sub = 0; sub < 2; sub++) {
      uint32_t raw[3];
      memcpy(raw, from.scales + 24 * pair + 12 * sub, 12);
      six[sub] = _mm_set_epi32((int)(((raw[2] >> 4) & 0x0f0f0f0f) | (((raw[1] >> 6) & 0x03030303) << 4)),
                               (int)(raw[1] & 0x3f3f3f3f),
                               (int)((raw[2] & 0x0f0f0f0f) | (((raw[0] >> 6) & 0x03030303) << 4)),
                               (int)(raw[0] & 0x3f3f3f3f));
      to.scales[2 * pair + sub] = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(six[sub], twice_in_order));
    }
    to.mins[pair] = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(six[0], six[1]));
  }
}

/* Takes eight weights of each column apart, of both sub-blocks of a pair. */
static inline __attribute__((always_inline)) void sled_q4_K_take_quants(const uint8_t *from, __m256i *first,
                                                                        __m256i *second) {
  const __m256i low_4 = _mm256_set1_epi8(15);
  const __m256i raw_0123 = _mm256_loadu_si256((const __m256i *)from);
  const __m256i raw_4567 = _mm256_loadu_si256((const __m256i *)(from + 32));
  const __m256i four_0 = _mm256_blend_epi32(raw_0123, _mm256_shuffle_epi32(raw_4567, 177), 170);
  const __m256i four_1 = _mm256_blend_epi32(_mm256_shuffle_epi32(raw_0123, 177), raw_4567, 170);
  first[0] = _mm256_and_si256(four_0, low_4);
  first[1] = _mm256_and_si256(four_1, low_4);
  second[0] = _mm256_and_si256(_mm256_srli_epi16(four_0, 4), low_4);
  second[1] = _mm256_and_si256(_mm256_srli_epi16(four_1, 4), low_4);
}

/* Whether a group of rows takes the quants apart for itself, for others behind it as well, or finds them taken apart. */
enum sled_quants { SLED_QUANTS_OWN, SLED_QUANTS_FIRST, SLED_QUANTS_TAKEN };

/* Adds the products of a block with R rows to sums and mins. Quants of row r, weight k of a pair of sub-blocks (64 weights):
 * at quants + pair * pair_bytes + (k / 8) * eight_bytes + r * row_bytes + k % 8. Sums of the quants of the sub-blocks of a
 * pair, 16 bits each: at row_sums + pair * pair_sums + r * row_sums_stride. */
template <int R, sled_quants Q>
static inline __attribute__((always_inline)) void sled_q4_K_products(const block_q4_Kx8 &from, sled_q4_K_block &w,
                                                                     const int8_t *quants, int pair_bytes, int eight_bytes,
                                                                     int64_t row_bytes, const float *d, int64_t d_stride,
                                                                     const char *row_sums, int pair_sums, int row_sums_stride,
                                                                     __m256 *sums, __m256 *mins) {
  __m256 scale[R];
  __m256 min_scale[R];
  for (int r = 0; r < R; r++) {
    const __m256 row_scale = _mm256_set1_ps(*(const float *)((const char *)d + r * d_stride));
    scale[r] = _mm256_mul_ps(w.column_scale, row_scale);
    min_scale[r] = _mm256_mul_ps(w.column_min, row_scale);
  }
  for (int pair = 0; pair < 4; pair++) {
    __m256i dot[2][R]; /* 16 bits: at most 8 times 2 * 15 * 127 */
#pragma GCC unroll 4
    for (int eight = 0; eight < 4; eight++) {
      __m256i *const taken = w.quants + 16 * pair + 4 * eight;
      __m256i own[4];
      if (Q == SLED_QUANTS_TAKEN) {
        memcpy(own, taken, sizeof(own));
      } else {
        sled_q4_K_take_quants(from.qs + 256 * pair + 64 * eight, own, own + 2);
        if (Q == SLED_QUANTS_FIRST) {
          memcpy(taken, own, sizeof(own));
        }
      }
#pragma GCC unroll 4
      for (int four = 0; four < 4; four++) {
        const int sub = four / 2;
        const int8_t *const at = quants + pair * pair_bytes + (4 * sub + eight) * eight_bytes + 4 * (four % 2);
        for (int r = 0; r < R; r++) {
          int32_t row;
          memcpy(&row, at + r * row_bytes, sizeof(row));
          const __m256i product = _mm256_maddubs_epi16(own[four], _mm256_set1_epi32(row));
          dot[sub][r] = eight == 0 && four % 2 == 0 ? product : _mm256_add_epi16(dot[sub][r], product);
          SLED_KEEP(dot[sub][r]);
        }
      }
    }
    for (int r = 0; r < R; r++) {
      const __m256i dots = _mm256_add_epi32(_mm256_madd_epi16(dot[0][r], w.scales[2 * pair]),
                                            _mm256_madd_epi16(dot[1][r], w.scales[2 * pair + 1]));
      int32_t both;
      memcpy(&both, row_sums + pair * pair_sums + r * row_sums_stride, sizeof(both));
      const __m256i min_dot = _mm256_madd_epi16(_mm256_set1_epi32(both), w.mins[pair]);
      sums[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots), scale[r], sums[r]);
      mins[r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(min_dot), min_scale[r], mins[r]);
    }
  }
}

/* Sums of 16 quants each, added up in twos. */
static inline __m128i sled_pair_sums(const int16_t *sums_of_16) {
  return _mm_hadd_epi16(_mm_loadu_si128((const __m128i *)sums_of_16), _mm_loadu_si128((const __m128i *)(sums_of_16 + 8)));
}

/* Four rows, interleaved. */
template <sled_quants Q>
static inline void sled_q4_K_four(const block_q4_Kx8 &from, sled_q4_K_block &w, const block_q8_Kx4 &rows, __m256 *sums,
                                  __m256 *mins) {
  __m128i row_sums[4];
  for (int pair = 0; pair < 4; pair++) {
    row_sums[pair] = sled_pair_sums(rows.bsums + 16 * pair);
  }
  sled_q4_K_products<4, Q>(from, w, rows.qs, 256, 32, 8, rows.d, sizeof(float), (const char *)row_sums, 16, 4, sums, mins);
}

/* Up to three rows, one after the other. */
template <int R, sled_quants Q>
static inline void sled_q4_K_rest(const block_q4_Kx8 &from, sled_q4_K_block &w, const block_q8_K *row, int64_t row_bytes,
                                  __m256 *sums, __m256 *mins) {
  __m128i row_sums[R];
  for (int r = 0; r < R; r++) {
    row_sums[r] = sled_pair_sums(((const block_q8_K *)((const char *)row + r * row_bytes))->bsums);
  }
  sled_q4_K_products<R, Q>(from, w, row->qs, 64, 8, row_bytes, &row->d, row_bytes, (const char *)row_sums, 4, 16, sums, mins);
}

/* All rows of a tile with one block of eight columns: fours of rows, then the rest. */
static inline void sled_q4_K_add_block(const block_q4_Kx8 &from, const block_q8_Kx4 *four, int fours, int64_t blocks,
                                       const block_q8_K *rest_rows, int rest, __m256 *sums, __m256 *mins) {
  const int64_t row_bytes = blocks * (int64_t)sizeof(block_q8_K);
  sled_q4_K_block w;
  sled_q4_K_take_scales(from, w);
  const int groups = fours + (rest > 0);
  if (fours > 0 && groups == 1) {
    sled_q4_K_four<SLED_QUANTS_OWN>(from, w, *four, sums, mins);
  } else if (fours > 0) {
    sled_q4_K_four<SLED_QUANTS_FIRST>(from, w, *four, sums, mins);
    for (int f = 1; f < fours; f++) {
      sled_q4_K_four<SLED_QUANTS_TAKEN>(from, w, four[f * blocks], sums + 4 * f, mins + 4 * f);
    }
  }
  sums += 4 * fours;
  mins += 4 * fours;
  switch (fours > 0 ? rest : -rest) {
    case 1: sled_q4_K_rest<1, SLED_QUANTS_TAKEN>(from, w, rest_rows, row_bytes, sums, mins); break;
    case 2: sled_q4_K_rest<2, SLED_QUANTS_TAKEN>(from, w, rest_rows, row_bytes, sums, mins); break;
    case 3: sled_q4_K_rest<3, SLED_QUANTS_TAKEN>(from, w, rest_rows, row_bytes, sums, mins); break;
    case -2: sled_q4_K_rest<2, SLED_QUANTS_OWN>(from, w, rest_rows, row_bytes, sums, mins); break;
    case -3: sled_q4_K_rest<3, SLED_QUANTS_OWN>(from, w, rest_rows, row_bytes, sums, mins); break;
    default: break;
  }
}

/* dst[r * dst_stride + c] for all rows, at least two, and columns. Of the rows at x, fours lie interleaved (block_q8_Kx4), and the up to
 * three that are left over behind them as block_q8_K; weights are of eight columns each (block_q4_Kx8). */
static void sled_q4_K_rows(int64_t n, float *dst, int64_t dst_stride, const void *weights, const void *x, int64_t rows,
                           int64_t columns) {
  const int64_t blocks = n / QK_K;
  const int64_t row_bytes = blocks * (int64_t)sizeof(block_q8_K);
  const __m256i to_order = _mm256_set_epi32(7, 5, 3, 1, 6, 4, 2, 0);
  const int64_t all_fours = rows / 4;
  int64_t four = 0;
  do {
    const int fours = (int)(all_fours - four < SLED_Q4_K_FOURS ? all_fours - four : SLED_Q4_K_FOURS);
    const int rest = four + fours == all_fours ? (int)(rows % 4) : 0;
    const block_q8_Kx4 *const first = (const block_q8_Kx4 *)x + four * blocks;
    const block_q8_K *const rest_rows = (const block_q8_K *)((const char *)x + all_fours * 4 * row_bytes);
    for (int64_t c = 0; c < columns; c += 8) {
      const block_q4_Kx8 *const column = (const block_q4_Kx8 *)weights + c / 8 * blocks;
      __m256 sums[4 * SLED_Q4_K_FOURS + 3];
      __m256 mins[4 * SLED_Q4_K_FOURS + 3];
      for (int r = 0; r < 4 * fours + rest; r++) {
        sums[r] = mins[r] = _mm256_setzero_ps();
      }
      for (int64_t b = 0; b < blocks; b++) {
        for (size_t line = 0; line < sizeof(*column); line += 64) {
          _mm_prefetch((const char *)(column + b + SLED_Q4_K_AHEAD) + line, _MM_HINT_T0);
        }
        sled_q4_K_add_block(column[b], first + b, fours, blocks, rest_rows + b, rest, sums, mins);
      }
      for (int r = 0; r < 4 * fours + rest; r++) {
        const __m256 sum = _mm256_permutevar8x32_ps(sums[r], to_order);
        _mm256_storeu_ps(dst + (4 * four + r) * dst_stride + c, _mm256_sub_ps(sum, mins[r]));
      }
    }
    four += fours;
  } while (four < all_fours);
}

#endif

#endif
