"""Byte-level BPE: trained here, written so that llama.cpp's "gpt2" tokenizer agrees.

All 256 bytes are tokens, so any text survives encode and decode. Words are cut
with llama.cpp's "qwen2" pattern before merging. That pattern was chosen for two
properties: it does not "clean up" spaces when llama.cpp turns tokens back into
text, and it keeps a full stop and the blank line after it in one piece.
"""
import collections
import json
import re

USER, ASSISTANT, END = "<|user|>", "<|assistant|>", "<|end|>"
CONTROL = [USER, ASSISTANT, END]   # ids 0, 1, 2
PRE = "qwen2"                      # tokenizer.ggml.pre

# llama.cpp's qwen2 pattern in Python's dialect: \p{L} is [^\W\d_] and \p{N} is \d.
# Equal for everything the corpus contains; llama.cpp alone tokenizes what users type.
WORD = re.compile(r"'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])"
                  r"|(?:[^\r\n\w]|_)?[^\W\d_]+|\d| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_alphabet():
    """GPT-2's table: each byte as one printable character, so that tokens are strings."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in printable}, 256
    for b in range(256):
        if b not in table:
            table[b] = chr(extra)
            extra += 1
    return table


BYTES = byte_alphabet()
CHARS = {c: b for b, c in BYTES.items()}


def spell(word):
    return [BYTES[b] for b in word.encode("utf-8")]


class Tokenizer:
    def __init__(self, merges):
        self.merges = [tuple(m) for m in merges]
        self.rank = {pair: i for i, pair in enumerate(self.merges)}
        self.tokens = CONTROL + sorted(CHARS, key=CHARS.get) + [a + b for a, b in self.merges]
        self.ids = {t: i for i, t in enumerate(self.tokens)}
        self.cache = {}

    def encode(self, text):
        out = []
        for word in WORD.findall(text):
            if word not in self.cache:
                self.cache[word] = [self.ids[s] for s in self._merge(spell(word))]
            out += self.cache[word]
        return out

    def _merge(self, symbols):
        while len(symbols) > 1:
            pairs = [(self.rank.get(p, 1 << 30), i) for i, p in enumerate(zip(symbols, symbols[1:]))]
            rank, i = min(pairs)
            if rank == 1 << 30:
                break
            symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
        return symbols

    def decode(self, ids):
        data = b"".join(self.tokens[i].encode() if i < len(CONTROL) else
                        bytes(CHARS[c] for c in self.tokens[i]) for i in ids)
        return data.decode("utf-8", "replace")

    def encode_turns(self, turns, open_end=False):
        """Token ids of a document: [(role, text)], the role "raw" meaning text alone.

        The layout is the Phi-3 template, which llama_chat_apply_template knows:
        <|user|>\\n...<|end|>\\n<|assistant|>\\n...<|end|>\\n. open_end leaves the
        last turn without its <|end|>, and (None, "") asks for the answer to come.
        """
        ids = []
        for number, (role, text) in enumerate(turns):
            if role != "raw":
                ids += [self.ids[f"<|{role}|>"]] + self.encode("\n")
            ids += self.encode(text)
            if not (open_end and number == len(turns) - 1):
                ids += [self.ids[END]] + self.encode("\n")
        return ids

    def save(self, path):
        with open(path, "w") as f:
            json.dump(self.merges, f)

    @staticmethod
    def load(path):
        with open(path) as f:
            return Tokenizer(json.load(f))


def train(texts, vocab_size):
    """Merges the most frequent neighbours until the vocabulary is full."""
    counts = collections.Counter(w for text in texts for w in WORD.findall(text))
    words = [(spell(w), n) for w, n in sorted(counts.items())]
    pairs, where = collections.Counter(), collections.defaultdict(set)
    for i, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += n
            where[pair].add(i)
    merges = []
    while len(merges) < vocab_size - 256 - len(CONTROL):
        best = max(pairs, key=lambda p: (pairs[p], p))   # the tie-break keeps it deterministic
        merges.append(best)
        for i in sorted(where[best]):
            symbols, n = words[i]
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] -= n
            j = 0
            while j < len(symbols) - 1:
                if (symbols[j], symbols[j + 1]) == best:
                    symbols[j:j + 2] = [symbols[j] + symbols[j + 1]]
                j += 1
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += n
                where[pair].add(i)
        del pairs[best]
    return Tokenizer(merges)
