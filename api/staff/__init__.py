"""JSON for officials."""
