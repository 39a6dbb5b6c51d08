"""A PI Web API with the tags of an invented cement plant, for demonstrations and tests. Never a part of production."""

from wa_integrasi.simulator.pi.app import pi_app
from wa_integrasi.simulator.pi.config import PiFaults, PiSimulation
from wa_integrasi.simulator.pi.plant import PLANT, Tag

__all__ = ["PLANT", "PiFaults", "PiSimulation", "Tag", "pi_app"]
