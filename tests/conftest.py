"""Fixtures that every test may use."""

from hypothesis import settings

# The engine's tests share their cores with property tests: a slow example there is no finding.
settings.register_profile("proctor", deadline=None)
settings.load_profile("proctor")
