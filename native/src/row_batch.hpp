// Owns a llama_batch of rows, each of one sequence.
#pragma once

#include <cstdint>
#include <exception>

#include "llama.h"
#include "log_queue.hpp"
#include "row_rule.hpp"

namespace sled {

class RowBatch {
 public:
  explicit RowBatch(int32_t capacity) : batch_(llama_batch_init(capacity, 0, 1)) {}
  ~RowBatch() { llama_batch_free(batch_); }
  RowBatch(const RowBatch &) = delete;
  RowBatch &operator=(const RowBatch &) = delete;

  void clear() { batch_.n_tokens = 0; }
  int32_t rows() const { return batch_.n_tokens; }

  // result: its logits are wanted. The caller stays within the capacity.
  void add(int32_t token, int32_t position, int32_t sequence, bool result) {
    const int32_t row = batch_.n_tokens++;
    batch_.token[row] = token;
    batch_.pos[row] = position;
    batch_.n_seq_id[row] = 1;
    batch_.seq_id[row][0] = sequence;
    batch_.logits[row] = result ? 1 : 0;
  }

  // Rows from..to-1 whose logits are wanted.
  int32_t results(int32_t from, int32_t to) const {
    int32_t count = 0;
    for (int32_t row = from; row < to; row++) {
      count += batch_.logits[row];
    }
    return count;
  }

  // llama.cpp computes the end of the network only for rows whose logits are wanted, so what holds for the rows of a pass
  // holds for its results: the logits of further rows from..to-1, those of one pass, are asked for, and nobody looks at them.
  void want_exact(const RowRule &rule, int32_t from, int32_t to) {
    const int32_t wanted = results(from, to);
    int32_t missing = wanted == 0 ? 0 : rule.fill(wanted) - wanted;
    for (int32_t row = from; row < to && missing > 0; row++) {
      missing -= batch_.logits[row] == 0 ? 1 : 0;
      batch_.logits[row] = 1;
    }
  }

  // llama_decode's result; 0 is success, otherwise first_logged_error() says why. It throws where it runs out of memory when
  // it plans anew: -2 then, too.
  int32_t decode(llama_context *context) const {
    forget_logged_errors();
    try {
      return llama_decode(context, batch_);
    } catch (const std::exception &) {
      return -2;
    }
  }

 private:
  llama_batch batch_;
};

}  // namespace sled
