"""The commands of ctenhance, one file each."""
