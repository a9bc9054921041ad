"""Trains the embedded reasoners from scratch on generated word problems.

    python -m models.train --out runs/tiny --tokens 24000000

Seeded and resumable: run again with the same `--out`, it goes on from the last checkpoint. A Qwen2 decoder
with a tokenizer of its own learns to write solutions (the loss is on the solution alone) in two styles
chosen by the prompt. Rows are solutions in a random right order of steps; a share of them contains a wrong
step and its correction, and another share is bare arithmetic. Hidden matrices are trained by Muon, the
rest by AdamW; the rate is constant and falls to zero over the last part of the tokens. `log.jsonl` holds
the learning curve; `snapshots/` holds the weights at the chosen token counts.
"""

import argparse
import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from evals.problems import OPERATIONS, Problem, Style, generate, right_order
from evals.prompts import plain_prompt

CHECKPOINT = "checkpoint.safetensors"
END = "<|endoftext|>"
VOCABULARY = 1024
CONTEXT = 512
STYLES: tuple[Style, ...] = ("concise", "explained")
DRILL_SHARE = 0.2
SLIP_SHARE = 0.06
BATCH = 16
BUCKET = 32
"""Batches that are sorted by length together."""
MUON_RATE, ADAM_RATE = 0.012, 2e-3
WARM_UP = 200_000
"""Tokens of linear warm-up."""
COOL_DOWN = 0.25
"""Share of the tokens over which the rate falls to zero."""
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}Answer:\n{% endif %}"
)


@dataclass
class State:
    """What a resumed run continues from."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=24_000_000)
    parser.add_argument("--snapshots", type=int, nargs="*", default=[], help="token counts at which weights are kept")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop (resumably) after so many minutes")
    train(**vars(parser.parse_args()))


def train(out: Path, tokens: int, snapshots: list[int], seed: int, minutes: float) -> None:
    """Runs until `tokens` training tokens were seen; checkpoints every 400 steps."""
    torch.manual_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer(out)
    model = Qwen2ForCausalLM(architecture(tokenizer))
    optimizers = make_optimizers(model)
    state = load(out, model, optimizers)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters, from step {state.step}", flush=True)
    started, losses = time.monotonic(), []
    for ids, labels in prefetched(Batches(tokenizer, seed, state.step)):
        scale = rate(state.tokens, tokens)
        losses.append(update(model, optimizers, ids, labels, scale))
        state.step += 1
        before, state.tokens = state.tokens, state.tokens + int((ids != tokenizer.pad_token_id).sum())
        passed = [s for s in snapshots if before < s <= state.tokens]
        done = state.tokens >= tokens
        late = time.monotonic() - started > 60 * minutes
        for snapshot in passed:
            export(model, tokenizer, out / "snapshots" / str(snapshot))
        if state.step % 400 == 0 or done or late:
            state.seconds += (elapsed := time.monotonic() - started)
            started += elapsed
            minutes -= elapsed / 60
            log(out, state, sum(losses) / len(losses), scale, test_loss(model, tokenizer))
            losses.clear()
            save(out, model, optimizers, state)
        if done or late:
            break
    export(model, tokenizer, out / "final")


def rate(seen: int, total: int) -> float:
    """Warm-up, constant, linear cool-down: the factor on every learning rate after `seen` of `total` tokens."""
    return max(0.02, min(1.0, (seen + 1) / WARM_UP, (total - seen) / (COOL_DOWN * total)))


def update(
    model: Qwen2ForCausalLM, optimizers: list[Any], ids: torch.Tensor, labels: torch.Tensor, scale: float
) -> float:
    """One step on a batch: ids and labels are (rows, tokens), -100 where nothing is learnt. Returns the
    loss in nats a token."""
    loss = solution_loss(model, ids, labels)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * scale
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def solution_loss(model: Qwen2ForCausalLM, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy on the labelled tokens; the vocabulary is projected at those alone (rows are padded on
    the right, so causal attention needs no mask)."""
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    wanted = labels[:, 1:] != -100
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[wanted]), labels[:, 1:][wanted])


