"""What commands share: options, the series they read, what they write; and what would make a command too long."""
