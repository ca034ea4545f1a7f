-- What was said is joined once; only forms that miss an item are held against the list of items.
with valid as (
    select a.assessment_key, a.episode_key, i.indicator_code, i.domain_code
    from (select * from "build"."intermediate"."int_assessment" where n_missing > 0) as a, "build"."intermediate"."int_indicator" as i
    where (i.valid_from is null or a.assessed_on >= i.valid_from) and (i.valid_to is null or a.assessed_on < i.valid_to)
), said as (
    select s.assessment_key, a.episode_key, s.indicator_code, i.domain_code, s.score, s.is_not_applicable
    from "build"."intermediate"."int_score_row" as s
    join "build"."intermediate"."int_assessment" as a using (assessment_key)
    join "build"."intermediate"."int_indicator" as i using (indicator_code)
    where s.bucket = 'out' and (s.score is not null or s.is_not_applicable)
)
select assessment_key, episode_key, indicator_code, domain_code, if(is_not_applicable, null, score)::tinyint as score,
    if(is_not_applicable, 'not_applicable', 'scored') as score_status, false as is_quarantined
from said
union all
select v.assessment_key, v.episode_key, v.indicator_code, v.domain_code, null, 'missing', bad.n is not null
from (from valid anti join said using (assessment_key, indicator_code)) as v
left join (
    select assessment_key, indicator_code, count(*) as n
    from "build"."intermediate"."int_score_row"
    where bucket = 'quarantined'
    group by all
) as bad using (assessment_key, indicator_code)
