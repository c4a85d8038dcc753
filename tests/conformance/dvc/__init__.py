"""The real `dvc` reads what we write, and we read what it writes."""
