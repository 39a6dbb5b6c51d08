"""Whether this installation would work: one check a line, each with what to do."""

from deployments.doctor.examining import examine
from deployments.doctor.finding import Finding, Mark

__all__ = ["Finding", "Mark", "examine"]