class Batches(torch.utils.data.IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Endless batches from step `start` on; the bucket of a step is seeded by its number, so a resumed run
    sees what an undisturbed one would have seen."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int, start: int) -> None:
        self.tokenizer, self.seed, self.start = tokenizer, seed, start

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        bucket, skip = divmod(self.start, BUCKET)
        while True:
            rows = bucket_rows(self.tokenizer, self.seed, bucket)
            for batch in rows[skip:]:
                yield collate(batch, self.tokenizer.pad_token_id)
            bucket, skip = bucket + 1, 0


def prefetched(data: Batches) -> torch.utils.data.DataLoader[tuple[torch.Tensor, torch.Tensor]]:
    """The same batches, made in a process of their own."""
    return torch.utils.data.DataLoader(data, batch_size=None, num_workers=1, prefetch_factor=2 * BUCKET)


def bucket_rows(tokenizer: PreTrainedTokenizerFast, seed: int, bucket: int) -> list[list[tuple[list[int], int]]]:
    rng = random.Random(f"rows/{seed}/{bucket}")
    count = BATCH * BUCKET
    pairs = [
        drill(rng) if rng.random() < DRILL_SHARE else example(problem, rng)
        for problem in generate(count, seed=seed * 1_000_003 + bucket, split="train")
    ]
    prompts = tokenizer([prompt for prompt, _ in pairs], add_special_tokens=False)["input_ids"]
    texts = tokenizer([text + END for _, text in pairs], add_special_tokens=False)["input_ids"]
    rows = sorted(((p + t, len(p)) for p, t in zip(prompts, texts, strict=True)), key=lambda row: len(row[0]))
    grouped = [rows[i : i + BATCH] for i in range(0, count, BATCH)]
    rng.shuffle(grouped)
    return grouped


def example(problem: Problem, rng: random.Random) -> tuple[str, str]:
    """A prompt and a solution of a random style in a random right order, sometimes with a slip and its
    correction."""
    style = rng.choice(STYLES)
    text = problem.write(style, right_order(problem.graph, rng))
    if rng.random() < SLIP_SHARE:
        text = with_slip(text, rng)
    return plain_prompt(problem.question, style), text


def with_slip(text: str, rng: random.Random) -> str:
    """Repeats one step: first with a wrong result, then, in the next step, corrected."""
    *steps, answer = text.split("\n")
    place = rng.randrange(len(steps))
    said = steps[place].split(": ", 1)[1]
    left, right = said.split(" = ", 1)
    value = "".join(filter(str.isdigit, right.split(" ")[0]))
    wrong = near(int(value), rng)
    bodies = [step.split(": ", 1)[1] for step in steps]
    bodies[place : place + 1] = [f"{left} = {right.replace(value, str(wrong), 1)}", f"No, {said}"]
    return "\n".join([*(f"Step {i}: {body}" for i, body in enumerate(bodies, 1)), answer])


def near(value: int, rng: random.Random) -> int:
    """A plausible wrong result: one digit of `value` changed."""
    digits = list(str(value))
    place = rng.randrange(len(digits))
    digits[place] = rng.choice([d for d in "123456789" if d != digits[place]])
    return int("".join(digits))


def drill(rng: random.Random) -> tuple[str, str]:
    """Four bare equations, the answer being the last result."""
    equations: list[tuple[int, str, int, int]] = []
    value = 0
    while len(equations) < 4:
        op = rng.choice("+-*/")
        left, right = rng.randint(2, 999), rng.randint(2, 999)
        if op in "*/":
            left, right = rng.choice([rng.randint(2, 12), 10 * rng.randint(1, 9)]), rng.randint(2, 150)
            left, right = rng.sample([left, right], 2) if op == "*" else (left * right, left)
        value = OPERATIONS[op](left, right)
        if value >= 2:
            equations.append((left, op, right, value))
    asked = ", ".join(f"{a} {op} {b}" for a, op, b, _ in equations)
    steps = [f"Step {i}: {a} {op} {b} = {v}" for i, (a, op, b, v) in enumerate(equations, 1)]
    return plain_prompt(f"Compute {asked}.", "concise"), "\n".join([*steps, f"#### {value}"])


def collate(rows: list[tuple[list[int], int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), pad)
    labels = torch.full((len(rows), longest), -100)
    for i, (row, prompt) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        labels[i, prompt : len(row)] = ids[i, prompt : len(row)]
    return ids, labels


def build_tokenizer(out: Path) -> PreTrainedTokenizerFast:
    """Byte-level BPE trained on generated text; digits stay single tokens. Any text can be encoded."""
    path = out / "tokenizer.json"
    if not path.exists():
        raw = Tokenizer(models.BPE())
        raw.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(r"\d"), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        )
        raw.decoder = decoders.ByteLevel()
        corpus = (
            plain_prompt(p.question, style) + p.write(style)
            for p in generate(6000, seed=0, split="train")
            for style in STYLES
        )
        trainer = trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[END, "<|pad|>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        raw.train_from_iterator(corpus, trainer)
        raw.save(str(path))
    return PreTrainedTokenizerFast(
        tokenizer_file=str(path),
        eos_token=END,
        pad_token="<|pad|>",
        model_max_length=CONTEXT,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def architecture(tokenizer: PreTrainedTokenizerFast) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=128,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
        attn_implementation="sdpa",
    )


class Muon(torch.optim.Optimizer):
    """Momentum whose update is made orthogonal (Keller Jordan, 2024), in float32: torch's own works in
    bfloat16, which processors without such instructions emulate a hundred times slower."""

    def __init__(self, params: list[torch.Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                update = orthogonal(parameter.grad.lerp(momentum, group["momentum"]))
                parameter.add_(update, alpha=-group["lr"] * max(1.0, update.shape[0] / update.shape[1]) ** 0.5)


def orthogonal(matrix: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """The nearest matrix with singular values near one, by the quintic Newton-Schulz iteration of Muon."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    x = wide / (wide.norm() + 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x if matrix.shape[0] <= matrix.shape[1] else x.T


def make_optimizers(model: Qwen2ForCausalLM) -> list[torch.optim.Optimizer]:
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if not (p.ndim == 2 and "embed" not in name)]
    muon = Muon(hidden, lr=MUON_RATE)
    adam = torch.optim.AdamW(rest, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group["base"] = group["lr"]
    return [muon, adam]


@torch.no_grad()
def test_loss(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast) -> float:
    """Loss in nats a token on 128 problems of the test split, gold order, both styles."""
    pairs = [
        (plain_prompt(p.question, style), p.write(style) + END)
        for p in generate(64, seed=0, split="test")
        for style in STYLES
    ]
    rows = []
    for prompt, text in pairs:
        head = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        rows.append((head + tokenizer(text, add_special_tokens=False)["input_ids"], len(head)))
    return float(solution_loss(model, *collate(rows, tokenizer.pad_token_id)))


def export(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Writes what vLLM and transformers load: configuration, safetensors, tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def log(out: Path, state: State, loss: float, scale: float, unseen: float) -> None:
    row = {
        "step": state.step,
        "tokens": state.tokens,
        "seconds": round(state.seconds, 1),
        "loss": round(loss, 4),
        "test_loss": round(unseen, 4),
        "rate": round(scale, 4),
    }
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(row, flush=True)


def save(out: Path, model: Qwen2ForCausalLM, optimizers: list[Any], state: State) -> None:
    """One file of tensors, with the scalars as JSON in its header. It appears as a whole, or the old one stays."""
    part = out / "checkpoint.part"
    save_file(dict(tensors_of(model, optimizers)), part, metadata={"state": json.dumps(vars(state))})
    part.replace(out / CHECKPOINT)


def load(out: Path, model: Qwen2ForCausalLM, optimizers: list[Any]) -> State:
    path = out / CHECKPOINT
    if not path.exists():
        return State()
    with safe_open(path, framework="pt") as file:
        state, tensors = file.metadata()["state"], {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model/{name}"])
    for place, optimizer in enumerate(optimizers):
        moments: dict[int, dict[str, torch.Tensor]] = defaultdict(dict)
        for name, tensor in tensors.items():
            match name.split("/"):
                case ["optimizer", number, parameter_number, moment] if int(number) == place:
                    moments[int(parameter_number)][moment] = tensor
        optimizer.load_state_dict(optimizer.state_dict() | {"state": moments})
    return State(**json.loads(state))


def tensors_of(model: Qwen2ForCausalLM, optimizers: list[Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """Weights, each once where two layers share them, and the optimizers' moments. Rates are made anew at each step."""
    for name, parameter in model.named_parameters():
        yield f"model/{name}", parameter.detach()
    for place, optimizer in enumerate(optimizers):
        for number, moments in optimizer.state_dict()["state"].items():
            for moment, tensor in moments.items():
                yield f"optimizer/{place}/{number}/{moment}", tensor.contiguous()


if __name__ == "__main__":
    main()
