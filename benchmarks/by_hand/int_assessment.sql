-- The domain means of each assessment: one pass over the scores, one group, no long table in between.
with items as (
    select s.assessment_key, i.domain_code as d, s.is_not_applicable as na, s.score is not null or s.is_not_applicable as said,
        (i.align_offset + i.align_factor * s.score)::decimal(18, 12) as v
    from "build"."intermediate"."int_score_row" as s join "build"."intermediate"."int_indicator" as i using (indicator_code)
    where s.bucket = 'out'
), sums as (
    select assessment_key,
        sum(v) filter (where d = 'SAF' and not na) as saf_sum, count(*) filter (where d = 'SAF' and not na) as saf_n,
        sum(v) filter (where d = 'LEG' and not na) as leg_sum, count(*) filter (where d = 'LEG' and not na) as leg_n,
        sum(v) filter (where d = 'MEN' and not na) as men_sum, count(*) filter (where d = 'MEN' and not na) as men_n,
        sum(v) filter (where d = 'ECO' and not na) as eco_sum, count(*) filter (where d = 'ECO' and not na) as eco_n,
        sum(v) filter (where d = 'SOC' and not na) as soc_sum, count(*) filter (where d = 'SOC' and not na) as soc_n,
        sum(v) filter (where d = 'PHY' and not na) as phy_sum, count(*) filter (where d = 'PHY' and not na) as phy_n,
        min(v) filter (where not na)::double as lowest_item, count(*) filter (where not na) as n_scored,
        count(*) filter (where na) as n_not_applicable
    from items where said group by assessment_key
), days as (
    select assessed_on, count(*) filter (where domain_code = 'SAF') as saf_all, count(*) filter (where domain_code = 'LEG') as leg_all,
        count(*) filter (where domain_code = 'MEN') as men_all, count(*) filter (where domain_code = 'ECO') as eco_all,
        count(*) filter (where domain_code = 'SOC') as soc_all, count(*) filter (where domain_code = 'PHY') as phy_all, count(*) as n_items
    from (select distinct assessed_on from "build"."intermediate"."int_assessment_row" where bucket = 'out'), "build"."intermediate"."int_indicator"
    where (valid_from is null or assessed_on >= valid_from) and (valid_to is null or assessed_on < valid_to)
    group by assessed_on
), means as (
    select a.*, e.intake_date, days.n_items, sums.* exclude (assessment_key),
        if(saf_n > 0 and saf_n >= saf_all * share - 1e-9, saf_sum::double / saf_n, null) as saf,
        if(leg_n > 0 and leg_n >= leg_all * share - 1e-9, leg_sum::double / leg_n, null) as leg,
        if(men_n > 0 and men_n >= men_all * share - 1e-9, men_sum::double / men_n, null) as men,
        if(eco_n > 0 and eco_n >= eco_all * share - 1e-9, eco_sum::double / eco_n, null) as eco,
        if(soc_n > 0 and soc_n >= soc_all * share - 1e-9, soc_sum::double / soc_n, null) as soc,
        if(phy_n > 0 and phy_n >= phy_all * share - 1e-9, phy_sum::double / phy_n, null) as phy
    from (select * from "build"."intermediate"."int_assessment_row" where bucket = 'out') as a
    join "build"."intermediate"."int_episode" as e using (episode_key)
    cross join (select 2 / 3 as share)
    left join sums using (assessment_key)
    left join days using (assessed_on)
), judged as (
    select *, (saf is not null)::int + (leg is not null)::int + (men is not null)::int + (eco is not null)::int + (soc is not null)::int
        + (phy is not null)::int as n_domains, least(saf, leg, men, eco, soc, phy) as lowest_mean
    from means
)
select assessment_key, episode_key, assessed_on, datediff('day', intake_date, assessed_on) as day, entered_at, stage_raw, assessor_key,
    instrument_version, setting, saf, leg, men, eco, soc, phy, n_domains::bigint as n_domains, lowest_mean, lowest_item,
    coalesce(n_scored, 0) as n_scored, coalesce(n_not_applicable, 0) as n_not_applicable,
    coalesce(n_items, 0) - coalesce(n_scored, 0) - coalesce(n_not_applicable, 0) as n_missing,
    if(n_domains >= 5, (coalesce(saf, 0) + coalesce(leg, 0) + coalesce(men, 0) + coalesce(eco, 0) + coalesce(soc, 0) + coalesce(phy, 0)) / n_domains, null) as total,
    n_domains >= 5 as is_judgeable, n_domains >= 5 and coalesce(round(lowest_mean, 9) >= 3.0, false) as is_restored,
    row_number() over (partition by episode_key, assessed_on order by entered_at desc nulls last, n_scored desc, assessment_key) = 1 as is_of_the_day
from judged
