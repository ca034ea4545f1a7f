"""What a release promises: every table with its columns, what a row is keyed by, and which columns only stamp the run.

Written down here a second time on purpose: the yml files of dbt say what is built, this says what a release must hold.
More columns may come; none listed here may go or change its name without a new version of the interface.
"""

INTERFACE_VERSION = 1

SCHEMAS = ("core", "aso", "services", "outcomes", "models", "quality", "meta")

CATEGORIES = (
    "community", "health", "legal", "case_management", "shelter", "education",
    "livelihood", "basic_needs", "family_reintegration", "safety_planning", "referral", "other",
)  # fmt: skip

CASEWORK_TYPES = (
    "forced_labour", "bonded_labour", "sex_trafficking", "online_sexual_exploitation", "sexual_violence",
    "intimate_partner_violence", "police_abuse", "land_theft", "citizenship_rights", "other",
)  # fmt: skip

OUTCOMES = (
    "restored", "lost_contact", "withdrew", "transferred", "relocated",
    "deceased", "aged_out", "program_end", "other", "open",
)  # fmt: skip

AGE_BANDS = ("0-11", "12-17", "18-24", "25-34", "35-49", "50+", "unknown")

GENDERS = ("female", "male", "other", "unknown")

_DOMAINS = "saf leg men eco soc phy"
_COUNTS = " ".join(f"n_{name}_before n_{name}_last_3m" for name in CATEGORIES)
_DOMAINS_BEFORE = " ".join(f"{name}_before" for name in _DOMAINS.split())

_COLUMNS = {
    "core.dim_office": "office_id name country_code region",
    "core.dim_partner": "partner_id office_id name partner_type",
    "core.partner_training": "partner_id topic n_trainings last_training_quarter",
    "core.dim_indicator": "indicator_code domain_code label",
    "core.dim_service": "service_code category label",
    "core.dim_survivor": "survivor_key gender age_band household_key language_group",
    "core.caseload": "office_id quarter n_open n_intakes n_exits n_restored_seen n_overdue_assessments",
    "core.fct_episode": (
        "episode_key survivor_key case_key household_key operation_key office_id partner_id casework_type gender "
        "age_band intake_quarter episode_number rescue_to_intake_days entry_day exit_day last_seen_day as_of_day "
        "status outcome restored_left_day restored_right_day event n_assessments has_initial has_mid has_end"
    ),
    "aso.fct_assessment": (
        "assessment_key episode_key day stage_raw stage assessor_key instrument_version setting "
        f"{_DOMAINS} total n_domains n_scored n_not_applicable n_missing is_restored"
    ),
    "aso.fct_score": "assessment_key episode_key indicator_code domain_code score score_status is_quarantined",
    "aso.snapshot": f"episode_key stage assessment_key day {_DOMAINS} total is_restored",
    "aso.change": (
        "episode_key domain_code initial latest delta is_measurable is_substantial is_worse assessor_changed"
    ),
    "services.timeline": (
        "service_key episode_key source_table category service_type day planned_day is_delivered partner_id "
        "sequence days_since_previous days_since_same_category quantity unit"
    ),
    "services.episode_month": f"episode_key month is_restored_at_start {_COUNTS} total_before {_DOMAINS_BEFORE}",
    "services.partner_delivery": "partner_id category n_delivered n_episodes",
    "services.description": (
        "measure category stratum stratum_value month estimate lower_quartile upper_quartile n"
    ),
    "services.effect": (
        "question strategy comparator contrast horizon_months estimate lower upper effective_n status reason wording"
    ),
    "services.effect_check": "question measure item estimate threshold is_met",
    "outcomes.curve": (
        "curve_name stratum stratum_value day state estimate lower upper n_at_risk method"
    ),
    "outcomes.optimal_time": (
        "question stratum stratum_value estimate_months lower_months upper_months set_months n status reason "
        "definition_version"
    ),
    "outcomes.history": (
        "release_id as_of measure stratum stratum_value estimate lower upper n definition_version is_break"
    ),
    "outcomes.office": "office_id measure n observed expected ratio lower upper shrunken status reason",
    "outcomes.partner": "partner_id measure n observed expected ratio lower upper shrunken status reason",
    "outcomes.training_need": (
        "partner_id kind code measure n observed expected ratio lower upper probability_below n_trainings "
        "last_training_quarter status reason"
    ),
    "models.risk_indicator": (
        "outcome unit code importance lower upper rank_low rank_high direction selection_frequency"
    ),
    "models.metric": "model_name model_id metric split estimate lower upper n",
    "models.card": "model_name model_id trained_as_of is_champion reason",
    "models.fairness": (
        "model_name model_id group_kind group_value metric estimate lower upper n n_positive status"
    ),
    "quality.check": "check_id family severity table_name status n_checked n_failed threshold because",
    "quality.quarantine": "source_table rule n_rows",
    "quality.conservation": (
        "source_table n_in n_out n_quarantined n_collapsed n_tombstoned n_excluded"
    ),
    "meta.release": "release_id as_of extracted_at code_version created_at",
    "meta.extract": "extract_id source_table n_rows sha256 mode",
    "meta.definition": "name version value since",
    "meta.exclusion": "reason n_survivors_rounded",
}  # fmt: skip

PROMISED: dict[str, tuple[str, ...]] = {table: tuple(columns.split()) for table, columns in _COLUMNS.items()}

_KEYS = {
    "core.dim_office": "office_id",
    "core.dim_partner": "partner_id",
    "core.partner_training": "partner_id topic",
    "core.dim_indicator": "indicator_code",
    "core.dim_service": "service_code",
    "core.dim_survivor": "survivor_key",
    "core.caseload": "office_id quarter",
    "core.fct_episode": "episode_key",
    "aso.fct_assessment": "assessment_key",
    "aso.fct_score": "assessment_key indicator_code",
    "aso.snapshot": "episode_key stage",
    "aso.change": "episode_key domain_code",
    "services.timeline": "episode_key service_key",
    "services.episode_month": "episode_key month",
    "services.partner_delivery": "partner_id category",
    "services.description": "measure category stratum stratum_value month",
    "services.effect": "question strategy comparator contrast horizon_months",
    "services.effect_check": "question measure item",
    "outcomes.curve": "curve_name stratum stratum_value state day",
    "outcomes.optimal_time": "question stratum stratum_value",
    "outcomes.history": "as_of measure stratum stratum_value",
    "outcomes.office": "office_id measure",
    "outcomes.partner": "partner_id measure",
    "outcomes.training_need": "partner_id kind code measure",
    "models.risk_indicator": "outcome unit code",
    "models.metric": "model_id metric split",
    "models.card": "model_id",
    "models.fairness": "model_id group_kind group_value metric",
    "quality.check": "check_id",
    "quality.quarantine": "source_table rule",
    "quality.conservation": "source_table",
    "meta.release": "release_id",
    "meta.extract": "extract_id source_table",
    "meta.definition": "name",
    "meta.exclusion": "reason",
}

KEYS: dict[str, tuple[str, ...]] = {table: tuple(columns.split()) for table, columns in _KEYS.items()}

STAMPED_TABLES = frozenset({"meta.release"})
"""Tables that name the run and nothing else: they are in no content hash."""

STAMPED_COLUMNS: dict[str, frozenset[str]] = {
    "meta.extract": frozenset({"extract_id", "sha256"}),
    "outcomes.history": frozenset({"release_id"}),
}
"""Columns that name a delivery and its bytes, or a release: the same rows delivered in another order hash the same."""
