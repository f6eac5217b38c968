"""The load generator of the shop example; load.py is its command."""
