// A last stage of the network's graph, on the device that computes the results: of each result row it leaves the largest
// logits. Where the device is a GPU, that many cross the bus instead of a whole row, and the host looks at no others.
//
// It is a sampler of llama.cpp's own kind (llama_sampler_i, its interface for samplers inside the graph, which llama.h calls
// experimental), attached to each sequence whose rows may be cut down.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "llama.h"
#include "sled.h"

struct ggml_tensor;

namespace sled {

// What is left of a row, in no order. count 0: the row is whole.
struct TopRow {
  const int32_t *ids;
  const float *logits;
  int32_t count;
};

// Of one context, which must outlive it. Threads: as the context.
class TopRows {
 public:
  // Logits that are left of a row: enough for usual parameters, such as top-k 40 and penalties over 64 tokens.
  static constexpr int32_t kCount = SLED_TOP_ROW;

  // Attached to no sequence yet.
  TopRows(llama_context *context, int32_t vocabulary, int32_t sequences);
  ~TopRows();
  TopRows(const TopRows &) = delete;
  TopRows &operator=(const TopRows &) = delete;

  // Whether rows of a sequence are cut down, from the next decode on. A change makes llama.cpp plan its memory anew.
  // Returns whether it is as wished: a device without the operation leaves rows whole.
  bool set(int32_t sequence, bool on);

  // Of the last decode's batch. Valid until the next.
  TopRow row(int32_t index) const;

 private:
  struct SamplerFree {
    void operator()(llama_sampler *sampler) const { llama_sampler_free(sampler); }
  };

  // What the samplers share: one operation for all rows of a graph.
  struct Graph {
    ggml_tensor *ids = nullptr;     // [kCount, rows]
    ggml_tensor *logits = nullptr;  // [1, kCount, rows]
    int32_t vocabulary = 0;
    bool supported = false;
  };

  static bool init(llama_sampler *self, ggml_backend_buffer_type_t type, uint32_t rows_per_sequence);
  static void apply(llama_sampler *self, ggml_context *context, ggml_cgraph *cgraph, llama_sampler_data *data);
  static void reset(llama_sampler *self);
  static void build(Graph &graph, ggml_context *context, ggml_tensor *rows);

  static llama_sampler_i interface_;

  llama_context *const context_;
  Graph graph_;
  std::vector<std::unique_ptr<llama_sampler, SamplerFree>> chains_;  // by sequence; null: whole rows
};

}  // namespace sled
