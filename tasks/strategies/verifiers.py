"""The verifiers that strategies ask, by the names that they ask for."""

from contextlib import ExitStack

from storage.partition import Partition
from storage.store import Location, Store
from tasks.completer import how_the_traces_were_written
from tasks.engines.engine import EngineParams
from tasks.engines.model import resolve
from tasks.job import Job
from tasks.strategies.judging import AnyJudge, GenerativeVerifier, Judge
from tasks.strategies.likelihood import LikelihoodScorer
from tasks.strategies.params import StrategiesParams, VerifierRef
from tasks.strategies.scores import Verifier
from tasks.verifier.pooling import open_scorer

OWN = "verifiers"
"""The input that holds the trained verifiers of the run itself, or of main."""


def elsewhere(params: StrategiesParams, store: Store, partition: Partition) -> dict[str, Location]:
    """The verifiers of other runs, by address."""
    runs = {each.run for each in params.asked_verifiers().values() if each.trained and each.run is not None}
    places = [partition.model_copy(update={"run": run}) for run in sorted(runs)]
    return {_address(place): store.at(OWN, place) for place in places}


def load_verifiers(job: Job[StrategiesParams], stack: ExitStack) -> dict[str, Verifier]:
    """Those that are asked, loaded for as long as the stack is open. Raises LookupError where a run trained none of the
    kind."""
    asked = job.params.asked_verifiers()
    return {name: _load(job, ref, stack) for name, ref in asked.items() if ref.kind != "prompted"}


def judges_of(params: StrategiesParams) -> dict[str, AnyJudge]:
    """Those that are asked in words, by the names that strategies ask for."""
    return {name: _judge(name, ref) for name, ref in params.asked_verifiers().items() if ref.kind == "prompted"}


def engines_of_judges(params: StrategiesParams) -> dict[str, EngineParams]:
    """Of the judges that are not the model that writes the samples."""
    asked = params.asked_verifiers()
    return {name: ref.engine for name, ref in asked.items() if ref.kind == "prompted" and ref.engine}


def _judge(name: str, ref: VerifierRef) -> AnyJudge:
    engine = name if ref.engine else ""
    if ref.scoring == "text":
        return Judge(ref.form, ref.replies, ref.reply_tokens, engine)
    return GenerativeVerifier(ref.answers, ref.rationale, ref.replies, ref.reply_tokens, engine)


def _load(job: Job[StrategiesParams], ref: VerifierRef, stack: ExitStack) -> Verifier:
    if ref.kind == "likelihood":
        written = how_the_traces_were_written(job)
        model = resolve(written.engine.model, written.engine.revision)
        digest = f"{model.digest} likelihood {written.prompt} {written.chat}"
        return Verifier(LikelihoodScorer(model, written.prompt, written.chat), digest)
    assert ref.kind != "prompted", "it is asked in words"
    address = OWN if ref.run is None else _address(job.partition.model_copy(update={"run": ref.run}))
    location = job.inputs[address]
    manifest = location.manifest()
    assert manifest is not None, "a stage runs on committed inputs"
    scorer = stack.enter_context(open_scorer(location, ref.kind, ref.runner, job.resources))
    digest = f"{manifest.digest} {ref.kind}"
    return Verifier(scorer, digest if scorer.runner == "transformers" else f"{digest} {scorer.runner}")


def _address(partition: Partition) -> str:
    return f"{OWN}/{partition}"
