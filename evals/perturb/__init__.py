"""Variants of a word problem whose answer is known for a reason, and refusals that say why there is none.

`evals.perturb.kinds.perturb` is the way in. See docs/perturb.md.
"""
