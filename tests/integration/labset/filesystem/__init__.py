"""`labset://`, the file system of fsspec, on a running stack."""
