"""Defects planted in the tables of a clean build file, so that every check of the marts door has something to find.

Rows of raw tables are changed or joined by changed copies, many kinds at once, and all models are made anew; what the pipeline itself
must never do is planted in the finished tables, one defect at a time. `few` plants a single row of a kind, `many` more than a hold allows.
"""

from __future__ import annotations

from expectations.policy import policy
from expectations.suites.marts import COMPARED
from expectations.suites.source import CODES, PARENTS
from flows.extract.contract import jds
from tests.faults.rebuild import ROW_MODELS

EPISODES, FORMS, SCORES = "aftercare_episodes", "aso_assessments", "aso_scores"
AS_OF = "(select as_of from raw.run)"
PARENT_KEYS = {
    "partners": "office_id", "partner_trainings": "partner_id", EPISODES: "survivor_key", FORMS: "episode_key", SCORES: "assessment_key",
    "community_events": "episode_key", "health_services": "episode_key", "legal_proceedings": "case_key",
    "support_services": "episode_key",
}  # fmt: skip
RAW_NAMES = {f"{EPISODES}.closure_reason": "closure_code"}

# What makes a row of a table another one without a later stamp.
OTHERWISE = {
    "offices": {"region": "'seed ' || {place}"}, "partners": {"name": "'seed ' || {place}"},
    "partner_trainings": {"attendees": "coalesce(attendees, 0) + {place}"}, "survivors": {"birth_year": "birth_year - 1"},
    "cases": {"opened_on": "opened_on - 1"}, EPISODES: {"rescue_date": "coalesce(rescue_date, intake_date) - 1"},
    FORMS: {"entered_at": "entered_at + interval 1 hour"}, SCORES: {"score": "5 - coalesce(score, 2)"},
    "community_events": {"hours": "coalesce(hours, 0) + 1"}, "health_services": {"sessions": "coalesce(sessions, 0) + 1"},
    "legal_proceedings": {"occurred_on": "occurred_on - 1"}, "support_services": {"quantity": "coalesce(quantity, 0) + 1"},
}  # fmt: skip
# check -> (table, columns of a copy): each a record with a date or a state that cannot be.
COPIES = {
    f"{EPISODES}.exit_before_intake": (EPISODES, {"exit_date": "intake_date - 5"}),
    f"{EPISODES}.intake_after_as_of": (EPISODES, {"intake_date": f"{AS_OF} + 20", "exit_date": "null", "status": "'active'"}),
    f"{EPISODES}.impossible_date": (EPISODES, {"intake_date": "null", "unreadable": "'intake_date'"}),
    f"{EPISODES}.missing_intake": (EPISODES, {"intake_date": "null"}),
    f"{EPISODES}.closed_without_exit": (EPISODES, {"exit_date": "null", "status": "'closed'"}),
    f"{EPISODES}.open_with_reason": (EPISODES, {"exit_date": "null", "status": "'active'", "closure_code": "'restored'"}),
    f"{EPISODES}.exit_after_as_of": (EPISODES, {"exit_date": f"{AS_OF} + 30", "status": "'active'"}),
    "reference.unknown_office": (EPISODES, {"office_id": "'nobody'"}),
    "restored_unseen": (EPISODES, {"status": "'closed'", "exit_date": f"least(intake_date + 200, {AS_OF})", "closure_code": "'restored'"}),
    f"{FORMS}.before_window": (FORMS, {"assessed_on": "date '1990-01-01'"}),
    f"{FORMS}.after_as_of": (FORMS, {"assessed_on": f"{AS_OF} + 10"}),
    f"{FORMS}.missing_date": (FORMS, {"assessed_on": "null"}),
    f"{FORMS}.two_on_a_day": (FORMS, {}),
    "community_events.after_as_of": ("community_events", {"attended_on": f"{AS_OF} + 10"}),
    "health_services.after_as_of": ("health_services", {"delivered_on": f"{AS_OF} + 10", "status": "'delivered'"}),
    "legal_proceedings.after_as_of": ("legal_proceedings", {"occurred_on": f"{AS_OF} + 10"}),
    "support_services.after_as_of": ("support_services", {"started_on": f"{AS_OF} + 10", "status": "'delivered'"}),
    "services.delivered_without_date": ("health_services", {"delivered_on": "null", "status": "'delivered'"}),
    "services.delivered_before_planned": (
        "health_services", {"planned_on": f"{AS_OF} - 5", "delivered_on": f"{AS_OF} - 9", "status": "'delivered'"}
    ),
    "reference.unknown_partner": ("health_services", {"partner_id": "'nobody'"}),
    "survivors.merged_into_missing": ("survivors", {"merged_into_key": "'nobody'"}),
    "survivors.merge_cycle": ("survivors", {"merged_into_key": "{key}"}),
    f"{SCORES}.unknown_indicator": (SCORES, {"indicator_code": "'#seed' || {place}"}),
}  # fmt: skip

