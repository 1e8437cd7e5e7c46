"""The version of CTEnhance, and what must stand beside everything that it computes, each in one place."""

__version__ = "0.1.0"

RESEARCH_ONLY = "for research, not for diagnosis"
