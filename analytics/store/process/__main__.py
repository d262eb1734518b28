"""Entry of the store process; the server starts it with its options, and a socket as descriptor 3."""

from analytics.store.process.main import main

main()
