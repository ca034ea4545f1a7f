{#- Whether a form's scores reach a cut-off by the restoration rule: its lowest item or its lowest domain mean. -#}
{% macro reaches(rule, lowest_item, lowest_mean, cutoff) -%}
    coalesce(round(case when {{ rule }} = 'all_items_ge_cutoff' then {{ lowest_item }} else {{ lowest_mean }} end, 9) >= {{ cutoff }}, false)
{%- endmacro %}

{#- CTEs `rights` and `lefts` of a CTE `seen` (episode_key, day, is_restored, exit_day): restoration lies in (left, right]
    days. The one place of the rule; `by` names a column that tells several judgements of the same forms apart. -#}
{% macro restoration_bounds(by=none) -%}
{%- set keys = 'episode_key' ~ (', ' ~ by if by else '') -%}
{%- set same = ' and seen.' ~ by ~ ' = rights.' ~ by if by else '' -%}
rights as (
    select {{ keys }}, min(day) as right_day
    from seen
    where is_restored and (exit_day is null or day <= exit_day + {{ definition('end_window_days') }})
    group by {{ keys }}
),

lefts as (
    select seen.episode_key{{ ', seen.' ~ by if by else '' }}, max(seen.day) as left_day
    from seen
    left join rights on seen.episode_key = rights.episode_key{{ same }}
    where
        not seen.is_restored
        and case
            when rights.right_day is not null then seen.day < rights.right_day
            else seen.exit_day is null or seen.day < seen.exit_day
        end
    group by seen.episode_key{{ ', seen.' ~ by if by else '' }}
)
{%- endmacro %}
