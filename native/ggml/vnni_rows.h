/* Products of quantised weights with several rows at once, for weights packed as ggml's AMX kernels want them: included by
 * ggml-cpu/amx/mmq.cpp where cmake/llama-cpp.patch says so, behind ggml's own kernels.
 *
 * ggml has a kernel for a lone row (AVX-512 VNNI), which takes as long as reading the weights, and one for tiles of 16 rows
 * (AMX). The second one spends most of its time on taking weights apart, filling tiles and carrying sums out of them, for 16
 * rows even where a step has 2, and a block of 256 K-quant weights needs that 8 or 16 times. Here the lone row's kernel takes
 * several rows: weights are taken apart once in registers for up to eight rows, and sums stay in registers. No tiles are needed,
 * so that K-quants are packed like that on CPUs with AVX-512 VNNI and without AMX, too.
 *
 * The bits are those of ggml's kernels: the sums of a block are integers, which are exact in any order, and what is added as
 * floats is added in their order, block by block. */
#pragma once

#ifdef SLED_ROW_TILES

/* Rows that share one taking apart of the weights: with more of them, sums would not stay in registers. */
constexpr int SLED_VNNI_ROWS = 8;

/* Tiles of 16 columns that share a pass over the rows' quants, which outgrow the second-level cache in long prompts. */
constexpr int SLED_VNNI_TILES = 4;

/* Four bytes or two 16-bit integers of a row, for all columns. */
inline __m512i sled_vnni_row(const void * from) {
    int32_t four;
    memcpy(&four, from, sizeof(four));
    return _mm512_set1_epi32(four);
}

/* Weights are read once, in order, but with pauses: the processor's own prefetching does not keep up. */
constexpr int SLED_VNNI_AHEAD = 4096; /* bytes */

template <int LINES> inline void sled_vnni_fetch(bool cold, const char * from) {
    if (cold) {
#pragma GCC unroll 8
        for (int i = 0; i < LINES; i++) {
            /* Not _mm_prefetch(): GCC 12 takes a function that does nothing else for one without effect. */
            __asm__ volatile("prefetcht0 %0" : : "m"(from[SLED_VNNI_AHEAD + 64 * i]));
        }
    }
}

/* Adds the products of a packed block of 256 weights in 16 columns with the same block of R rows. */
template <typename TB, int R> struct sled_vnni_block;

/* Two groups of 4 weights in 16 columns: the low and the high halves of 64 bytes, with their fifth bits where there are any. */
struct sled_vnni_nibbles {
    __m512i low;
    __m512i high;
};

