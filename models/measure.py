#!/usr/bin/env python3
"""Measures the pair in its GGUF files: entropy, acceptance, variety, samples.

    python3 measure.py --llama-cpp DIR

Works on the committed files alone: weights are read back from Q8_0 and run in
torch, so the numbers are those of the quantised models, without llama.cpp's
kernels. See README.md for what was measured.
"""
import argparse
import os
import sys

os.environ.setdefault("OMP_WAIT_POLICY", "passive")   # see make_pair.py

import numpy as np
import torch
import torch.nn.functional as F

from story_grammar import document
from tokenizer import END, Tokenizer
from train import Batches, Config, Llama, predict

HERE = os.path.dirname(os.path.abspath(__file__))
BLOCK = 4   # tokens a draft proposes at a time
PROMPTS = ["Tell me a story about a fox and a lantern.", "Tell me a story about a robot and a kite",
           "write a short tale about an owl", "Tell me a long story about a queen and a boat."]


def load(path, llama_cpp):
    sys.path.insert(0, os.path.join(llama_cpp, "gguf-py"))
    import gguf
    reader = gguf.GGUFReader(path)
    meta = lambda key: reader.fields[key].contents()
    tokenizer = Tokenizer([m.split(" ") for m in meta("tokenizer.ggml.merges")])
    cfg = Config(len(tokenizer.tokens), meta("llama.embedding_length"), meta("llama.block_count"),
                 meta("llama.attention.head_count"), meta("llama.attention.head_count_kv"),
                 meta("llama.attention.key_length"), meta("llama.feed_forward_length"),
                 meta("llama.rope.freq_base"), meta("llama.attention.layer_norm_rms_epsilon"),
                 meta("llama.context_length"))
    model = Llama(cfg)
    model.load_state_dict({t.name: torch.from_numpy(gguf.quants.dequantize(t.data, t.tensor_type).copy())
                           for t in reader.tensors})
    return model.eval(), tokenizer


def ask(tokenizer, text):
    """Token ids of a prompt in the chat template, the answer still to come."""
    return tokenizer.encode_turns([("user", text)]) + [tokenizer.ids["<|assistant|>"]] + tokenizer.encode("\n")


@torch.no_grad()
def generate(model, ids, count, end, seed=None):
    """Continues ids: greedily, or at temperature 1 with a seed. Returns tokens and entropies."""
    generator = torch.Generator().manual_seed(seed) if seed is not None else None
    past = [[] for _ in model.blk]
    feed, start, out, entropy = torch.tensor([ids]), 0, [], []
    while len(out) < count:
        t = feed.shape[1]
        mask = torch.full((t, t), float("-inf")).triu(1) if t > 1 else torch.zeros(1, 1)
        logp = model(feed, mask, start, past)[0, -1].log_softmax(-1)
        entropy.append(-(logp.exp() * logp).sum().item())
        token = logp.argmax() if seed is None else torch.multinomial(logp.exp(), 1, generator=generator)[0]
        out.append(int(token))
        if out[-1] == end:
            break
        start += t
        feed = token.view(1, 1)
    return out, entropy


@torch.no_grad()
def distributions(model, ids, first):
    """The model's log-probabilities for the tokens of ids from index first on."""
    t = len(ids) - 1
    mask = torch.full((t, t), float("-inf")).triu(1)
    return model(torch.tensor([ids[:-1]]), mask)[0, first - 1:].log_softmax(-1)


