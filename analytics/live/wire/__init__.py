"""Adapters between the hub and its connections: plain WebSockets, and Socket.IO over WebSockets or polling."""