/* Q4_K and Q5_K: 8 groups of 32 unsigned weights, each with a scale and a minimum. */
template <typename TB, int R> struct sled_vnni_block_with_minimum {
    using row_block = block_q8_K;
    static constexpr bool FIVE_BITS = std::is_same<TB, block_q5_K>::value;

    static inline void add(const char * b, bool cold, const block_q8_K * a, int64_t lda, __m512 * sums) {
        const char * const high_bits = b + (QK_K / 2) * TILE_N;
        const char * const scales = high_bits + (FIVE_BITS ? (QK_K / 8) * TILE_N : 0);
        const char * const mins = scales + 8 * TILE_N;
        const char * const d = mins + 8 * TILE_N;
        const __m512i low_4 = _mm512_set1_epi8(15);
        __m512i dots[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            dots[r] = _mm512_setzero_si512();
        }
        for (int group = 0; group < 8; group++) {
            sled_vnni_fetch<FIVE_BITS ? 6 : 5>(cold, b + group * (FIVE_BITS ? 352 : 288));
            __m512i bits = FIVE_BITS ? _mm512_loadu_si512(high_bits + group * 64) : _mm512_setzero_si512();
            __m512i part[R];
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                part[r] = _mm512_setzero_si512();
            }
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++) {
                const __m512i bytes = _mm512_loadu_si512(b + group * 256 + k * 64);
                __m512i low = _mm512_and_si512(bytes, low_4);
                __m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low_4);
                if (FIVE_BITS) {
                    const __m512i fifth = _mm512_set1_epi8(16);
                    const __m512i shifted = k < 2 ? _mm512_slli_epi16(bits, 4 - 2 * k) : _mm512_srli_epi16(bits, 2 * k - 4);
                    low = _mm512_or_si512(low, _mm512_and_si512(shifted, fifth));
                    high = _mm512_or_si512(high, _mm512_and_si512(_mm512_srli_epi16(shifted, 1), fifth));
                }
#pragma GCC unroll 8
                for (int r = 0; r < R; r++) {
                    const int8_t * const q8 = a[r * lda].qs + group * 32 + k * 8;
                    part[r] = _mm512_dpbusd_epi32(part[r], low, sled_vnni_row(q8));
                    part[r] = _mm512_dpbusd_epi32(part[r], high, sled_vnni_row(q8 + 4));
                }
            }
            const __m512i scale = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(scales + group * TILE_N)));
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                dots[r] = _mm512_add_epi32(dots[r], _mm512_mullo_epi32(part[r], scale));
            }
        }
        const __m512 vd = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)d));
        const __m512 vdmin = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(d + TILE_N * sizeof(ggml_half))));
        __m512i minimum[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const __m512 d1 = _mm512_set1_ps(a[r * lda].d);
            sums[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r]), _mm512_mul_ps(vd, d1), sums[r]);
            minimum[r] = _mm512_setzero_si512();
        }
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            /* Minimums of two groups in each column; a group has two sums of 16 quants, side by side in the row. */
            const __m512i two = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(mins + k * 32)));
            const __m512i first = _mm512_or_si512(_mm512_slli_epi32(two, 16), _mm512_and_si512(two, _mm512_set1_epi32(0xffff)));
            const __m512i second = _mm512_or_si512(_mm512_srli_epi32(two, 16), _mm512_andnot_si512(_mm512_set1_epi32(0xffff), two));
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                const int16_t * const q8_sums = a[r * lda].bsums + 4 * k;
                minimum[r] = _mm512_dpwssd_epi32(minimum[r], first, sled_vnni_row(q8_sums));
                minimum[r] = _mm512_dpwssd_epi32(minimum[r], second, sled_vnni_row(q8_sums + 2));
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const __m512 d1 = _mm512_set1_ps(a[r * lda].d);
            sums[r] = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(minimum[r]), _mm512_mul_ps(vdmin, d1), sums[r]);
        }
    }
};

template <int R> struct sled_vnni_block<block_q4_K, R> : sled_vnni_block_with_minimum<block_q4_K, R> {};
template <int R> struct sled_vnni_block<block_q5_K, R> : sled_vnni_block_with_minimum<block_q5_K, R> {};

/* Q6_K: 16 groups of 16 weights with 32 added, each with a signed scale. */
template <int R> struct sled_vnni_block<block_q6_K, R> {
    using row_block = block_q8_K;

    static inline void add(const char * b, bool cold, const block_q8_K * a, int64_t lda, __m512 * sums) {
        const char * const high_bits = b + (QK_K / 2) * TILE_N;
        const char * const scales = high_bits + (QK_K / 4) * TILE_N;
        const char * const d = scales + 16 * TILE_N;
        const __m512i low_4 = _mm512_set1_epi8(15);
        const __m512i high_2 = _mm512_set1_epi8(48);
        __m512i dots[R];
        __m512i offsets[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            dots[r] = _mm512_setzero_si512();
            offsets[r] = _mm512_setzero_si512();
        }
        for (int pair = 0; pair < 8; pair++) {
            sled_vnni_fetch<7>(cold, b + pair * 420);
            __m512i scale[2];
#pragma GCC unroll 2
            for (int half = 0; half < 2; half++) {
                const int group = 2 * pair + half;
                const __m512i bytes_0 = _mm512_loadu_si512(b + group * 128);
                const __m512i bytes_1 = _mm512_loadu_si512(b + group * 128 + 64);
                const __m512i bits = _mm512_loadu_si512(high_bits + group * 64);
                const __m512i q0 = _mm512_or_si512(_mm512_and_si512(bytes_0, low_4),
                                                   _mm512_and_si512(_mm512_slli_epi16(bits, 4), high_2));
                const __m512i q1 = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(bytes_0, 4), low_4),
                                                   _mm512_and_si512(_mm512_slli_epi16(bits, 2), high_2));
                const __m512i q2 = _mm512_or_si512(_mm512_and_si512(bytes_1, low_4), _mm512_and_si512(bits, high_2));
                const __m512i q3 = _mm512_or_si512(_mm512_and_si512(_mm512_srli_epi16(bytes_1, 4), low_4),
                                                   _mm512_and_si512(_mm512_srli_epi16(bits, 2), high_2));
                scale[half] = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(scales + group * TILE_N)));
