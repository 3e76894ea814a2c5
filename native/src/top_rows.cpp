#include "top_rows.hpp"

#include "ggml-backend.h"
#include "ggml.h"

namespace sled {

llama_sampler_i TopRows::interface_ = {
    /*.name              =*/[](const llama_sampler *) { return "sled top rows"; },
    /*.accept            =*/nullptr,
    /*.apply             =*/[](llama_sampler *, llama_token_data_array *) {},  // never on the host
    /*.reset             =*/nullptr,
    /*.clone             =*/nullptr,
    /*.free              =*/nullptr,  // its context is not its own
    /*.backend_init      =*/TopRows::init,
    /*.backend_accept    =*/nullptr,
    /*.backend_apply     =*/TopRows::apply,
    /*.backend_set_input =*/nullptr,
    /*.backend_reset     =*/TopRows::reset,
    /*.copy_state        =*/nullptr,
};

TopRows::TopRows(llama_context *context, int32_t vocabulary, int32_t sequences)
    : context_(context), chains_(static_cast<size_t>(sequences)) {
  graph_.vocabulary = vocabulary;
}

TopRows::~TopRows() {
  for (int32_t sequence = 0; sequence < static_cast<int32_t>(chains_.size()); sequence++) {
    set(sequence, false);
  }
}

bool TopRows::set(int32_t sequence, bool on) {
  auto &chain = chains_[static_cast<size_t>(sequence)];
  if (on == (chain != nullptr)) {
    return true;
  }
  if (!on) {
    llama_set_sampler(context_, sequence, nullptr);
    chain.reset();
    return true;
  }
  // llama.cpp prepares a chain once, when it is attached: each time a new one.
  std::unique_ptr<llama_sampler, SamplerFree> made(llama_sampler_chain_init(llama_sampler_chain_default_params()));
  llama_sampler_chain_add(made.get(), llama_sampler_init(&interface_, &graph_));
  const bool attached = llama_set_sampler(context_, sequence, made.get());
  if (attached && !graph_.supported) {
    llama_set_sampler(context_, sequence, nullptr);
  }
  if (!attached || !graph_.supported) {
    return false;
  }
  chain = std::move(made);
  return true;
}

TopRow TopRows::row(int32_t index) const {
  const float *const logits = llama_get_sampled_logits_ith(context_, index);
  if (logits == nullptr) {
    return {nullptr, nullptr, 0};
  }
  return {llama_get_sampled_candidates_ith(context_, index), logits,
          static_cast<int32_t>(llama_get_sampled_logits_count_ith(context_, index))};
}

// Whether the device of these buffers has the operations, for rows of this length.
bool TopRows::init(llama_sampler *self, ggml_backend_buffer_type_t type, uint32_t /*rows_per_sequence*/) {
  Graph &graph = *static_cast<Graph *>(self->ctx);
  graph.supported = graph.vocabulary > kCount;
  ggml_backend_dev_t const device = ggml_backend_buft_get_device(type);
  if (graph.supported && device != nullptr) {
    constexpr size_t kTensors = 16;
    const ggml_init_params params = {kTensors * ggml_tensor_overhead(), nullptr, true};
    const std::unique_ptr<ggml_context, void (*)(ggml_context *)> context(ggml_init(params), ggml_free);
    build(graph, context.get(), ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, graph.vocabulary, 2));
    graph.supported = ggml_backend_dev_supports_op(device, graph.ids) && ggml_backend_dev_supports_op(device, graph.logits);
  }
  reset(self);
  return graph.supported;
}

// rows: whole ones, [vocabulary, rows].
void TopRows::build(Graph &graph, ggml_context *context, ggml_tensor *rows) {
  graph.ids = ggml_top_k(context, rows, kCount);
  graph.logits = ggml_get_rows(context, ggml_reshape_3d(context, rows, 1, rows->ne[0], rows->ne[1]), graph.ids);
  ggml_set_output(graph.ids);
  ggml_set_output(graph.logits);
}

// Called once per row, with a view of it: the first call of a graph sees to all rows, for an operation per row would cost
// more than it saves.
void TopRows::apply(llama_sampler *self, ggml_context *context, ggml_cgraph * /*cgraph*/, llama_sampler_data *data) {
  Graph &graph = *static_cast<Graph *>(self->ctx);
  ggml_tensor *const row = data->logits;
  ggml_tensor *const rows = row->view_src != nullptr ? row->view_src : row;
  if (graph.ids == nullptr) {
    build(graph, context, rows);
  }
  const size_t index = row->view_src != nullptr ? row->view_offs / rows->nb[1] : 0;
  data->candidates = ggml_view_1d(context, graph.ids, kCount, index * graph.ids->nb[1]);
  data->logits = ggml_view_1d(context, graph.logits, kCount, index * graph.logits->nb[2]);
}

// Before a graph is built.
void TopRows::reset(llama_sampler *self) {
  Graph &graph = *static_cast<Graph *>(self->ctx);
  graph.ids = nullptr;
  graph.logits = nullptr;
}

}  // namespace sled