_FORMS_OF = "select a.assessment_key from raw.aso_assessments a join raw.aftercare_episodes e using (episode_key) where"
_OPEN = "select episode_key from intermediate.int_episode where left_on is null"
_FIRST_OFFICE = "select min(office_id) from raw.offices"
# check -> statement on raw tables: what is wrong with single rows of those that are there.
ROWS = {
    f"{SCORES}.score_domain": "update raw.aso_scores set score = 9 where rowid % 15 = 0",
    f"{SCORES}.unreadable": "update raw.aso_scores set unreadable = 'created_at' where rowid % 20 = 0",
    f"{SCORES}.indicator_not_valid": "update codes.indicators set valid_to = '2020-01-01' where indicator_code = 'PHY3'",
    f"{FORMS}.unseen_instrument_version": "insert into raw.known_keys values ('instrument_versions', 'old', false)",
    f"{FORMS}.stage_disagrees": "update raw.aso_assessments set stage = 'follow_up' where stage = 'initial'",
    "services.after_exit": "update raw.community_events set attended_on = e.left_on + 30 from intermediate.int_episode e "
    f"where e.episode_key = community_events.episode_key and e.left_on + 30 < {AS_OF} and community_events.rowid % 7 = 0",
    "services.over_36_months_after_exit": "update raw.health_services set planned_on = null, delivered_on = e.left_on + 1150 "
    f"from intermediate.int_episode e where e.episode_key = health_services.episode_key and e.left_on + 1150 < {AS_OF}",
    f"{FORMS}.over_36_months_after_exit": "update raw.aso_assessments set assessed_on = e.left_on + 1150 "
    f"from intermediate.int_episode e where e.episode_key = aso_assessments.episode_key and e.left_on + 1150 < {AS_OF} "
    "and aso_assessments.rowid % 2 = 0",
    f"{EPISODES}.open_stay_beyond_98th_percentile": "update raw.aftercare_episodes set intake_date = intake_date - 3000, "
    f"rescue_date = rescue_date - 3000 where rowid % 3 = 0 and episode_key in ({_OPEN})",
}
# check -> statement on raw tables: what is wrong with an office, an assessor or how people are followed.
OFFICES = {
    f"{FORMS}.assessor_far_from_office": "update raw.aso_scores set score = 4 where score < 4 and assessment_key in "
    "(select assessment_key from raw.aso_assessments where assessor_key = (select assessor_key from raw.aso_assessments a "
    f"join raw.aftercare_episodes e using (episode_key) where e.office_id = ({_FIRST_OFFICE}) "
    "group by all order by count(*) desc, assessor_key limit 1))",
    f"{SCORES}.scale_shifted": "update raw.aso_scores set score = 3 where score = 4 and assessment_key in "
    f"({_FORMS_OF} e.office_id = (select office_id from raw.offices order by office_id limit 1 offset 2))",
    f"{SCORES}.scale_shifted_recently": "update raw.aso_scores set score = 2 where score = 1 and assessment_key in "
    f"({_FORMS_OF} a.assessed_on > {AS_OF} - 91 and e.office_id <> ({_FIRST_OFFICE}))",
    f"{FORMS}.all_same_score": "update raw.aso_scores set score = 3, not_applicable = false where assessment_key in "
    f"({_FORMS_OF} e.office_id = (select max(office_id) from raw.offices) and a.rowid % 3 = 0)",
    f"{FORMS}.entry_lag": "update raw.aso_assessments set entered_at = assessed_on + interval 60 day where episode_key in "
    f"(select episode_key from raw.aftercare_episodes where office_id = ({_FIRST_OFFICE}))",
    "offices.day_month_swapped": "update raw.aftercare_episodes set rescue_date = null where day(rescue_date) > 12 "
    f"and office_id = ({_FIRST_OFFICE})",
    f"{EPISODES}.closed_restored_below_cutoff": "update raw.aso_scores set score = 1 "
    "where indicator_code like 'LEG%' and assessment_key in "
    f"({_FORMS_OF} e.closure_code = 'restored' and e.rowid % 3 = 1)",
}
FOLLOW_UP = {
    f"{EPISODES}.no_assessment_by_day_60": "delete from raw.aso_assessments where episode_key in "
    "(select episode_key from raw.aftercare_episodes where rowid % 4 = 0)",
    f"{EPISODES}.overdue_assessment": f"delete from raw.aso_assessments where assessed_on > {AS_OF} - 250 and episode_key in ({_OPEN})",
    f"{EPISODES}.closed_restored_without_end": "delete from raw.aso_assessments where stage = 'final' and rowid % 2 = 0",
    "survivors.consent_missing": "insert into raw.survivors select * replace (survivor_key || '-blank' as survivor_key, null as "
    "consent_analytics) from raw.survivors where rowid % 4 = 0",
}
# What else comes of them: a copy of an episode overlaps it, one of a service lies after an exit; scores of a deleted form are orphans;
# who has no form that shows it is closed as restored unseen.
BESIDES = {
    f"{EPISODES}.overlapping",
    "services.after_exit",
    f"{SCORES}.orphan",
    f"{SCORES}.orphan.hold",
    "restored_unseen",
}

