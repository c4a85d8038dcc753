"""What Labset means: values, verbs and ports; standard library only, no input or output."""
