"""The billing rooms' pages, one file a room. No photographs, no clinical text."""
