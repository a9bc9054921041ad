"""Gates on what a stage committed: the numbers are those of its manifests. It knows nothing of Prefect."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from evals.gates import Check, Gate, checked, must_pass
from flows.orders.order import PIPELINE, Order
from flows.orders.parameters import ParameterError
from flows.run.execute import Execution
from flows.stages import MAIN_JOB, STAGES
from tasks.report.figures import measures


def checks_of(execution: Execution, gates: Sequence[Gate]) -> list[Check]:
    """Those gates that are about what the stage writes."""
    return checked(gates, {dataset: measures(manifest) for dataset, manifest in execution.manifests.items()})


def stop_at(execution: Execution, checks: Sequence[Check]) -> None:
    """Tells of the checks that are not passed; raises GateFailed where there are some."""
    for check in checks:
        if not check.passed:
            told = {"gate": str(check.gate), "value": check.value, "reason": str(check)}
            execution.events.tell("gate_not_passed", logging.ERROR, **told)
    must_pass(f"{execution.stage} at {execution.partition}", checks)


def refuse_strangers(gates: Sequence[Gate], stages: Sequence[str]) -> None:
    """Raises ParameterError for a gate on a dataset that none of `stages` makes: it would never be checked."""
    made = made_by(stages)
    for gate in gates:
        if gate.dataset not in made:
            raise ParameterError(f"gate {gate}: the run makes no {gate.dataset!r}; it makes {', '.join(made)}")


def made_by(stages: Sequence[str]) -> list[str]:
    """Datasets, in the order in which they are made."""
    return [dataset for stage in stages for dataset in STAGES[stage].writes]


def gated(what: Order, texts: Sequence[str]) -> Order:
    """The order with gates as they are typed. Raises ParameterError."""
    if texts and what.name != PIPELINE:
        raise ParameterError(f"--gate is of the pipeline, whose later stages it stops; {what.name} is one stage")
    return replace(what, gates=parsed(texts, MAIN_JOB))


def parsed(texts: Sequence[str], stages: Sequence[str]) -> tuple[Gate, ...]:
    """Gates as they are typed, on what `stages` make. Raises ParameterError."""
    try:
        gates = tuple(Gate.parse(text) for text in texts)
    except ValueError as error:
        raise ParameterError(str(error)) from None
    refuse_strangers(gates, stages)
    return gates