#pragma GCC unroll 8
                for (int r = 0; r < R; r++) {
                    const int8_t * const q8 = a[r * lda].qs + group * 16;
                    __m512i part = _mm512_dpbusd_epi32(_mm512_setzero_si512(), q0, sled_vnni_row(q8));
                    part = _mm512_dpbusd_epi32(part, q1, sled_vnni_row(q8 + 4));
                    part = _mm512_dpbusd_epi32(part, q2, sled_vnni_row(q8 + 8));
                    part = _mm512_dpbusd_epi32(part, q3, sled_vnni_row(q8 + 12));
                    dots[r] = _mm512_add_epi32(dots[r], _mm512_mullo_epi32(part, scale[half]));
                }
            }
            /* The 32 that each weight has too much: sums of 16 quants, times 32 scales. */
            const __m512i two = _mm512_or_si512(_mm512_slli_epi32(scale[1], 16),
                                                _mm512_and_si512(scale[0], _mm512_set1_epi32(0xffff)));
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                offsets[r] = _mm512_dpwssd_epi32(offsets[r], two, sled_vnni_row(a[r * lda].bsums + 2 * pair));
            }
        }
        const __m512 vd = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)d));
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const __m512i dot = _mm512_sub_epi32(dots[r], _mm512_slli_epi32(offsets[r], 5));
            const __m512 d1 = _mm512_set1_ps(a[r * lda].d);
            sums[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot), _mm512_mul_ps(vd, d1), sums[r]);
        }
    }
};

/* Q8_0: blocks of 32 signed weights. Rows have 128 added, which is taken back by what was packed with the weights. */
template <int R> struct sled_vnni_block<block_q8_0, R> {
    using row_block = block_q8_0;

    static inline void add(const char * b, bool cold, const block_q8_0 * a, int64_t lda, __m512 * sums) {
        const char * const d = b + TILE_N * TILE_K;
        const __m512i sign = _mm512_set1_epi8((char)0x80);
        const __m512i too_much = _mm512_loadu_si512(d + TILE_N * sizeof(ggml_half));
        __m512i dots[R];
        sled_vnni_fetch<8>(cold, b);
        sled_vnni_fetch<2>(cold, b + 512);
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            dots[r] = _mm512_setzero_si512();
        }
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            const __m512i q = _mm512_loadu_si512(b + 64 * k);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) {
                dots[r] = _mm512_dpbusd_epi32(dots[r], _mm512_xor_si512(sled_vnni_row(a[r * lda].qs + 4 * k), sign), q);
            }
        }
        const __m512 vd = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)d));
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            const __m512 d1 = _mm512_set1_ps(GGML_CPU_FP16_TO_FP32(a[r * lda].d));
            const __m512 dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(dots[r], too_much));
            sums[r] = _mm512_fmadd_ps(dot, _mm512_mul_ps(vd, d1), sums[r]);
        }
    }
};

