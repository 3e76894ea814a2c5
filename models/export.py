"""Writes a trained model as a Q8_0 GGUF that llama.cpp loads."""
import os
import sys

import numpy as np

from tokenizer import ASSISTANT, CONTROL, END, PRE

# llama_chat_apply_template recognises this as "phi3"; a Jinja engine renders the same text.
CHAT_TEMPLATE = ("{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
                 "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}")
assert ASSISTANT in CHAT_TEMPLATE and END in CHAT_TEMPLATE   # what the recognition looks for


def export(model, tokenizer, path, name, description, llama_cpp):
    """Writes beside path and renames, so that a reader never sees half a file."""
    sys.path.insert(0, os.path.join(llama_cpp, "gguf-py"))
    import gguf
    cfg = model.cfg
    w = gguf.GGUFWriter(path + ".new", "llama")
    w.add_name(name)
    w.add_description(description)
    w.add_organization("SLED")
    w.add_license("Apache-2.0")
    w.add_languages(["en"])
    w.add_context_length(cfg.context)
    w.add_embedding_length(cfg.width)
    w.add_block_count(cfg.layers)
    w.add_feed_forward_length(cfg.hidden)
    w.add_head_count(cfg.heads)
    w.add_head_count_kv(cfg.kv_heads)
    w.add_key_length(cfg.head_dim)
    w.add_value_length(cfg.head_dim)
    w.add_rope_dimension_count(cfg.head_dim)
    w.add_rope_freq_base(cfg.rope_base)
    w.add_layer_norm_rms_eps(cfg.eps)
    w.add_vocab_size(cfg.vocab)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    w.add_quantization_version(gguf.GGML_QUANT_VERSION)

    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(PRE)
    w.add_token_list(tokenizer.tokens)
    w.add_token_types([gguf.TokenType.CONTROL if t in CONTROL else gguf.TokenType.NORMAL for t in tokenizer.tokens])
    w.add_token_merges([" ".join(m) for m in tokenizer.merges])
    end = tokenizer.ids[END]
    w.add_eos_token_id(end)
    w.add_eot_token_id(end)
    # Nothing is prepended to a prompt. The id exists for programs that need a
    # first token for an empty one: in training, documents follow <|end|>.
    w.add_bos_token_id(end)
    w.add_add_bos_token(False)
    w.add_add_eos_token(False)
    w.add_chat_template(CHAT_TEMPLATE)

    for key, value in model.state_dict().items():
        data = value.float().numpy()
        if data.ndim == 2:
            q8 = gguf.GGMLQuantizationType.Q8_0
            w.add_tensor(key, gguf.quants.quantize(data, q8), raw_dtype=q8)
        else:
            w.add_tensor(key, data.astype(np.float32))
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    os.replace(path + ".new", path)
