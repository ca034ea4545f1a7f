-- The figures of this release (`incoming`) behind those of the releases before it, one release a date: history.headline, and
-- outcomes.history without the text of the definitions.
delete from history.headline where as_of >= $as_of;

insert into history.headline by name
with

definitions as (
    select string_agg(name || '/' || version || '=' || value, '; ' order by name) as definitions
    from meta.definition
),

before as (
    select measure, stratum, stratum_value, definition_version, definitions
    from history.headline
    qualify row_number() over (partition by measure, stratum, stratum_value order by as_of desc) = 1
)

select
    $release_id as release_id,
    $as_of as as_of,
    incoming.*,
    definitions.definitions,
    before.measure is not null
    and (before.definition_version != incoming.definition_version or before.definitions != definitions.definitions) as is_break
from incoming
cross join definitions
left join before using (measure, stratum, stratum_value);

delete from outcomes.history;

insert into outcomes.history by name
select * exclude (definitions) from history.headline order by as_of, measure, stratum, stratum_value;
