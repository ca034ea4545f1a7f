"""What `ml` makes of the marts: each stage reads frames from the build file, calls `ml`, and fills declared tables."""
