"""The mappings that ship with the project, by name, and those of a deployment, by file."""

from pathlib import Path

import yaml

from flows.extract.contract import Contract
from flows.extract.mapping.document import STAGE
from flows.extract.mapping.parse import parse
from flows.extract.mapping.spec import Mapping
from flows.extract.url import SourceError

IDENTITY = "jds"
HERE = Path(__file__).parent


def names() -> tuple[str, ...]:
    """The names of the shipped mappings, the identity first."""
    return (IDENTITY, *sorted(path.stem for path in HERE.glob("*.yml")))


def headings() -> list[tuple[str, str]]:
    """Name and description of each shipped mapping."""
    found = [(IDENTITY, "the source speaks the contract's own words (docs/source.md)")]
    for name in names()[1:]:
        document = yaml.safe_load((HERE / f"{name}.yml").read_text(encoding="utf-8"))
        found.append((name, str(document["description"])))
    return found


def load(
    name: str, contract: Contract, parameters: dict[str, str] | None = None, *, instrument: str | None = None
) -> Mapping | None:
    """The mapping of a shipped name or a file; None for the identity, where a source speaks the contract's own words.

    Raises SourceError where there is none of that name, or where it scores another instrument than the one in force (`instrument`),
    ContractError with every problem of the file.
    """
    if name == IDENTITY:
        if parameters:
            raise SourceError(f"the mapping {IDENTITY} takes no parameters", stage=STAGE, next_step="leave them out")
        return None
    path = HERE / f"{name}.yml" if name in names() else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SourceError(
            "the mapping is neither a shipped one nor a file that can be read as UTF-8 text",
            stage=STAGE,
            next_step=f"name one of {', '.join(names())}, or a file",
        ) from None
    mapping = parse(text, contract, origin=path.name, parameters=parameters)
    if instrument and mapping.instrument and instrument != mapping.instrument:
        raise SourceError(
            f"the mapping {mapping.name} scores the instrument {mapping.instrument}, and another one is in force",
            stage=STAGE,
            next_step=f"set AFTERCARE_INSTRUMENT={mapping.instrument}",
        )
    return mapping


def read_parameters(pairs: tuple[str, ...]) -> dict[str, str]:
    """Parameters from texts such as `name=value`; SourceError where one is not in that form or stands twice."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value) or name in found:
            raise SourceError(
                "a parameter of the mapping is not in the form name=value, or is given twice",
                stage=STAGE,
                next_step="write --parameter name=value once for each",
            )
        found[name] = value
    return found
