"""Real-time customer-journey orchestration on Kafka: each event becomes the next best action, or none, and says why."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("journey-orchestrator")
except PackageNotFoundError:  # imported from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
