"""Taking it away: studies as one HTML file that needs nothing else, and every table as CSV, Markdown and LaTeX."""

from core.report.make import KINDS, Report, make_report
from core.report.parts import Request
from core.tables.forms import Table, to_csv, to_latex, to_markdown

__all__ = ["KINDS", "Report", "Request", "Table", "make_report", "to_csv", "to_latex", "to_markdown"]
