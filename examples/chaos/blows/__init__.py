"""What falls on the desk and when, how it is carried out, and the record of it."""
