-- Counts of four categories share one number; a form's scores stand until the next form; no key is joined twice.
with e as (
    select e.episode_key, row_number() over (order by e.episode_key) as n, r.restored_right_day as r,
        least(floor(as_of_day * 16 / 487)::bigint + 1, if(exit_day is null, 1000000, ceil(exit_day * 16 / 487)::bigint)) as months
    from "build"."intermediate"."int_episode" as e join "build"."intermediate"."int_restoration" as r using (episode_key)
), known as (
    select n, if(day <= 0, 0, floor(day * 16 / 487)::bigint + 1) as m, floor((day + 91) * 16 / 487)::bigint + 1 as u,
        case category when 'community' then 1::hugeint when 'health' then 2147483648::hugeint when 'legal' then 4611686018427387904::hugeint when 'case_management' then 9903520314283042199192993792::hugeint else 0 end as p0,
        case category when 'shelter' then 1::hugeint when 'education' then 2147483648::hugeint when 'livelihood' then 4611686018427387904::hugeint when 'basic_needs' then 9903520314283042199192993792::hugeint else 0 end as p1,
        case category when 'family_reintegration' then 1::hugeint when 'safety_planning' then 2147483648::hugeint when 'referral' then 4611686018427387904::hugeint when 'other' then 9903520314283042199192993792::hugeint else 0 end as p2
    from "build"."services"."timeline" join e using (episode_key) where is_delivered and day is not null
), moved as (
    select n, m, sum(a0) as a0, sum(a1) as a1, sum(a2) as a2, sum(b0) as b0, sum(b1) as b1, sum(b2) as b2
    from (
        select n, m, p0 as a0, p1 as a1, p2 as a2, if(m < u, p0, 0) as b0, if(m < u, p1, 0) as b1, if(m < u, p2, 0) as b2 from known
        union all
        select n, u, 0, 0, 0, -p0, -p1, -p2 from known where m < u
    ) group by n, m
), forms as (
    select n, if(day <= 0, 0, floor(day * 16 / 487)::bigint + 1) as m,
        arg_max(saf, day) filter (where saf is not null) as saf, arg_max(leg, day) filter (where leg is not null) as leg, arg_max(men, day) filter (where men is not null) as men, arg_max(eco, day) filter (where eco is not null) as eco, arg_max(soc, day) filter (where soc is not null) as soc, arg_max(phy, day) filter (where phy is not null) as phy, arg_max(total, day) filter (where total is not null) as total
    from "build"."intermediate"."int_assessment" join e using (episode_key) where is_of_the_day group by n, m
), spans as (
    select n, m, coalesce(lead(m) over w, 1000000) as u, last_value(saf ignore nulls) over w as saf, last_value(leg ignore nulls) over w as leg, last_value(men ignore nulls) over w as men, last_value(eco ignore nulls) over w as eco, last_value(soc ignore nulls) over w as soc, last_value(phy ignore nulls) over w as phy, last_value(total ignore nulls) over w as total
    from forms window w as (partition by n order by m)
    union all by name
    select e.n, 0 as m, coalesce(min(forms.m), 1000000) as u from e left join forms using (n) group by e.n having coalesce(min(forms.m), 1) > 0
), months as (
    select e.episode_key, e.n, e.r, unnest(range(spans.m, least(spans.u, e.months))) as m, spans.saf, spans.leg, spans.men, spans.eco, spans.soc, spans.phy, spans.total from e join spans using (n)
), counted as (
    select months.*, coalesce(sum(a0) over w, 0) as k0, coalesce(sum(a1) over w, 0) as k1, coalesce(sum(a2) over w, 0) as k2,
        coalesce(sum(b0) over w, 0) as r0, coalesce(sum(b1) over w, 0) as r1, coalesce(sum(b2) over w, 0) as r2
    from months left join moved using (n, m) window w as (partition by n order by m)
)
select episode_key, m::integer as month, coalesce(r < if(m = 0, 1, ceil(m * 30.4375)), false) as is_restored_at_start,
    ((k0 >> 0) & 2147483647)::integer as n_community_before, ((r0 >> 0) & 2147483647)::integer as n_community_last_3m,
    ((k0 >> 31) & 2147483647)::integer as n_health_before, ((r0 >> 31) & 2147483647)::integer as n_health_last_3m,
    ((k0 >> 62) & 2147483647)::integer as n_legal_before, ((r0 >> 62) & 2147483647)::integer as n_legal_last_3m,
    ((k0 >> 93) & 2147483647)::integer as n_case_management_before, ((r0 >> 93) & 2147483647)::integer as n_case_management_last_3m,
    ((k1 >> 0) & 2147483647)::integer as n_shelter_before, ((r1 >> 0) & 2147483647)::integer as n_shelter_last_3m,
    ((k1 >> 31) & 2147483647)::integer as n_education_before, ((r1 >> 31) & 2147483647)::integer as n_education_last_3m,
    ((k1 >> 62) & 2147483647)::integer as n_livelihood_before, ((r1 >> 62) & 2147483647)::integer as n_livelihood_last_3m,
    ((k1 >> 93) & 2147483647)::integer as n_basic_needs_before, ((r1 >> 93) & 2147483647)::integer as n_basic_needs_last_3m,
    ((k2 >> 0) & 2147483647)::integer as n_family_reintegration_before, ((r2 >> 0) & 2147483647)::integer as n_family_reintegration_last_3m,
    ((k2 >> 31) & 2147483647)::integer as n_safety_planning_before, ((r2 >> 31) & 2147483647)::integer as n_safety_planning_last_3m,
    ((k2 >> 62) & 2147483647)::integer as n_referral_before, ((r2 >> 62) & 2147483647)::integer as n_referral_last_3m,
    ((k2 >> 93) & 2147483647)::integer as n_other_before, ((r2 >> 93) & 2147483647)::integer as n_other_last_3m,
    saf as saf_before, leg as leg_before, men as men_before, eco as eco_before, soc as soc_before, phy as phy_before, total as total_before
from counted
