-- Counts for the checks against recent nights: rows more or fewer than their median; rows whose code would have to be another for the
-- shares to be what they were (half the sum of absolute differences). A home that is being filled grows by leaps: with fewer than
-- five recent nights only a volume nine times the usual counts.
with

recent as (
    select * from {{ jds('recent_counts') }}
),

this_night as (
    select * from {{ ref('int_night_count') }}
),

volumes as (
    select
        this_night.check_id,
        coalesce(median(recent.n), 0) as n_checked,
        case
            when count(recent.n) >= 5 or any_value(this_night.n) > 9 * median(recent.n)
                then abs(any_value(this_night.n) - median(recent.n))
            else 0
        end as n_failed
    from this_night
    left join recent on this_night.check_id = recent.check_id
    where this_night.check_id like '%.volume'
    group by this_night.check_id
),

shares as (
    select check_id, code, n / sum(n) over (partition by check_id) as share from this_night
),

recent_shares as (
    select check_id, code, sum(n) / sum(sum(n)) over (partition by check_id) as share
    from recent
    group by check_id, code
),

moved as (
    select
        coalesce(shares.check_id, recent_shares.check_id) as check_id,
        sum(abs(coalesce(shares.share, 0) - coalesce(recent_shares.share, 0))) / 2 as share
    from shares
    full outer join recent_shares on shares.check_id = recent_shares.check_id and shares.code = recent_shares.code
    group by all
),

sizes as (
    select check_id, sum(n) as n from this_night group by check_id
),

-- A column with no row tonight or before cannot be compared.
distributions as (
    select
        names.check_id,
        case when recent_sizes.n > 0 then coalesce(sizes.n, 0) else 0 end as n_checked,
        case when nights.n >= 5 and recent_sizes.n > 0 then coalesce(moved.share * sizes.n, 0) else 0 end as n_failed
    from (
        {%- for name in distributions() %}
        select '{{ name }}.distribution' as check_id
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as names
    left join sizes on names.check_id = sizes.check_id
    left join moved on names.check_id = moved.check_id
    left join (select check_id, sum(n) as n from recent group by check_id) as recent_sizes on names.check_id = recent_sizes.check_id
    cross join (select count(*) as n from recent where check_id = 'survivors.volume') as nights
)

select check_id, round(n_checked)::bigint as n_checked, round(n_failed)::bigint as n_failed from volumes
union all
select check_id, round(n_checked)::bigint as n_checked, round(n_failed)::bigint as n_failed from distributions
