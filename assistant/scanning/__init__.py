"""What a text holds: secrets and personal data, found by patterns on this machine."""
