"""The MQTT door: receive, hand over, acknowledge only what is stored."""
