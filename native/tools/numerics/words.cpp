#include "words.hpp"

#include "comparison.hpp"
#include "decoder.hpp"
#include "shapes.hpp"

namespace numerics {
namespace {

constexpr int32_t kPieces = 32;

int32_t first_token(const llama_model *model, int32_t piece) {
  const llama_vocab *const vocab = llama_model_get_vocab(model);
  const int32_t begin = llama_vocab_bos(vocab);
  return begin >= 0 ? begin : piece % llama_vocab_n_tokens(vocab);
}

}  // namespace

Words::Words(llama_model *model, int32_t tokens, int32_t threads) {
  const int32_t length = (tokens + kPieces - 1) / kPieces;
  Setup setup;
  setup.threads = threads;
  setup.sequences = kPieces;
  setup.positions = length;
  Decoder decoder(model, setup);
  Chooser chooser;
  std::vector<std::vector<int32_t>> pieces;
  for (int32_t i = 0; i < kPieces; i++) {
    pieces.push_back({first_token(model, i)});
  }
  for (int32_t position = 0; position + 1 < length; position++) {
    for (int32_t i = 0; i < kPieces; i++) {
      decoder.add(i, position, pieces[static_cast<size_t>(i)].back(), true);
    }
    decoder.decode();
    for (int32_t i = 0; i < kPieces; i++) {
      pieces[static_cast<size_t>(i)].push_back(chooser.choose(decoder.logits(i), decoder.vocabulary(), kTemperature,
                                                              kSeed + static_cast<uint64_t>(i), position));
    }
  }
  for (const std::vector<int32_t> &piece : pieces) {
    tokens_.insert(tokens_.end(), piece.begin(), piece.end());
  }
}

int32_t Words::at(int32_t sequence, int32_t position) const {
  const size_t shift = sequence == kMeasured ? 0 : tokens_.size() / 2 + static_cast<size_t>(sequence) * 37;
  return tokens_[(static_cast<size_t>(position) + shift) % tokens_.size()];
}

}  // namespace numerics
