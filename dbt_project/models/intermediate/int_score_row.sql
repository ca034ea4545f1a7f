with

{{ with_duplicates(ref('stg_jds__aso_scores'), ['assessment_key', 'indicator_code']) }},

joined as (
    select all_rows.*, parent.bucket as parent_bucket
    from all_rows
    left join {{ ref('int_assessment_fate') }} as parent on all_rows.assessment_key = parent.assessment_key
),

ruled as (
    select
        *,
        {{ child_rule('(assessment_key || indicator_code)', [
            ['unknown_indicator', "indicator_code like '#%'"],
            ['score_domain', "unreadable like '%score%' or (score is not null and (score != trunc(score) or score not between 1 and 4))"],
        ]) }} as rule
    from joined
),

bucketed as (
    select
        assessment_key,
        indicator_code,
        try_cast(score as utinyint) as score,
        is_not_applicable,
        extract_sequence,
        duplicate_rule,
        unreadable,
        rule,
        {{ bucket("is_deleted or coalesce(parent_bucket = 'tombstoned', false)",
                  "coalesce(parent_bucket = 'excluded', false)", 'rule') }} as bucket
    from ruled
)

select * from bucketed
