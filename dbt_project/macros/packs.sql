{#- Counts of four categories share one whole number, a field of 31 bits each: one sum runs where four would. A field counts records, is
    never negative where it is read, and stays far below 2^31, so none spills into its neighbour. -#}

{#- The names of the packs: one for every four categories. -#}
{% macro packs() -%}
    {{ return(range(1, (service_categories() | length + 3) // 4 + 1) | list) }}
{%- endmacro %}

{#- One record in the field of its category, nothing in a pack that has no field for it. -#}
{% macro packed(category, pack) -%}
    case {{ category }}
    {%- for name in service_categories()[4 * pack - 4:4 * pack] %} when '{{ name }}' then {{ 2 ** (31 * loop.index0) }}::hugeint{% endfor %} else 0 end
{%- endmacro %}

{#- The count of a category out of its pack: came_1 to came_3, or recent_1 to recent_3. -#}
{% macro unpacked(what, category) -%}
    {%- set place = service_categories().index(category) -%}
    (({{ what }}_{{ place // 4 + 1 }} >> {{ 31 * (place % 4) }}) & 2147483647)::integer
{%- endmacro %}
