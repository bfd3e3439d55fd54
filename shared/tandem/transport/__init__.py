"""The shared outbound sockets of the gateways: one request, one connection, typed failures."""
