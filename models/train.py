"""The two models in torch, and the loop that trains them side by side.

Both are plain llama: RMSNorm, rotary positions on interleaved pairs (llama.cpp's
layout for this architecture), grouped-query attention, SwiGLU, tied embeddings.
The draft learns from every batch the target learns from: its loss is mostly the
distance to the target's distribution, since a draft is worth what the target
accepts of it.
"""
import dataclasses
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclasses.dataclass
class Config:
    vocab: int = 2048
    width: int = 256          # every dimension a multiple of 32: the block of Q8_0
    layers: int = 8
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64        # a size every flash-attention kernel knows
    hidden: int = 640
    rope_base: float = 10000.0
    eps: float = 1e-5
    context: int = 2048


CAST = 1 << 15      # marks a token of a document that refers to the story's cast
CAST_WEIGHT = 4.0   # ...and counts this much in the loss: see train_pair

TARGET = Config()
DRAFT = Config(width=128, layers=3, heads=2, kv_heads=1, hidden=192)


def rotary(cfg, length):
    """cos and sin by position for each pair of neighbouring dimensions."""
    freq = cfg.rope_base ** (-torch.arange(0, cfg.head_dim, 2).float() / cfg.head_dim)
    angle = torch.outer(torch.arange(length).float(), freq)
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2).to(x.dtype)


