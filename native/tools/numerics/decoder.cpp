#include "decoder.hpp"

#include "failure.hpp"

namespace numerics {

Model load_model(const std::string &path, bool as_in_file, int32_t gpu_layers) {
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = gpu_layers;
  params.use_extra_bufts = !as_in_file;
  sled::forget_logged_errors();
  Model model(llama_model_load_from_file(path.c_str(), params));
  if (!model) {
    fail("cannot load " + path);
  }
  if (llama_model_is_recurrent(model.get()) || llama_model_is_hybrid(model.get()) ||
      llama_model_has_encoder(model.get())) {
    fail(path + ": K/V of this kind of model cannot be rolled back");
  }
  return model;
}

Decoder::Decoder(llama_model *model, const Setup &setup)
    : vocabulary_(llama_vocab_n_tokens(llama_model_get_vocab(model))), pool_(sled::make_thread_pool(setup.threads)) {
  llama_context_params p = llama_context_default_params();
  p.n_seq_max = static_cast<uint32_t>(setup.sequences);
  p.n_ctx = static_cast<uint32_t>((setup.positions + kCells - 1) / kCells * kCells * setup.sequences);
  p.n_batch = kBatch;
  p.n_ubatch = kBatch;
  p.n_threads = setup.threads;
  p.n_threads_batch = setup.threads;
  p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
  p.kv_unified = setup.unified;
  p.swa_full = true;
  p.no_perf = true;
  sled::forget_logged_errors();
  context_.reset(llama_init_from_model(model, p));
  if (!context_) {
    fail("llama.cpp cannot make a context with flash attention for this model");
  }
  if (pool_) {
    llama_attach_threadpool(context_.get(), pool_.get(), pool_.get());
  }
}

void Decoder::decode() {
  stop_if_interrupted();
  const int32_t status = batch_.decode(context_.get());
  batch_.clear();
  if (status != 0) {
    fail("llama_decode failed with " + std::to_string(status));
  }
}

const float *Decoder::logits(int32_t row) const {
  const float *const values = llama_get_logits_ith(context_.get(), row);
  if (values == nullptr) {
    fail("llama.cpp has no logits for row " + std::to_string(row));
  }
  return values;
}

void Decoder::drop(int32_t sequence, int32_t from) {
  if (!llama_memory_seq_rm(llama_get_memory(context_.get()), sequence, from, -1)) {
    fail("llama.cpp cannot roll back this model's K/V");
  }
}

State Decoder::save(int32_t sequence) const {
  State state(llama_state_seq_get_size(context_.get(), sequence));
  if (llama_state_seq_get_data(context_.get(), state.data(), state.size(), sequence) != state.size()) {
    fail("llama.cpp cannot save K/V");
  }
  return state;
}

void Decoder::restore(int32_t sequence, const State &state) {
  if (llama_state_seq_set_data(context_.get(), state.data(), state.size(), sequence) == 0) {
    fail("llama.cpp cannot restore K/V");
  }
}

}  // namespace numerics
