"""The verbs of the asset database over real records; sites, people and the clock are the tests' own."""
