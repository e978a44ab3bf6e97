"""What screens are made of; a widget posts messages, its screen handles them."""
