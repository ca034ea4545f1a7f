"""Rows about people and their records: episodes by group, change by domain, completeness, who is in no table."""

from flows.publish import content
from flows.publish.sharing.cells import Row
from flows.publish.sharing.gather import ALL, GROUPS, Marts, read_sql, told, whole

PARTS = ("substantial", "measurable_only", "worse", "same")


def domain_changes(marts: Marts) -> list[Row]:
    """Per domain and group: how many were assessed twice, in four parts, and the two means."""
    return [
        Row(
            (found["domain_code"], found["stratum"], found["stratum_value"]),
            {name: whole(found[name]) for name in ("n", *PARTS)},
            {"label": label, **told(found, "mean_initial", "mean_latest")},
        )
        for found in marts.ask(read_sql("domain_changes"))
        if (label := marts.label(found["stratum"], found["stratum_value"]))
    ]


def quality(marts: Marts) -> list[Row]:
    """Per office (and all) and measure: how many are asked for, how many have it."""
    found = marts.ask(read_sql("quality"))
    late = marts.ask(read_sql("overdue"))
    every = {"office_id": ALL, "n": sum(one["n"] for one in late), "late": sum(one["late"] for one in late)}
    for one in [*late, *([every] if late else [])]:
        found.append({**one, "measure": "assessment_not_overdue", "yes": whole(one["n"]) - whole(one["late"])})
    return [
        Row((one["office_id"], one["measure"]), {"n": whole(one["n"]), "yes": whole(one["yes"])}, {"label": label})
        for one in found
        if (label := ALL if one["office_id"] == ALL else marts.offices.get(one["office_id"]))
    ]


def partner_base(marts: Marts) -> list[Row]:
    """Episodes by office and partner; an episode without partner stands under an empty name."""
    return [
        Row((str(found["office_id"]), found["partner_id"] or ""), {"n": found["n"], "people": found["people"]})
        for found in marts.ask(read_sql("partners"))
    ]


def by_office(marts: Marts, dimension: str) -> list[Row]:
    """Episodes by office and group: for an office's own file, in no table of share/. Every pair of known ones, also of nobody."""
    column = content.quoted(dimension)
    found = marts.ask(
        f"select office_id::varchar as office_id, {column}::varchar as name, count(*) as n from marts.core.fct_episode group by all"
    )
    groups = GROUPS[dimension]
    counts = {(office, name): 0 for office in marts.offices for name in groups}
    for one in found:
        name = one["name"] if one["name"] in groups else "unknown" if "unknown" in groups else "other"
        if one["office_id"] in marts.offices:
            counts[(one["office_id"], name)] += one["n"]
    return [Row(key, {"n": n}) for key, n in counts.items()]


def exclusions(marts: Marts) -> list[Row]:
    """Survivors in no table, by reason, as rounded by the mart."""
    counts: dict[str, int] = {}
    for found in marts.table("meta.exclusion", "reason", "n_survivors_rounded"):
        reason = str(found["reason"])
        counts[reason] = counts.get(reason, 0) + whole(found["n_survivors_rounded"])
    return [Row((reason,), {"n": n}) for reason, n in sorted(counts.items())]
