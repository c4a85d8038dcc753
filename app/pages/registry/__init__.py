"""The pages of registered asset databases and their health."""
