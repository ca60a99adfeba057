"""How properties are tested: no example is too slow, as a timed assertion is no test."""

from hypothesis import HealthCheck, settings

settings.register_profile("megaql", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("megaql")