/* 16 columns of R rows. Not inlined: in a larger function, its vectors would not stay in registers. */
template <typename TB, int R>
__attribute__((noinline)) void sled_vnni_tile(int blocks, const void * rows, const char * b, bool cold, float * c,
                                              int64_t ldc) {
    const auto * const a = (const typename sled_vnni_block<TB, R>::row_block *)rows;
    const int tile_size = get_tile_size<TB>();
    __m512 sums[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
        sums[r] = _mm512_setzero_ps();
    }
    for (int i = 0; i < blocks; i++) {
        sled_vnni_block<TB, R>::add(b + (int64_t)i * tile_size, cold, a + i, blocks, sums);
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
        _mm512_storeu_ps(c + r * ldc, sums[r]);
    }
}

template <typename TB>
void sled_vnni_rows(int rows, int blocks, const void * a, const char * b, bool cold, float * c, int64_t ldc) {
    switch (rows) {
        case 1: sled_vnni_tile<TB, 1>(blocks, a, b, cold, c, ldc); break;
        case 2: sled_vnni_tile<TB, 2>(blocks, a, b, cold, c, ldc); break;
        case 3: sled_vnni_tile<TB, 3>(blocks, a, b, cold, c, ldc); break;
        case 4: sled_vnni_tile<TB, 4>(blocks, a, b, cold, c, ldc); break;
        case 5: sled_vnni_tile<TB, 5>(blocks, a, b, cold, c, ldc); break;
        case 6: sled_vnni_tile<TB, 6>(blocks, a, b, cold, c, ldc); break;
        case 7: sled_vnni_tile<TB, 7>(blocks, a, b, cold, c, ldc); break;
        case 8: sled_vnni_tile<TB, 8>(blocks, a, b, cold, c, ldc); break;
        default: GGML_ABORT("more rows than share weights");
    }
}

/* As ggml_backend_amx_mul_mat() behind the quantisation of the rows, for several of them. */
template <typename TB>
void sled_vnni_mul_mat(const ggml_compute_params * params, const ggml_tensor * dst, const char * quants) {
    const ggml_tensor * const src0 = dst->src[0];
    const int rows = (int)dst->ne[1];
    const int columns = (int)dst->ne[0];
    const int blocks = (int)(src0->ne[0] / ggml_blck_size(src0->type));
    const int64_t row_bytes = blocks * (int64_t)sizeof(typename sled_vnni_block<TB, 1>::row_block);
    const int64_t ldc = (int64_t)(dst->nb[1] / dst->nb[0]);
    const int64_t tile_column = (int64_t)blocks * get_tile_size<TB>(); /* bytes of 16 columns */
    const int parts = div_up(rows, SLED_VNNI_ROWS);
    const int part_rows = div_up(rows, parts);
    const int block_columns = TILE_N * SLED_VNNI_TILES;
    const int column_blocks = div_up(columns, block_columns);
    const int64_t ne2 = dst->ne[2];
    parallel_for_ggml(params, (int)(ne2 * dst->ne[3]) * column_blocks, [&](int begin, int end) {
        for (int i = begin; i < end; i++) {
            const int64_t batch = i / column_blocks;
            const int first = i % column_blocks * block_columns;
            const int last = std::min(columns, first + block_columns);
            const int64_t weights_offset = (batch / ne2) * src0->nb[3] + (batch % ne2) * src0->nb[2];
            const char * const weights = (const char *)src0->data + weights_offset;
            const int64_t result_offset = (batch / ne2) * dst->nb[3] + (batch % ne2) * dst->nb[2];
            float * const results = (float *)((char *)dst->data + result_offset);
            const char * const a = quants + batch * rows * row_bytes;
            for (int row = 0; row < rows; row += part_rows) {
                for (int column = first; column < last; column += TILE_N) {
                    sled_vnni_rows<TB>(std::min(part_rows, rows - row), blocks, a + row * row_bytes,
                                       weights + column / TILE_N * tile_column, row == 0, results + row * ldc + column, ldc);
                }
            }
        }
    });
}

#endif
