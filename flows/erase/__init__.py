"""Forgetting a person: out of every file that a home keeps, for good, with a certificate; and showing all that is held on one."""
