"""A small source with names of its own, and the mapping that turns it into the contract: what the tests change a line of."""

from __future__ import annotations

import csv
from pathlib import Path

from flows.extract.contract import jds
from flows.extract.mapping.delivery import MappedDelivery, open_mapped
from flows.extract.mapping.parse import parse

TEXT = """\
version: 1
name: small
delivery:
  from: About
  columns: {extract_id: number, extracted_at: made}
dates: ["%d.%m.%Y", "%d.%m.%Y %H:%M"]
codes:
  yes_no: {J: true, N: false}
tables:
  offices:
    from: Centre
    columns: {office_id: id, name: label, modified_at: changed}
  partners: {empty: true}
  partner_trainings: {empty: true}
  survivors:
    from: Person
    columns:
      survivor_id: id
      full_name: {expr: "concat_ws(' ', first, last)"}
      date_of_birth: born
      gender: {from: sex, codes: {w: female, m: male}}
      consent_analytics: {from: agreed, codes: yes_no, otherwise: null}
      modified_at: changed
  cases:
    from: Stay
    one_row_per_key: true
    columns: {case_id: person, office_id: centre, modified_at: changed}
  aftercare_episodes:
    from: Stay
    join: [{table: Leaving, on: {stay: Stay.id}, where: "void is null", newest: changed}]
    columns:
      episode_id: id
      survivor_id: person
      case_id: person
      office_id: centre
      intake_date: came
      exit_date: went
      modified_at: {expr: "greatest(as_timestamp(Stay.changed), as_timestamp(Leaving.changed))"}
  aso_assessments:
    from: Form
    columns: {assessment_id: id, episode_id: stay, assessed_on: day, stage: {value: interim}, modified_at: day}
  aso_scores:
    from: Form
    columns: {assessment_id: id, modified_at: day}
    unpivot:
      - {indicator_code: {value: SAF1}, score: safe}
      - {indicator_code: {value: MEN1}, score: {from: mood, codes: {good: 4, bad: 1}}, not_applicable: {expr: "mood = 'none'"}}
  community_events: {empty: true}
  health_services: {empty: true}
  legal_proceedings: {empty: true}
  support_services: {empty: true}
"""
ROWS: dict[str, str] = {
    "About": "number,made\n7,01.11.2026 02:30\n",
    "Centre": "id,label,changed\nc1,North,2024-01-01\n",
    "Person": "id,first,last,born,sex,agreed,changed\np1,Amina,Okello,04.05.1999,w,J,2024-01-01\n"
    "p2,Bo,,1999-13-40,x,?,02.01.2024\np3,,,1980-01-02 00:00:00,m,N,\n",
    "Stay": "id,person,centre,came,changed\ns1,p1,c1,03.02.2024,2024-02-03\ns2,p1,c1,2024-06-01,01.06.2024\ns3,p2,c1,2024-06-02,\n",
    "Leaving": "stay,went,changed,void\ns1,2024-03-01,2024-03-01,\ns1,2024-04-01,02.04.2024,\ns1,2024-05-01,2024-05-01,y\n",
    "Form": 'id,stay,day,safe,mood\nf1,s1,2024-02-04,3,good\nf2,s1,2024-02-05,,"none"\n',
}
Rows = list[dict[str, str | None]]


def write(folder: Path, **changed: str) -> Path:
    """The source's files; `changed` replaces the content of a table, an empty text leaves its file out."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, content in (ROWS | changed).items():
        if content:
            (folder / f"{table}.csv").write_text(content, encoding="utf-8")
    return folder


def opened(folder: Path, *lines: tuple[str, str], **changed: str) -> MappedDelivery:
    """The source as a delivery, with texts of the mapping replaced."""
    return open_mapped(write(folder, **changed), parse(altered(*lines), jds(), origin="small"), jds())


def altered(*lines: tuple[str, str]) -> str:
    """The mapping's text with texts replaced, each of which must be in it."""
    text = TEXT
    for old, new in lines:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def rows(delivery: MappedDelivery, table: str, *columns: str, numbered: bool = False) -> list[tuple[object, ...]]:
    """These columns of a contract table, in order of its first columns."""
    query = delivery.numbered(table) if numbered else delivery.scan(table)
    with delivery.reading(None) as connection:
        names = ", ".join(f'"{column}"' for column in columns)
        return connection.execute(f"select {names} from ({query}) order by all").fetchall()


def read_csv(path: Path) -> Rows:
    """The rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
