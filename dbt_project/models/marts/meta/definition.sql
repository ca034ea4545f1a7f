with

definitions as (
    {%- for name, shipped in var('definitions').items() %}
    {%- set definition = var('given').get(name, shipped) %}
    select
        '{{ name }}' as name,
        {{ definition['version'] }}::integer as version,
        '{{ definition['value'] }}' as value,
        '{{ definition['since'] }}'::date as since,
        '{{ shipped['text'] }}' as text
    union all
    {%- endfor %}
    {%- for name, text in instrument_definitions().items() %}
    {%- set given = var('given').get(name) %}
    select
        '{{ name }}' as name,
        ({{ given['version'] if given else 'version' }})::integer as version,
        ({{ of_instrument(name) }})::varchar as value,
        ({{ "'" ~ given['since'] ~ "'" if given else 'since' }})::date as since,
        '{{ text }}' as text
    from {{ ref('instruments') }}
    where instrument = '{{ var('instrument') }}'
    union all
    {%- endfor %}
    select
        'instrument' as name,
        version,
        instrument as value,
        since,
        label || ', domain means from ' || scale_min::varchar || ' to ' || scale_max::varchar as text
    from {{ ref('instruments') }}
    where instrument = '{{ var('instrument') }}'
)

select * from definitions
order by name
