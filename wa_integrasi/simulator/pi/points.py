"""The points of a simulated server: how they are found and what is said of them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from fnmatch import translate
from re import IGNORECASE
from re import compile as pattern
from typing import Any

from wa_integrasi.simulator.pi.config import PiSimulation
from wa_integrasi.simulator.pi.plant import Tag
from wa_integrasi.simulator.pi.reading import Asked, PiRefusalError
from wa_integrasi.simulator.pi.times import written

_SERVER = "F1DS"
_POINT = "F1DP"


class Directory:
    """The points of one simulation."""

    def __init__(self, simulation: PiSimulation) -> None:
        self._simulation = simulation
        self._by_name = {tag.name.upper(): tag for tag in simulation.tags}
        self._by_id = {self.web_id(tag): tag for tag in simulation.tags}
        self._server_id = _coded(_SERVER, simulation.server)

    def web_id(self, tag: Tag) -> str:
        """The WebId of a tag, which its path decides."""
        return _coded(_POINT, f"{self._simulation.server}\\{tag.name}".upper())

    def path(self, tag: Tag) -> str:
        """Its path."""
        return f"\\\\{self._simulation.server}\\{tag.name}"

    def tag(self, web_id: str) -> Tag | None:
        """The tag of a WebId."""
        return self._by_id.get(web_id)

    def servers(self, asked: Asked) -> dict[str, Any]:
        """The data servers: one."""
        name = self._simulation.server
        server = {
            "WebId": self._server_id,
            "Name": name,
            "Path": f"\\\\PIServers[{name}]",
            "IsConnected": True,
            "ServerVersion": "3.4.440.477",
            "ServerTime": written(asked.now),
        }
        return {"Links": {}, "Items": [server]}

    def listed(self, asked: Asked, web_id: str) -> dict[str, Any]:
        """The points of a data server by `nameFilter`. Raises `PiRefusalError`."""
        if web_id != self._server_id:
            raise PiRefusalError(404, "Unknown or invalid WebID.")
        matches = pattern(translate(asked.one("nameFilter", "*")), IGNORECASE).match
        start, most = asked.one("startIndex", "0"), asked.whole("maxCount", 1_000)
        if not start.isdecimal():
            raise PiRefusalError(400, "The parameter startIndex must not be negative.")
        found = [self.described(tag) for tag in self._simulation.tags if matches(tag.name)]
        return {"Links": {}, "Items": found[int(start) : int(start) + most]}

    def by_path(self, path: str) -> dict[str, Any]:
        """The point at a path. Raises `PiRefusalError`."""
        server, _, name = path.removeprefix("\\\\").partition("\\")
        tag = self._by_name.get(name.upper())
        if not path.startswith("\\\\") or server.upper() != self._simulation.server.upper() or tag is None:
            raise PiRefusalError(404, "PI Point not found.")
        return self.described(tag)

    def by_web_id(self, web_id: str) -> dict[str, Any]:
        """The point of a WebId. Raises `PiRefusalError`."""
        tag = self.tag(web_id)
        if tag is None:
            raise PiRefusalError(404, "Unknown or invalid WebID.")
        return self.described(tag)

    def described(self, tag: Tag) -> dict[str, Any]:
        """A point as the server describes it."""
        return {
            "WebId": self.web_id(tag),
            "Id": self._simulation.tags.index(tag) + 1,
            "Name": tag.name,
            "Path": self.path(tag),
            "Descriptor": tag.descriptor,
            "PointClass": "classic",
            "PointType": tag.kind,
            "DigitalSetName": f"{tag.name} STATES" if tag.kind == "Digital" else "",
            "EngineeringUnits": tag.unit,
            "Span": 100,
            "Zero": 0,
            "Step": tag.kind not in ("Float32", "Float64"),
            "Future": False,
            "DisplayDigits": -5,
            "Links": {},
        }


def selected(body: Mapping[str, Any], fields: str) -> dict[str, Any]:
    """The body with the fields that `selectedFields` names, such as `Items.Name;Links`."""
    wanted: dict[str, list[str]] = {}
    for field in filter(None, (each.strip() for each in fields.split(";"))):
        head, _, rest = field.partition(".")
        wanted.setdefault(head, []).append(rest)
    return {key: _within(body[key], rests) for key, rests in wanted.items() if key in body}


def _within(value: Any, rests: list[str]) -> Any:
    if "" in rests:
        return value
    if isinstance(value, list):
        return [_within(each, rests) for each in value]
    return selected(value, ";".join(rests)) if isinstance(value, Mapping) else value


def _coded(kind: str, path: str) -> str:
    return kind + base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")
