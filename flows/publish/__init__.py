"""A checked build file becomes an immutable release, and the `current` link moves to it in one step."""
