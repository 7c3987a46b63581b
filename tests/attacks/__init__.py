"""Each test tries what an attacker would: docs/security.md links its promises to them."""