class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        q, kv = cfg.heads * cfg.head_dim, cfg.kv_heads * cfg.head_dim
        self.attn_norm, self.ffn_norm = Norm(cfg.width, cfg.eps), Norm(cfg.width, cfg.eps)
        self.attn_q = nn.Linear(cfg.width, q, bias=False)
        self.attn_k = nn.Linear(cfg.width, kv, bias=False)
        self.attn_v = nn.Linear(cfg.width, kv, bias=False)
        self.attn_output = nn.Linear(q, cfg.width, bias=False)
        self.ffn_gate = nn.Linear(cfg.width, cfg.hidden, bias=False)
        self.ffn_up = nn.Linear(cfg.width, cfg.hidden, bias=False)
        self.ffn_down = nn.Linear(cfg.hidden, cfg.width, bias=False)

    def forward(self, x, rope, mask, past=None):
        c, (b, t, _) = self.cfg, x.shape
        h = self.attn_norm(x)
        q = rotate(self.attn_q(h).view(b, t, c.heads, -1).transpose(1, 2), *rope)
        k = rotate(self.attn_k(h).view(b, t, c.kv_heads, -1).transpose(1, 2), *rope)
        v = self.attn_v(h).view(b, t, c.kv_heads, -1).transpose(1, 2)
        if past is not None:   # generation: keys and values of earlier positions
            if past:
                k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
            past[:] = [k, v]
        group = c.heads // c.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        score = (q @ k.transpose(-1, -2)).float() / math.sqrt(c.head_dim)
        a = (score + mask).softmax(-1).to(v.dtype) @ v
        x = x + self.attn_output(a.transpose(1, 2).reshape(b, t, -1))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Llama(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.token_embd = nn.Embedding(cfg.vocab, cfg.width)   # also the output matrix
        self.blk = nn.ModuleList(Block(cfg) for _ in range(cfg.layers))
        self.output_norm = Norm(cfg.width, cfg.eps)
        self.rope = rotary(cfg, cfg.context)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                std = 0.02 if "embd" in name else p.shape[1] ** -0.5
                if "output" in name or "down" in name:
                    std /= math.sqrt(2 * cfg.layers)   # keeps the sum of all residuals near 1
                nn.init.normal_(p, 0, std)

    def forward(self, ids, mask, start=0, past=None):
        t = ids.shape[1]
        rope = [r[start:start + t] for r in self.rope]
        x = self.token_embd(ids)
        for i, block in enumerate(self.blk):
            x = block(x, rope, mask, past[i] if past is not None else None)
        return F.linear(self.output_norm(x), self.token_embd.weight)

    def size(self):
        return sum(p.numel() for p in self.parameters())


def document_mask(segments):
    """0 where a position may look: earlier ones of its own document; -inf elsewhere."""
    t = segments.shape[1]
    allowed = torch.ones(t, t, dtype=torch.bool).tril() & (segments[:, :, None] == segments[:, None, :])
    return torch.zeros(allowed.shape).masked_fill(~allowed, float("-inf"))[:, None]


class Batches:
    """Rows of documents packed back to back, each row starting with a document.

    What does not fit a row is cut off: the corpus is generated, there is more.
    """

    def __init__(self, docs):
        self.docs = docs

    def rows(self, first, count, length):
        """count rows from document number first on; returns rows, segments, cast marks, next number."""
        ids = np.zeros((count, length + 1), np.int64)
        segments = np.full((count, length + 1), -1, np.int64)
        for r in range(count):
            at = 0
            while at <= length:
                doc = self.docs[first % len(self.docs)][:length + 1 - at]
                ids[r, at:at + len(doc)] = doc
                segments[r, at:at + len(doc)] = first
                at += len(doc)
                first += 1
        return torch.from_numpy(ids & ~CAST), torch.from_numpy(segments), torch.from_numpy(ids & CAST > 0), first


def predict(model, ids, segments):
    """Logits at each position whose next token belongs to the same document, and those tokens' places."""
    inside = segments[:, 1:] == segments[:, :-1]   # the first token of a document is not predictable
    return model(ids[:, :-1], document_mask(segments[:, :-1])).float()[inside], inside


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised: for matrices inside the network.

    Keller Jordan, "Muon: an optimizer for hidden layers in neural networks",
    2024: fewer steps than AdamW, which matters where a thousand are affordable.
    """

    def __init__(self, params, lr):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                m = state["momentum"].mul_(0.95).add_(p.grad, alpha=0.05)
                g = p.grad.lerp(m, 0.95)
                tall = g.shape[0] > g.shape[1]
                x = (g.t() if tall else g).contiguous()
                x = (x / (x.norm() + 1e-7)).bfloat16()   # precise enough, and eight times as fast here
                for _ in range(5):   # Newton-Schulz: pushes every singular value towards 1
                    y = x @ x.t()
                    x = 3.4445 * x + (-4.7750 * y + 2.0315 * y @ y) @ x
                update = (x.t() if tall else x).float()
                p.mul_(1 - group["lr"] * 0.1)
                p.add_(update, alpha=-group["lr"] * 0.2 * math.sqrt(max(p.shape)))


class Learner:
    """A model with its optimisers and its learning rate."""

    def __init__(self, model, lr, muon_lr):
        self.model = model
        inner = [p for n, p in model.named_parameters() if p.dim() == 2 and "embd" not in n]
        outer = [p for n, p in model.named_parameters() if p.dim() == 1 or "embd" in n]
        self.optimizers = [torch.optim.AdamW(outer, lr=lr, betas=(0.9, 0.95), weight_decay=0.0)]
        self.optimizers.append(Muon(inner, lr=muon_lr))
        self.peaks = [lr, muon_lr]

    def step(self, scale):
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, peak in zip(self.optimizers, self.peaks):
            optimizer.param_groups[0]["lr"] = peak * scale
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state(self):
        return {"model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers]}

    def load(self, state):
        self.model.load_state_dict(state["model"])
        for optimizer, s in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(s)


def schedule(step, steps, warmup=40, decay=0.35):
    """Warm up, hold, and fall to zero over the last third.

    Unlike a plain cosine, everything before the fall is independent of the
    number of steps, so a run can be cut short or lengthened from a checkpoint.
    """
    if step < warmup:
        return (step + 1) / warmup
    left = (steps - step) / (decay * steps)
    return 1.0 if left >= 1 else 0.5 - 0.5 * math.cos(math.pi * left)


@torch.no_grad()
def validate(models, held_out, length=512):
    """Losses of the models, the share of cast words the first gets right, and how often both agree."""
    ids, segments, marks, _ = Batches(held_out).rows(0, 16, length)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, (inside, _) = zip(*(predict(m, ids, segments) for m in models))
    actual, cast = ids[:, 1:][inside], marks[:, 1:][inside]
    top = [l.argmax(-1) for l in logits]
    return {"losses": [F.cross_entropy(l, actual).item() for l in logits],
            "cast": (top[0] == actual)[cast].float().mean().item(),
            "agree": (top[0] == top[1]).float().mean().item()}


def train_pair(docs, held_out, steps, work, seed, batch_tokens=4096, on_checkpoint=None, log=print):
    """Trains target and draft for a number of steps; resumes from work/checkpoint.pt.

    Names, nouns and pronouns of a story's cast weigh more than other tokens.
    Guessing the rest of a sentence is easy, so without the weight, and without
    the very short stories at the beginning of the corpus, models this small
    learn fluent sentences and forget who the story is about (tried, 2M tokens
    long). The weight goes when the learning rate falls, so that the finished
    models say these words as often as the corpus does.
    """
    torch.manual_seed(seed)
    target = Learner(Llama(TARGET), 3e-3, 6e-3)
    draft = Learner(Llama(DRAFT), 4e-3, 8e-3)
    log(f"target {target.model.size():,} parameters, draft {draft.model.size():,}")
    batches, step, next_doc, curve = Batches(docs), 0, 0, []
    path = os.path.join(work, "checkpoint.pt")
    if os.path.exists(path):
        saved = torch.load(path)
        target.load(saved["target"]), draft.load(saved["draft"])
        step, next_doc, curve = saved["step"], saved["next_doc"], saved["curve"]
        log(f"resuming at step {step}")
    models = [target.model, draft.model]
    began = time.time()
    first = step
    while True:
        if (step % 50 == 0 or step == steps) and not (curve and curve[-1]["step"] == step):
            v = validate(models, held_out)
            speed = (step - first) * batch_tokens / (time.time() - began)
            curve.append({"step": step, "tokens": step * batch_tokens, **v})
            log(f"step {step} held out: target {v['losses'][0]:.3f}, draft {v['losses'][1]:.3f}, cast words right "
                f"{v['cast']:.3f}, same argmax {v['agree']:.3f}; {speed:.0f} tokens/s")
            state = {"target": target.state(), "draft": draft.state(), "step": step, "next_doc": next_doc, "curve": curve}
            torch.save(state, path + ".new")
            os.replace(path + ".new", path)
            with open(os.path.join(work, "curve.json"), "w") as f:
                json.dump(curve, f, indent=1)
            if on_checkpoint:
                on_checkpoint(models, step)
        if step == steps:
            return models, curve
        # Every fourth batch has half as many rows, twice as long: long stories, positions past 512.
        length = 1024 if step % 4 == 3 else 512
        ids, segments, marks, next_doc = batches.rows(next_doc, batch_tokens // length, length)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits, inside = predict(target.model, ids, segments)
            guess, _ = predict(draft.model, ids, segments)
        scale = schedule(step, steps)
        emphasis = (CAST_WEIGHT - 1) * (scale if step > steps / 2 else 1.0)
        actual, weight = ids[:, 1:][inside], 1 + emphasis * marks[:, 1:][inside]
        weight = weight / weight.sum()
        log_guess = guess.log_softmax(-1)
        loss = (weight * F.cross_entropy(logits, actual, reduction="none")).sum()
        draft_loss = (weight * F.nll_loss(log_guess, actual, reduction="none")).sum()
        # Cross-entropy with the target's distribution: its KL divergence up to a constant.
        distance = -(weight * (logits.detach().softmax(-1) * log_guess).sum(-1)).sum()
        trust = min(1.0, step / 300)   # an untrained target has nothing to teach
        (loss + (1 - 0.8 * trust) * draft_loss + 0.8 * trust * distance).backward()
        target.step(scale), draft.step(scale)
        step += 1
