"""The five promises of the design, proved from outside: of a run's input, folder and key, and what the service saw."""

from proof.evidence import Attempted, Evidence, InputRow, Lines, Sealed, Seen, foreign_last
from proof.files import collected, hand_over, read_input, sealed_in
from proof.page import Page, page_complaints
from proof.promises import complaints, in_clear, prove, sha256

__all__ = [
    "Attempted",
    "Evidence",
    "InputRow",
    "Lines",
    "Page",
    "Sealed",
    "Seen",
    "collected",
    "complaints",
    "foreign_last",
    "hand_over",
    "in_clear",
    "page_complaints",
    "prove",
    "read_input",
    "sealed_in",
    "sha256",
]
