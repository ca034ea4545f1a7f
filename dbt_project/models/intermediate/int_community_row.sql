{{ episode_child_rows('community_events', 'attendance_key', [['after_as_of', 'attended_on > as_of']]) }}
