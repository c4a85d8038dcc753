"""The command `labset`: one file per group of commands, loaded when one of them is called."""
