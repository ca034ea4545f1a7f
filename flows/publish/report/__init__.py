"""The report of a release: self-contained pages, made from the tables of `share/` and nothing else."""

from flows.publish.report.write import render, write_report

__all__ = ["render", "write_report"]
