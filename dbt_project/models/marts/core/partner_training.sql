with

trainings as (
    select trainings.partner_id, trainings.topic, trainings.completed_on
    from {{ ref('int_training_row') }} as trainings
    where
        trainings.bucket = 'out'
        and trainings.partner_id is not null
        and coalesce(trainings.completed_on, '0001-01-01'::date) <= (select run.as_of from {{ ref('int_run') }} as run)
)

select
    partner_id,
    coalesce(topic, 'other') as topic,
    count(*)::integer as n_trainings,
    {{ quarter('max(completed_on)') }} as last_training_quarter
from trainings
group by partner_id, coalesce(topic, 'other')
order by partner_id, topic
