# ruff: noqa: E501  (sentences of the page)
"""Reference pages of what a person types and sets: docs/commands.md from the command line, docs/settings.md from the settings."""

import inspect
from collections.abc import Iterator

import click
from pydantic.fields import FieldInfo

from flows import errors
from flows.cli import cli
from flows.errors import Exit
from flows.settings import PREFIX, Settings

HEAD = "<!-- Written by docs/reference.py: edit what it reads, then `make docs`. -->\n\n"


def pages() -> dict[str, str]:
    """File name and text of each page."""
    return {"commands.md": commands_page(), "settings.md": settings_page()}


def commands_page() -> str:
    """Every command with its arguments and options."""
    parts = [
        HEAD + "# The command line\n",
        "Every command ends with an exit code of [settings.md](settings.md#exit-codes), and says in one paragraph what was refused and what to do next. `--home` names the "
        "warehouse of all that have it; without it, `AFTERCARE_HOME` or `./warehouse`.\n",
    ]
    for name, command in _commands(cli, "aftercare"):
        parts.append(f"## {name}\n\n{_help_of(command)}\n\n```\n{_usage(name, command)}\n```\n")
        rows = [f"| {_names(one)} | {_takes(one)} | {_cell(one.help or '')} |" for one in _options(command)]
        if rows:
            parts.append("\n".join(["| option | takes | what it does |", "| --- | --- | --- |", *rows]) + "\n")
    return "\n".join(parts)


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield f"{before} {name}", command
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def _help_of(command: click.Command) -> str:
    paragraphs = inspect.cleandoc(command.help or "").replace("\f", "").split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)


def _usage(name: str, command: click.Command) -> str:
    return f"{name} {' '.join(command.collect_usage_pieces(click.Context(command)))}"


def _options(command: click.Command) -> list[click.Option]:
    return [one for one in command.params if isinstance(one, click.Option) and not one.hidden]


def _names(option: click.Option) -> str:
    return ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])


def _takes(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        takes = ", ".join(f"`{choice}`" for choice in option.type.choices)
    else:
        takes = (option.metavar or option.type.name).lower().replace("_", " ")
    more = ", may be given again" if option.multiple else ""
    is_told = isinstance(option.default, str | int | float) and option.show_default
    return takes + more + (f" (`{option.default}`)" if is_told else "")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def settings_page() -> str:
    """Every setting, and every exit code."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field)} | {_cell(field.description or '')} |"
        for name, field in Settings.model_fields.items()
    ]
    kinds = {one.code: one for one in vars(errors).values() if inspect.isclass(one) and "code" in vars(one)}
    told = {Exit.OK: "It went well, or there was nothing to do.", Exit.UNEXPECTED: "An error nobody foresaw."}
    told |= {code: " ".join((kind.__doc__ or "").split()) for code, kind in kinds.items() if code not in told}
    told[Exit.USAGE] = "An option, a setting or a query cannot be used."
    codes = [f"| {int(code)} | {code.name} | {told[code]} |" for code in Exit]
    return "\n".join(
        [
            HEAD + "# Settings and exit codes\n",
            "Settings come from the environment; options of a command go before them. A variable with this prefix that is not in the list refuses the run. The same list, "
            "to copy and fill in: [deployments/env.example](../deployments/env.example).\n",
            "| setting | without it | what it is |\n| --- | --- | --- |",
            *rows,
            "\n## Exit codes\n",
            "What to do for each: [the runbook](../deployments/RUNBOOK.md).\n",
            "| exit | name | what happened |\n| --- | --- | --- |",
            *codes,
            "| 130 | stopped | Somebody stopped it. |\n",
        ]
    )


def _default(field: FieldInfo) -> str:
    return "" if field.default is None else f"`{field.default}`"
