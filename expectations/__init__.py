"""Checks at three doors (landing, marts, estimates): they judge counts and write verdicts, never values."""
