"""The documents say what is so: links, commands, examples, variables, tests, dependencies."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from deployments.cli import app
from wa_integrasi.catalog.reading import read_catalog
from wa_integrasi.message import TRANSITIONS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


COMMANDS = typer.main.get_command(app)


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines_of_commands(text: str) -> list[str]:
    """What a reader would type: the lines of shell blocks, and code within a sentence."""
    typed = [line for block in blocks(text, "sh") for line in block.splitlines()]
    return typed + re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def table(text: str, heading: str) -> list[list[str]]:
    """The cells of the rows of the first table behind a heading of a column."""
    rows = text[text.index(heading) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def names(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```|`[^`\n]+`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    local = [target.partition("#")[0] for target in targets if not target.startswith(("https://", "#"))]
    assert [target for target in local if not (page.parent / target).exists()] == []


@every_page
def test_files_and_folders_that_are_named_exist(page: Path) -> None:
    rooms = r"(?:deployments|flows|tasks|blocks|wa_integrasi|tests|docs)"
    paths = re.findall(rf"`({rooms}/[\w/.]*)`", page.read_text())
    invented = {"flows/catch_up.py", "wa_integrasi/providers/NAME.py", "wa_integrasi/sources/NAME.py"}
    assert [path for path in paths if path not in invented and not (ROOT / path).exists()] == []


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = [line for line in lines_of_commands(page.read_text()) if not _is_right(line)]
    assert wrong == []


def _is_right(line: str) -> bool:
    words = shlex.split(line, comments=True) if line.count("'") % 2 == 0 else line.split()
    if words[:3] == ["dotenv", "run", "--"]:
        words = words[3:]
    if not words or words[0] != "wa":
        return True
    command: Any = COMMANDS
    options = {"--help", "-h"}
    for word in words[1:]:
        if word.startswith("--"):
            options |= {option for parameter in command.params for option in parameter.opts}
            if word not in options:
                return False
        elif word in ("…", "...") or not hasattr(command, "commands"):
            continue
        elif word in command.commands:
            command = command.commands[word]
        else:
            return False
    return True


@pytest.mark.parametrize("line", ["wa fly", "wa report fly", "wa up --fly", "dotenv run -- wa fly"])
def test_a_command_that_does_not_exist_would_be_noticed(line: str) -> None:
    assert not _is_right(line)


@every_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = [match for line in lines_of_commands(page.read_text()) for match in re.findall(r"\bmake ([a-z]+)", line)]
    assert set(named) <= targets


@every_page
def test_catalogs_in_examples_are_good(page: Path) -> None:
    for example in blocks(page.read_text(), "yaml"):
        if example.startswith("version:"):
            read_catalog(example, page.name)


def test_the_readme_has_a_report_and_a_flow() -> None:
    assert [example for example in blocks(README, "yaml") if example.startswith("version: 1\n")]
    assert len(blocks(README, "python")) == 1


def test_the_flow_of_the_readme_compiles_and_finds_what_it_imports() -> None:
    [source] = blocks(README, "python")
    compile(source, "flows/catch_up.py", "exec")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.import_module(str(node.module))
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_the_deployment_of_the_readme_fits_into_prefect_yaml() -> None:
    [entry] = [example for example in blocks(README, "yaml") if "entrypoint:" in example]
    read = yaml.safe_load((ROOT / "prefect.yaml").read_text().rstrip() + "\n" + entry)
    added = read["deployments"][-1]
    assert added["work_pool"] == {"name": "wa"}
    [source] = blocks(README, "python")
    module, function = added["entrypoint"].rsplit(".", 1)
    assert f"`{module.replace('.', '/')}.py`" in README
    assert f"def {function}(" in source


def test_every_promise_names_a_test_that_exists() -> None:
    tests = [file.read_text() for file in (ROOT / "tests").rglob("*.py")]
    written = {name for text in tests for name in re.findall(r"def (test_\w+)", text)}
    promised = {name for _, cell in table(README, "| promise |") for name in names(cell)}
    assert promised
    assert promised - written == set()


def test_the_variables_are_those_of_the_example_file() -> None:
    example = re.findall(r"^#?(WA_[A-Z_]+)=(.*)", (ROOT / ".env.example").read_text(), re.MULTILINE)
    operations = table((ROOT / "docs/operations.md").read_text(), "| variable | default |")
    assert [row[0].strip("`") for row in operations] == [name for name, _ in example]
    given = {name: value for name, value in example if value and "GROUP" not in name}
    assert {row[0].strip("`"): row[1].strip("`") for row in operations if row[0].strip("`") in given} == given


def test_the_statuses_are_those_of_the_code() -> None:
    coded = {str(current): {str(new) for new in ways} for current, ways in TRANSITIONS.items()}
    assert {row[0].strip("`"): names(row[1]) for row in table(ARCHITECTURE, "| from | to |")} == coded
    [diagram] = [block for block in blocks(ARCHITECTURE, "mermaid") if block.startswith("stateDiagram")]
    drawn = re.findall(r"^ +(\w+) --> (\w+)", diagram, re.MULTILINE)
    assert drawn
    assert [(current, new) for current, new in drawn if new not in coded[current]] == []


def test_the_layers_are_those_of_the_import_contract() -> None:
    [contract] = [each for each in PYPROJECT["tool"]["importlinter"]["contracts"] if "containers" in each]
    rows = table(ARCHITECTURE, "| layer | modules |")
    assert [names(row[1]) for row in rows] == [set(layer.split(" | ")) for layer in contract["layers"]]


def test_every_direct_dependency_is_explained_and_no_other() -> None:
    groups = [line for group in PYPROJECT["dependency-groups"].values() for line in group]
    extras = [line for extra in PYPROJECT["project"]["optional-dependencies"].values() for line in extra]
    asked = [line for line in [*PYPROJECT["project"]["dependencies"], *extras, *groups] if isinstance(line, str)]
    direct = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in asked}
    text = (ROOT / "docs/dependencies.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    explained = [row[0].strip("`") for row in rows]
    assert sorted(explained) == sorted(direct)
    assert [row[0] for row in rows if not (row[1] and row[2] and row[3])] == []


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").iterdir()), ids=lambda picture: picture.name)
def test_pictures_are_small_and_used(picture: Path) -> None:
    assert picture.stat().st_size < 150_000
    assert any(picture.name in page.read_text() for page in PAGES)
