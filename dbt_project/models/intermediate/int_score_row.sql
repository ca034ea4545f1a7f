with

{{ with_duplicates(ref('stg_jds__aso_scores'), ['assessment_key', 'indicator_code']) }},

joined as (
    select
        all_rows.*,
        parent.bucket as parent_bucket,
        indicators.indicator_code is not null as is_indicator,
        {{ valid_on('indicators', 'parent.assessed_on') }} as is_valid_then,
        indicators.score_min,
        indicators.score_max
    from all_rows
    left join {{ ref('int_assessment_fate') }} as parent on all_rows.assessment_key = parent.assessment_key
    left join {{ ref('int_indicator') }} as indicators on all_rows.indicator_code = indicators.indicator_code
),

ruled as (
    select
        *,
        {{ child_rule('(assessment_key || indicator_code)', [
            ['unknown_indicator', 'not is_indicator'],
            ['indicator_not_valid', 'not is_valid_then'],
            ['score_domain', "unreadable like '%score%' or (score is not null and (score != trunc(score) or score not between score_min and score_max))"],
        ]) }} as rule
    from joined
),

bucketed as (
    select
        assessment_key,
        indicator_code,
        try_cast(score as tinyint) as score,
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
