"""The exchange behind both paper venues: books, matching, accounts and tapes, without any I/O.

Pure: values in, events out; time is a parameter. The venues add protocols, keys and sockets.
"""
