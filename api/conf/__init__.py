"""Settings, the two web applications and the database they stand on."""
