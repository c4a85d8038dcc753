"""What Labset promises, shown."""
