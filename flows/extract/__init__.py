"""A JDS delivery becomes typed, pseudonymised, append-only raw files."""
