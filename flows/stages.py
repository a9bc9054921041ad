"""The one list of stages: what each reads, writes and runs.

The flows, the command line, the status grid and the documentation's table all read `STAGES`.
"""

from flows.stage import Stage
from storage.partition import Partition
from tasks.arena.params import BattlesParams, RatingsParams
from tasks.params import (
    AuditParams,
    ConsensusParams,
    JudgeParams,
    LabelsParams,
    PRMParams,
    ProblemsParams,
    TracesParams,
    TreesParams,
)
from tasks.recipe.params import RecipeParams
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.params import PerturbParams, TrialsParams
from tasks.strategies.params import StrategiesParams
from tasks.verifier.params import VerifierParams, VerifyParams

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            name="problems",
            title="Generate problems, or read them from files or a hub, with their gold answers.",
            version=1,
            params=ProblemsParams,
            reads=(),
            writes=("problems",),
            of_model=False,
            run="tasks.problems:run",
            examples=(
                "proctor run problems --set count=500 --set seed=7",
                "proctor run problems --source gsm8k-test --set source=file --set path=gsm8k_test.jsonl",
            ),
            sources="tasks.records:digests_of",
        ),
        Stage(
            name="traces",
            title="Sample reasoning traces for each problem, or read them; split them into steps, grade their answers.",
            version=1,
            params=TracesParams,
            reads=("problems",),
            writes=("traces",),
            run="tasks.traces:run",
            examples=(
                "proctor run traces --set samples=16 --set sampling.temperature=1.0",
                "proctor run traces --model Qwen/Qwen3-8B --set prompt=zero_shot --set sampling.max_tokens=4096",
            ),
            sources="tasks.imported_traces:inputs_of",
            grades=True,
            report="tasks.traces_report:section",
        ),
        Stage(
            name="labels",
            title="Label each step of each trace with Monte Carlo rollouts.",
            version=2,
            params=LabelsParams,
            reads=("problems", "traces"),
            writes=("rollouts", "labels"),
            run="tasks.labels:run",
            examples=("proctor run labels --set policy=fixed --set k=16 --run fixed16",),
            grades=True,
            report="tasks.labels_report:section",
        ),
        Stage(
            name="judge",
            title="Ask a language model, or the problem's own computation, for a second opinion on each step.",
            version=1,
            params=JudgeParams,
            reads=("problems", "traces"),
            writes=("replies", "judgements"),
            shows="judgements",
            run="tasks.judge:run",
            examples=(
                "proctor run judge --set kind=program",
                "proctor run judge --set engine.kind=http --set engine.url=http://localhost:8000/v1 "
                "--set engine.api=chat --set engine.model=Qwen/Qwen3-32B",
            ),
        ),
        Stage(
            name="consensus",
            title="Tell on which traces rollouts and judge agree about the first error, and why not on the others.",
            version=1,
            params=ConsensusParams,
            reads=("traces", "labels", "judgements"),
            writes=("consensus",),
            run="tasks.consensus:run",
            examples=(
                "proctor run consensus",
                "proctor run prm --set keep=consensus",
            ),
        ),
        Stage(
            name="trees",
            title="Search trees of prefixes for the first errors of solutions, as OmegaPRM does.",
            version=1,
            params=TreesParams,
            reads=("problems", "traces"),
            writes=("tree_rollouts", "trees"),
            run="tasks.trees.stage:run",
            examples=("proctor run trees --set problems=100 --set budget=5000000",),
            grades=True,
            report="tasks.trees.drawing:section",
        ),
        Stage(
            name="audit",
            title="Read what a person said of labelled steps, blind, and how often the labels are right.",
            version=1,
            params=AuditParams,
            reads=("labels",),
            writes=("audits",),
            run="tasks.audit:run",
            examples=(
                "proctor audit --size 60",
                "proctor run audit",
            ),
            sources="tasks.audit:inputs_of",
        ),
        Stage(
            name="prm",
            title="Export process- and outcome-reward training data from traces and labels, or from trees.",
            version=1,
            params=PRMParams,
            reads=("problems", "traces"),
            writes=("prm", "orm"),
            run="tasks.prm:run",
            examples=(
                "proctor run prm --set source=trees --run trees",
                "proctor run prm --set max_length=2048 --set tokenizer=Qwen/Qwen3-8B",
            ),
        ),
        Stage(
            name="verifier",
            title="Train a process and an outcome verifier on the training data, and judge them on unseen problems.",
            version=1,
            params=VerifierParams,
            reads=("problems", "traces", "prm", "orm"),
            writes=("verifier_predictions", "verifier_curve", "verifiers"),
            run="tasks.verifier.train:run",
            examples=(
                "proctor run verifier",
                "proctor run verifier --run hard --set target=hard --set epochs=2",
            ),
            shows="verifier_curve",
            report="tasks.verifier.report:section",
        ),
        Stage(
            name="verify",
            title="Score committed traces with the verifiers: each step, the whole solution, the first error.",
            version=1,
            params=VerifyParams,
            reads=("problems", "traces"),
            writes=("verifications",),
            run="tasks.verifier.verify:run",
            examples=("proctor run verify", "proctor run verify --set process_score=min --run chain"),
        ),
        Stage(
            name="recipe",
            title="Make training sets of traces: demonstrations, preference pairs, records for reinforcement learning.",
            version=1,
            params=RecipeParams,
            reads=("problems", "traces"),
            writes=("sft", "preferences", "rlvr", "screened"),
            run="tasks.recipe.stage:run",
            examples=(
                "proctor run recipe --set filters.bad_steps=true --set filters.max_length=2048",
                'proctor run recipe --run short --set \'recipes=["shortest", "preferences"]\' --set length_ratio=1.2',
            ),
            sources="tasks.recipe.stage:inputs_of",
            elsewhere="tasks.recipe.stage:elsewhere",
        ),
        Stage(
            name="strategies",
            title="Play test-time strategies: majority, best-of-N, beam search and others, each with its token cost.",
            version=1,
            params=StrategiesParams,
            reads=("problems", "traces"),
            writes=("strategy_samples", "strategy_scores", "strategies"),
            run="tasks.strategies.stage:run",
            examples=("proctor run strategies --set 'ns=[1, 4, 16]'",),
            grades=True,
            elsewhere="tasks.strategies.verifiers:elsewhere",
            report="tasks.strategies.report:section",
            shows="strategies",
        ),
        Stage(
            name="battles",
            title="Let contestants answer the same problems and judge who won, or read battles that there are already.",
            version=1,
            params=BattlesParams,
            reads=(),
            writes=("battle_replies", "battles"),
            of_model=False,
            shows="battles",
            run="tasks.arena.battles:run",
            examples=(
                "proctor run battles --set imported.path=votes.csv",
                "proctor run battles --params contestants.json --set judge=gold --set battles=2000",
                "proctor run battles --params docs/simulated_voters.json",
            ),
            sources="tasks.arena.battles:inputs_of",
            elsewhere="tasks.arena.addresses:traces_of_contestants",
        ),
        Stage(
            name="ratings",
            title="Rate models from battles: overall, by category and by language, with style held equal.",
            version=2,
            params=RatingsParams,
            reads=("battles",),
            writes=("boards", "ratings", "style_effects", "matchups", "rank_chances", "rating_checks", "drift"),
            of_model=False,
            run="tasks.arena.ratings:run",
            examples=("proctor run ratings --set anchor=gpt-4o --set centre=1114",),
            elsewhere="tasks.arena.addresses:further_battles",
            report="tasks.arena.report:section",
        ),
        Stage(
            name="perturb",
            title="Perturb problems: other numbers, names, order, a distractor; each with a certificate of its gold.",
            version=4,
            params=PerturbParams,
            reads=("problems",),
            writes=("rewrites", "variants", "refusals", "gold_faults"),
            of_model=False,
            shows="variants",
            run="tasks.robustness.perturb:run",
            examples=(
                "proctor run perturb --set variants=8 --set problems=500",
                "proctor run perturb --set 'kinds=[\"template\"]' --set templates=ml-gsm-symbolic/templates/symbolic",
            ),
            sources="tasks.robustness.template_files:digests_of",
            report="tasks.robustness.variants_report:section",
        ),
        Stage(
            name="trials",
            title="Let a model answer the problems and their variants, scored by strict and by flexible extraction.",
            version=1,
            params=TrialsParams,
            reads=("problems", "variants"),
            writes=("trials",),
            run="tasks.robustness.trials:run",
            examples=(
                "proctor run trials --set samples=2",
                "proctor run trials --model Qwen/Qwen3-8B --set prompt=few_shot --set extraction=strict",
            ),
            grades=True,
        ),
        Stage(
            name="robustness",
            title="Tell from trials how far the accuracy really falls: clustered intervals, equivalence, flips.",
            version=3,
            params=RobustnessParams,
            reads=("problems", "variants", "trials"),
            writes=("effects", "flips"),
            run="tasks.robustness.effects:run",
            examples=(
                "proctor run robustness --set margin=0.03",
                "proctor run robustness --model tiny_reasoner --set 'against=[\"tiny_reasoner_early\"]'",
            ),
            elsewhere="tasks.robustness.effects:elsewhere",
            report="tasks.robustness.report:section",
        ),
    )
}


MAIN_JOB = ("problems", "traces", "labels", "prm")
"""What `proctor run pipeline` and the demo run, in this order."""

PIPELINE_EXAMPLES = ("proctor run pipeline --set problems.count=50 --set labels.k=4",)


def writer_of(dataset: str) -> Stage:
    """The stage that commits a dataset."""
    for stage in STAGES.values():
        if dataset in stage.writes:
            return stage
    raise KeyError(f"no stage writes {dataset!r}; there are: {', '.join(d for s in STAGES.values() for d in s.writes)}")


def place(dataset: str, partition: Partition) -> Partition:
    """Where a dataset lies for a run's partition: problems and variants are shared by the models that answer them, and
    battles are of several models."""
    return partition if writer_of(dataset).of_model else partition.without_model()