# check -> what the pipeline itself must never do, planted in the finished tables.
BROKEN = {
    **{f"{table}.conservation": "update quality.conservation set n_in = n_in + 1" for table in jds().tables},
    "core.fct_episode.grain": "insert into core.fct_episode from core.fct_episode limit 1",
    "aso.fct_assessment.grain": "insert into aso.fct_assessment from aso.fct_assessment limit 1",
    "aso.fct_score.grain": "insert into aso.fct_score from aso.fct_score limit 1",
    "aso.snapshot.grain": "insert into aso.snapshot from aso.snapshot limit 1",
    "services.timeline.grain": "insert into services.timeline from services.timeline limit 1",
    "services.episode_month.grain": "insert into services.episode_month from services.episode_month limit 1",
    "core.fct_episode.not_empty": "delete from core.fct_episode",
    "core.fct_episode.days_ordered": "update core.fct_episode set exit_day = as_of_day + 1 where rowid = 0",
    "core.fct_episode.event_rule": "update core.fct_episode set event = 2 "
    "where rowid = (select min(rowid) from core.fct_episode where outcome = 'open')",
    "core.fct_episode.median_stay": "update core.fct_episode set exit_day = 7 where exit_day is not null",
    "aso.fct_assessment.means_in_range": "update aso.fct_assessment set saf = 4.5 where rowid = 0",
    "aso.fct_assessment.restored_rule": "update aso.fct_assessment set leg = 1.5 "
    "where rowid = (select min(rowid) from aso.fct_assessment where is_restored)",
    "privacy.no_excluded_person": "update core.fct_episode set survivor_key = (select min(person_key) from intermediate.int_survivor_row "
    "where bucket = 'excluded') where rowid = 0",
}  # fmt: skip


