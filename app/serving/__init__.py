"""How gunicorn gives requests to threads: slow clients hold few of them (`gunicorn.conf.py`)."""
