#!/usr/bin/env python3
"""Makes the demo pair: corpus, tokenizer, training, GGUF files. See README.md.

    nice python3 make_pair.py --llama-cpp DIR [--work DIR] [--steps N]

Needs Python 3.9+, torch, numpy, and a llama.cpp checkout for its gguf-py. A run
that was stopped continues from its last checkpoint in the work directory.
"""
import argparse
import os
import time

# Threads that wait by spinning are ten times slower as soon as anything else runs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import torch

import tokenizer as tok
from export import export
from story_grammar import document
from train import CAST, DRAFT, TARGET, Llama, train_pair

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS_SEED, HELD_OUT_SEED, MODEL_SEED = 1_000_000, 0, 7
HELD_OUT_COUNT = 200   # documents 0..199 are never trained on
DRILL_COUNT = 6000     # the corpus begins with this many very short stories
VOCAB_SIZE = 2048
PRONOUNS = ("he", "she", "his", "her", "him", "He", "She", "His", "Her")


def encode(tokenizer, seed, sketch=None):
    """A document as token ids; CAST marks names, nouns and pronouns of its characters, objects and places."""
    turns, _, words = document(seed, sketch)
    cast = {i for word in (*words, *PRONOUNS) for text in (word, " " + word) for i in tokenizer.encode(text)}
    return np.array([i | CAST if i in cast else i for i in tokenizer.encode_turns(turns)], np.uint16)


def corpus(tokenizer, first, count, drill=0):
    """count documents; only very short ones before number drill."""
    return [encode(tokenizer, first + i, True if i < drill else None) for i in range(count)]


def prepare(work, count):
    """The tokenizer and the encoded corpus, made once and kept in the work directory."""
    os.makedirs(work, exist_ok=True)
    path = os.path.join(work, "tokenizer.json")
    if not os.path.exists(path):
        sample = (document(CORPUS_SEED + i)[0] for i in range(6000))
        tok.train((text for turns in sample for _, text in turns), VOCAB_SIZE).save(path)
    tokenizer = tok.Tokenizer.load(path)
    held_out = corpus(tokenizer, HELD_OUT_SEED, HELD_OUT_COUNT)
    path = os.path.join(work, f"corpus-{count}.npy")
    if not os.path.exists(path):
        np.save(path, np.array(corpus(tokenizer, CORPUS_SEED, count, DRILL_COUNT), dtype=object), allow_pickle=True)
    return tokenizer, np.load(path, allow_pickle=True), held_out


def export_pair(models, tokenizer, out, llama_cpp, note):
    for model, role in zip(models, ("target", "draft")):
        export(model, tokenizer, os.path.join(out, f"demo-{role}.gguf"), f"SLED demo {role}",
               f"Story model of {model.size():,} parameters for SLED's demonstration and tests ({note})", llama_cpp)


def main():
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "sled-models")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", default=os.environ.get("LLAMA_CPP"), help="llama.cpp checkout (or $LLAMA_CPP)")
    parser.add_argument("--work", default=cache, help="corpus, checkpoints and logs (default %(default)s)")
    parser.add_argument("--out", default=HERE, help="where the GGUF files go (default %(default)s)")
    parser.add_argument("--steps", type=int, default=1100, help="training steps (default %(default)s)")
    parser.add_argument("--documents", type=int, default=22000, help="size of the corpus (default %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--random", action="store_true", help="export untrained weights and stop")
    args = parser.parse_args()
    if not args.llama_cpp or not os.path.isdir(os.path.join(args.llama_cpp, "gguf-py")):
        parser.error("--llama-cpp must name a llama.cpp checkout (the directory that holds gguf-py)")
    torch.set_num_threads(args.threads)
    tokenizer, docs, held_out = prepare(args.work, 64 if args.random else args.documents)
    if args.random:
        torch.manual_seed(MODEL_SEED)
        export_pair([Llama(TARGET), Llama(DRAFT)], tokenizer, args.out, args.llama_cpp, "untrained")
        return

    log_file = open(os.path.join(args.work, "train.log"), "a", buffering=1)

    def log(line):
        line = time.strftime("%H:%M:%S ") + line
        print(line, flush=True)
        log_file.write(line + "\n")

    log(f"corpus: {len(docs)} documents, {sum(map(len, docs)):,} tokens")
    save = lambda models, step: export_pair(models, tokenizer, args.out, args.llama_cpp, f"{step} training steps")
    train_pair(docs, held_out, args.steps, args.work, MODEL_SEED, on_checkpoint=save, log=log)


if __name__ == "__main__":
    main()
