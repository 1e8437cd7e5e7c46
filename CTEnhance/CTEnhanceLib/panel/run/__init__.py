"""One run of the worker: section, process, progress and outcome."""
