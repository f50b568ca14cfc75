"""What takes long: tables of millions, several processes, an hour of load."""
