"""From one database to another: what differs, the safe steps, and who takes them."""