def blocks(agree):
    """Walks a continuation in blocks as a server would: how often each position was tried, and held.

    A pass of the target yields the accepted tokens and one of its own.
    """
    tried, held, passes, at = np.zeros(BLOCK), np.zeros(BLOCK), 0, 0
    while at < len(agree):
        accepted = 0
        for i, same in enumerate(agree[at:at + BLOCK]):
            tried[i] += 1
            if not same:
                break
            held[i] += 1
            accepted += 1
        passes += 1
        at += accepted + 1
    return tried, held, passes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", default=os.environ.get("LLAMA_CPP"), help="llama.cpp checkout (or $LLAMA_CPP)")
    parser.add_argument("--models", default=HERE, help="folder of the two GGUF files (default %(default)s)")
    parser.add_argument("--prompts", type=int, default=50, help="prompts for greedy acceptance (default %(default)s)")
    parser.add_argument("--tokens", type=int, default=200, help="most tokens per answer (default %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(2)
    target, tokenizer = load(os.path.join(args.models, "demo-target.gguf"), args.llama_cpp)
    draft, _ = load(os.path.join(args.models, "demo-draft.gguf"), args.llama_cpp)
    end = tokenizer.ids[END]

    held_out = [np.array(tokenizer.encode_turns(document(seed)[0])) for seed in range(200)]
    ids, segments, _, _ = Batches(held_out).rows(0, 16, 512)
    with torch.no_grad():
        logits, (inside, _) = zip(*(predict(m, ids, segments) for m in (target, draft)))
        loss = [F.cross_entropy(l, ids[:, 1:][inside]).item() for l in logits]
    print(f"held-out loss, nats per token: target {loss[0]:.3f}, draft {loss[1]:.3f}")
    with torch.no_grad():
        for length in (512, 1024, 2048):   # loss by position, in rows of many documents without a mask
            row = torch.from_numpy(np.concatenate(held_out)[:length * 8].astype(np.int64)).view(-1, length)
            logp = target(row[:, :-1], torch.full((length - 1, length - 1), float("-inf")).triu(1)).log_softmax(-1)
            nll = -logp.gather(-1, row[:, 1:, None])[..., 0].mean(0)
            print(f"loss of the last 256 of {length} positions: {nll[-256:].mean():.3f}")

    prompts = [turns[0][1] for turns in (document(seed)[0] for seed in range(200)) if turns[0][0] == "user"]
    tried, held, passes, produced = np.zeros(BLOCK), np.zeros(BLOCK), 0, 0
    for text in prompts[:args.prompts]:
        ids = ask(tokenizer, text)
        out, _ = generate(target, ids, args.tokens, end)
        top = distributions(draft, ids + out, len(ids)).argmax(-1).tolist()
        t, h, p = blocks([a == b for a, b in zip(top, out)])
        tried, held, passes, produced = tried + t, held + h, passes + p, produced + len(out)
    print("greedy acceptance by position in a block: " + " ".join(f"{a:.2f}" for a in held / tried)
          + f"; all positions {held.sum() / tried.sum():.2f}; {produced / passes:.2f} tokens per pass of the target")

    stories, entropy, overlap = [], [], []
    ids = ask(tokenizer, PROMPTS[0])
    for seed in range(20):
        out, h = generate(target, ids, 400, end, seed)
        stories.append(tokenizer.decode(out))
        entropy += h
        p, q = (distributions(m, ids + out, len(ids)).exp() for m in (target, draft))
        overlap += torch.minimum(p, q).sum(-1).tolist()
    honoured = sum("fox" in s and "lantern" in s for s in stories)
    print(f"temperature 1, 20 seeds of one prompt: {len(set(stories))} different stories, {honoured} with fox and lantern, "
          f"{np.mean([len(tokenizer.encode(s)) for s in stories]):.0f} tokens on average, "
          f"{np.mean(entropy):.2f} nats of entropy per token, acceptance {np.mean(overlap):.2f}")

    for i, text in enumerate(PROMPTS):
        print(f"\n--- {text} (temperature 1, seed {i})\n" + tokenizer.decode(generate(target, ask(tokenizer, text), 900, end, i)[0]))
    print(f"\n--- {PROMPTS[0]} (greedy)\n" + tokenizer.decode(generate(target, ids, 400, end)[0]))
    raw = tokenizer.encode("Once upon a time")
    print("\n--- raw prompt: Once upon a time (greedy)\nOnce upon a time" + tokenizer.decode(generate(target, raw, 400, end)[0]))


if __name__ == "__main__":
    main()
