"""Evaluation over many patients, and the tables of the thesis."""
