"""A thick-slice volume goes in; a thin-slice volume and its report come out."""
