{{ episode_child_rows('support_services', 'support_service_key', [
    ['after_as_of', "status = 'delivered' and started_on > as_of"],
]) }}
