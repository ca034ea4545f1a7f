"""The texts of the report, all from one catalogue: texts/<language>.yml. Templates and pages hold no sentence of their own."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from markupsafe import Markup, escape

TEXTS = Path(__file__).parent / "texts"


class Words:
    """Texts by key, as `words("header.age", n=3)`; names of codes, as `words.label("state", "in_care")`."""

    def __init__(self, language: str, texts: Mapping[str, str | Mapping[str, str]]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, **values: object) -> Markup:
        """The text with its values put in, escaped. One with `one` and `other` is chosen by the value `n`.

        Raises KeyError for a key that the catalogue lacks.
        """
        found = self.texts[key]
        text = found if isinstance(found, str) else found["one" if str(values["n"]) == "1" else "other"]
        return Markup(escape(text)).format(**values) if values else Markup(escape(text))

    def label(self, family: str, code: str) -> str:
        """The name of a code; where the catalogue has none, the code with blanks."""
        found = self.texts.get(f"{family}.{code}")
        return found if isinstance(found, str) else code.replace("_", " ")

    def has(self, key: str) -> bool:
        """Whether the catalogue has a text."""
        return key in self.texts


def words(language: str = "en") -> Words:
    """The catalogue of a language. Raises FileNotFoundError when there is none."""
    return Words(language, _texts(language))


@cache
def _texts(language: str) -> Mapping[str, str | Mapping[str, str]]:
    loaded = yaml.safe_load((TEXTS / f"{language}.yml").read_text(encoding="utf-8"))
    return dict(_flat(loaded, ""))


def _flat(part: Mapping[str, object], before: str) -> list[tuple[str, str | Mapping[str, str]]]:
    found: list[tuple[str, str | Mapping[str, str]]] = []
    for name, value in part.items():
        key = f"{before}{name}"
        if isinstance(value, dict) and value.keys() != {"one", "other"}:
            found += _flat(value, f"{key}.")
        else:
            found.append((key, value if isinstance(value, dict) else str(value)))
    return found
