"""The only code that touches bytes on storage sites."""
