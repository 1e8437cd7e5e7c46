"""MRML without Qt: nodes, comparison layouts and views, bone rendering, tables and plots."""
