"""The verbs: one module per thing that a person does."""
