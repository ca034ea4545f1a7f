-- Small tables at which the estimates door finds nothing wrong; each test then harms one row.
create schema quality;
create schema core;
create schema outcomes;
create schema models;
create schema services;
create table core.dim_indicator as select 'SAF1' as indicator_code, 'SAF' as domain_code, 'x' as label;
create table outcomes.curve (curve_name varchar, stratum varchar, stratum_value varchar, day integer, state varchar,
    estimate double, lower double, upper double, n_at_risk integer, method varchar);
insert into outcomes.curve
    select 'restoration', 'overall', 'all', d, s.state, s.base + s.slope * d, null, null, 100 - d, 'panel'
    from range(0, 40, 10) as days(d), (values ('restored', 0.0, 0.01), ('in_care', 1.0, -0.015),
        ('lost', 0.0, 0.003), ('other_exit', 0.0, 0.002)) as s(state, base, slope);
insert into outcomes.curve
    select 'restoration_detection_date', stratum, stratum_value, day, state, estimate * 0.8, null, null, n_at_risk, 'detection_date'
    from outcomes.curve where state = 'restored';
update outcomes.curve set lower = estimate * 0.9, upper = estimate where state = 'restored';
create table outcomes.optimal_time (question varchar, stratum varchar, stratum_value varchar,
    estimate_months double, lower_months double, upper_months double, set_months varchar, n integer, status varchar, reason varchar);
insert into outcomes.optimal_time values
    ('plateau', 'overall', 'all', 18, 15, 21, '15,18,21', 900, 'estimated', null),
    ('marginal_gain', 'overall', 'all', 20, 18, 24, '3,4,5', 900, 'estimated', null),
    ('restricted_mean', 'overall', 'all', 11, 10, 12, null, 900, 'estimated', null),
    ('policy_value', 'overall', 'all', null, null, null, null, 900, 'refused', 'no follow-up'),
    ('cure', 'overall', 'all', null, null, null, null, 900, 'refused', 'no plateau');
create table models.risk_indicator (outcome varchar, unit varchar, code varchar, importance double, lower double,
    upper double, rank_low integer, rank_high integer, direction varchar, selection_frequency double);
insert into models.risk_indicator values
    ('lost_12m', 'indicator', 'SAF1', 0.1, -0.01, 0.2, 1, 4, 'higher', 0.9),
    ('lost_12m', 'domain', 'SAF', 0.2, 0.1, 0.3, 1, 1, 'higher', 1.0);
create table models.metric (model_name varchar, model_id varchar, metric varchar, split varchar,
    estimate double, lower double, upper double, n integer);
insert into models.metric values
    ('risk', 'a', 'auc', 'test', 0.7, 0.6, 0.8, 50),
    ('risk', 'a', 'n', 'test', 5, null, null, 5);
create table models.card (model_name varchar, model_id varchar,
    trained_as_of date, is_champion boolean, reason varchar);
insert into models.card values ('risk', 'a', null, true, ''), ('risk', 'b', null, false, '');
create table services.effect (question varchar, strategy varchar, comparator varchar, contrast varchar,
    horizon_months integer, estimate double, lower double, upper double, effective_n double, status varchar,
    reason varchar, wording varchar);
insert into services.effect values
    ('q', 'a', 'b', 'log_hazard_ratio', 24, 0.1, -0.1, 0.3, 80, 'estimated', null,
     'An emulated-trial estimate: what a trial would be expected to show if the assumptions of this question hold.'),
    ('r', 'a', 'b', 'risk_difference', 24, null, null, null, 3, 'refused', 'few', 'No statement is made.');
create table services.effect_check (question varchar, measure varchar, item varchar, estimate double,
    threshold double, is_met boolean);
insert into services.effect_check values ('q', 'effective_n', 'strategy', 80, 50, true),
    ('r', 'effective_n', 'strategy', 3, 50, false);
create table outcomes.office (office_id varchar, measure varchar, n integer, observed double, expected double,
    ratio double, lower double, upper double, shrunken double, shrunken_lower double, shrunken_upper double,
    limit_low_95 double, limit_high_95 double, limit_low_998 double, limit_high_998 double, status varchar, reason varchar);
insert into outcomes.office values
    ('o', 'lost_12m', 50, 6, 5, 1.2, 0.5, 2, 1.1, 0.8, 1.5, 0.4, 1.8, 0.2, 2.3, 'estimated', 'within'),
    ('o', 'gain_saf', 4, null, null, null, null, null, null, null, null, null, null, null, null, 'insufficient', 'few');
create table outcomes.partner as select 'p' as partner_id, * exclude (office_id) from outcomes.office;
create table outcomes.training_need (partner_id varchar, kind varchar, code varchar, measure varchar, n integer, observed double,
    expected double, ratio double, lower double, upper double, probability_below double, n_trainings integer,
    last_training_quarter varchar, status varchar, reason varchar, section integer);
insert into outcomes.training_need values
    ('p', 'domain', 'SAF', 'gain_saf', 50, 0.5, 0.8, 0.6, 0.5, 0.8, 0.9, 1, '2026Q1', 'below', 'told', 3),
    ('p', 'service', 'any', 'days_to_first_service', 4, null, null, null, null, null, null, 0, null, 'insufficient', 'few', 4);
create table models.fairness (model_name varchar, model_id varchar, group_kind varchar, group_value varchar, metric varchar,
    estimate double, lower double, upper double, n integer, n_positive integer, status varchar);
insert into models.fairness values
    ('risk', 'a', 'sex', 'female', 'calibration_slope', 1, 0.9, 1.1, 50, 20, 'pass'),
    ('risk', 'a', 'sex', 'male', 'calibration_slope', null, null, null, 20, 9, 'insufficient'),
    ('risk', 'b', 'sex', 'female', 'calibration_slope', 3, 2, 4, 50, 20, 'fail');

create table outcomes.history as
from (values
    ('2026-11-01-0001', date '2026-11-01', 'restored_12m', 'overall', 'all', 0.2::double, 0.1::double, 0.3::double, 400, 1, false),
    ('2026-11-01-0001', date '2026-11-01', 'n_episodes', 'overall', 'all', 410.0, null, null, 410, 1, false)
) as t(release_id, as_of, measure, stratum, stratum_value, estimate, lower, upper, n, definition_version, is_break);
