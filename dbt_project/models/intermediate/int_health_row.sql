{{ episode_child_rows('health_services', 'health_service_key', [
    ['after_as_of', "status = 'delivered' and delivered_on > as_of"],
]) }}
