"""Labels each prefix of a trace by itself."""

from evals.montecarlo import Decision, Evidence, Policy, PrefixRule, StepLabel, count


def every_prefix(rule: PrefixRule) -> Policy:
    """Applies a rule to each prefix, all of them at once."""

    def decide(evidence: Evidence) -> Decision:
        owed: dict[int, range] = {}
        labels: list[StepLabel | None] = []
        for step, verdicts in enumerate(evidence.rollouts):
            answer = rule(verdicts)
            if isinstance(answer, range):
                owed[step] = answer
            labels.append(answer if isinstance(answer, StepLabel) else None)
        return Decision(owed, (*labels, count([evidence.answer], "answer")))

    return decide
