"""What both paper exchanges do around the pure core: tape driving, control port, sockets, CLI."""
