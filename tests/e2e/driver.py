"""A driver to be killed: `python -m tests.e2e.driver ROOT STAGE MODEL PARAMS_JSON RESOURCES_JSON` runs a stage to its
commit, in a process of its own, as the command line does but without a Prefect server."""

import json
import sys

from flows.run.execute import Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.store import Store
from tasks.engines.engine import Resources
from tests.e2e.places import partition


def main() -> None:
    root, name, model, params, resources = sys.argv[1:]
    stage = STAGES[name]
    work = Work(stage, partition(model), stage.params.model_validate(json.loads(params)), Store(root))
    execute(work, Runner(Resources.model_validate(json.loads(resources)), owner=f"driver of {name}"))


if __name__ == "__main__":
    main()
