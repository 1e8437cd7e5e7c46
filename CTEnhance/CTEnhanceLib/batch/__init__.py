"""Many volumes: found, computed by several workers, resumed where a run was ended, listed with reasons."""
