{#-
    Every row of a landed table with what the duplicate rule says of it (jds-source: exact rows collapse, of different rows with one key
    the greatest modified_at wins, equal stamps are quarantined). Adds duplicate_rule: null for the row that stands,
    else exact | superseded | conflict. Rare keys are looked at alone: most keys stand once.
-#}
{% macro with_duplicates(relation, keys) -%}
    {%- set key_list = keys | join(', ') %}
    repeated_keys as (
        select {{ key_list }}
        from {{ relation }}
        group by {{ key_list }}
        having count(*) > 1 {% for key in keys %}and {{ key }} is not null {% endfor %}
    ),

    single_rows as (
        select source.*, null::varchar as duplicate_rule
        from {{ relation }} as source
        anti join repeated_keys using ({{ key_list }})
    ),

    repeated_rows as (
        select *, hash(*columns(* exclude (extract_sequence, row_digest))) as content
        from {{ relation }} as source
        semi join repeated_keys using ({{ key_list }})
    ),

    identified_rows as (
        select *, coalesce(row_digest, min(row_digest) over (partition by {{ key_list }}, content), '') as identity
        from repeated_rows
    ),

    counted_copies as (
        select
            *,
            row_number() over (partition by {{ key_list }}, content, identity order by extract_sequence) as copy_number,
            max(coalesce(modified_at, '-infinity'::timestamptz)) over (partition by {{ key_list }}) as latest_stamp
        from identified_rows
    ),

    ranked_versions as (
        select
            *,
            copy_number = 1 and coalesce(modified_at, '-infinity'::timestamptz) = latest_stamp as is_latest
        from counted_copies
    ),

    judged_rows as (
        select
            * exclude (content, identity, copy_number, latest_stamp, is_latest),
            case
                when copy_number > 1 then 'exact'
                when not is_latest then 'superseded'
                when count(*) filter (where is_latest) over (partition by {{ key_list }}) > 1 then 'conflict'
            end as duplicate_rule
        from ranked_versions
    ),

    all_rows as (
        select * from single_rows
        union all by name
        select * from judged_rows
    )
{%- endmacro %}

{#- The bucket of a row: the first that applies, in the order of the source contract. -#}
{% macro bucket(is_tombstoned, is_excluded, quarantine_rule) -%}
    case
        when duplicate_rule in ('exact', 'superseded') then 'collapsed'
        when {{ is_tombstoned }} then 'tombstoned'
        when {{ is_excluded }} then 'excluded'
        when {{ quarantine_rule }} is not null then 'quarantined'
        else 'out'
    end
{%- endmacro %}

{#- The first quarantine rule of a child row that applies; own_rules is a list of [rule, condition]. -#}
{% macro child_rule(key, own_rules) -%}
    case
        when duplicate_rule = 'conflict' then 'duplicate_conflict'
        when {{ key }} is null then 'missing_key'
        when parent_bucket is null then 'orphan'
        {%- for rule, condition in own_rules %}
        when {{ condition }} then '{{ rule }}'
        {%- endfor %}
        when parent_bucket = 'quarantined' then 'parent_quarantined'
    end
{%- endmacro %}

{#-
    All rows of a table whose parent is an episode, with bucket and rule, under the key of the episode they belong to.
    own_rules may use the row's columns and the parent's intake_date, rescue_date, exit_date.
-#}
{% macro episode_child_rows(table, key, own_rules) -%}
with

{{ with_duplicates(ref('stg_jds__' ~ table), [key]) }},

joined as (
    select
        all_rows.* exclude (episode_key),
        coalesce(parent.root_episode_key, all_rows.episode_key) as episode_key,
        parent.bucket as parent_bucket,
        parent.intake_date,
        parent.rescue_date,
        run.as_of
    from all_rows
    left join {{ ref('int_episode_fate') }} as parent
        on all_rows.episode_key = parent.episode_key
    cross join {{ ref('int_run') }} as run
),

ruled as (
    select *, {{ child_rule(key, own_rules) }} as rule
    from joined
),

bucketed as (
    select
        * exclude (parent_bucket, intake_date, rescue_date, as_of),
        {{ bucket("is_deleted or coalesce(parent_bucket = 'tombstoned', false)",
                  "coalesce(parent_bucket = 'excluded', false)", 'rule') }} as bucket
    from ruled
)

select * from bucketed
{%- endmacro %}

{#- A code of the source contract as delivered ('#…' where unknown) made one of its list. -#}
{% macro known_code(column, fallback) -%}
    case when {{ column }} like '#%' then {{ fallback }} else {{ column }} end
{%- endmacro %}