def few() -> dict[str, str]:
    """check -> statement that plants one row of it; for every check of rows that allows none."""
    allowed = {check: policy(check) for check in every_copy()}
    return {
        check: copies(check, table, columns, 1)
        for check, (table, columns) in every_copy().items()
        if allowed[check].max_failed == 0 and allowed[check].max_percent is None
    }


NIGHTS = 5  # fewer recent nights are not compared with


def many() -> dict[str, str]:
    """check -> statement that plants more of it than any limit allows, so that what holds the run holds it."""
    planted = {check: copies(check, table, columns) for check, (table, columns) in every_copy().items()} | ROWS
    for table in jds().tables:
        planted[f"{table}.mass_delete"] = (
            f"insert into raw.known_keys select '{table}', 'gone-' || i, false from range(30) as r(i)"
        )
        planted[f"{table}.volume"] = (
            f"insert into raw.recent_counts select '{table}.volume', 'rows', 9000000 from range({NIGHTS})"
        )
    for column in COMPARED:
        planted[f"{column}.distribution"] = (
            f"insert into raw.recent_counts values ('{column}.distribution', 'seed', 100)"
        )
    return planted


def every_copy() -> dict[str, tuple[str, dict[str, str]]]:
    """check -> table and columns of changed copies, for what every table has and for what one has."""
    found = dict(COPIES)
    for table in jds().tables:
        found[f"{table}.missing_key"] = (table, {jds().tables[table].landed_key[0]: "null"})
        if table != SCORES:
            found[f"{table}.unreadable"] = (table, {"unreadable": "'created_at'"})
        same = {key: key for key in jds().tables[table].landed_key}
        found[f"{table}.duplicate_exact"] = (table, same)
        found[f"{table}.duplicate_superseded"] = (
            table,
            same | {"modified_at": "modified_at + {place} * interval 1 minute"},
        )
        found[f"{table}.duplicate_conflict"] = (table, same | OTHERWISE[table])
    for table in PARENTS:
        found[f"{table}.orphan"] = (table, {PARENT_KEYS[table]: "'nobody-' || {place}"})
    for column in CODES:
        table, name = column.split(".")
        check = "unmapped_closure" if name == "closure_reason" else f"{column}.unknown_code"
        found[check] = (table, {RAW_NAMES.get(column, name): "'#seed'"})
    return found


def copies(check: str, table: str, columns: dict[str, str], n: int | None = None) -> str:
    """The statement that adds changed copies of rows that stand, under keys of their own: `n`, or many.

    Many are 12 in 100 rows, of corrections 30 in 100, and 30 at least. Corrections and conflicts hit different rows.
    """
    key, model, place = jds().tables[table].landed_key[0], ROW_MODELS[table], "row_number() over ()"
    own = {"row_digest": "null"} | ({key: f"'{check}-' || {place}"} if table != SCORES else {})
    changed = own | {name: value.format(key=own.get(key), place=place) for name, value in columns.items()}
    replaced = ", ".join(f"{value} as {name}" for name, value in changed.items())
    good = f"select {key} from intermediate.{model} where bucket = 'out' and duplicate_rule is null"
    share = 30 if "superseded" in check else 12
    size = str(n) if n else f"(select greatest(30, count(*) * {share} // 100) from intermediate.{model})"
    half = (
        f" and hash(s.{key}) % 2 = {int('conflict' in check)}" if "superseded" in check or "conflict" in check else ""
    )
    rows = f"select s.* from raw.{table} s, range({1 if n else 16}) where s.{key} in ({good}){half}"
    return f"insert into raw.{table} select * replace ({replaced}) from ({rows} order by range, hash(s.{key}), s.rowid limit {size})"
