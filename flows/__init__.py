"""Orchestration: extract a JDS delivery, build and audit the marts, estimate, publish a release."""
