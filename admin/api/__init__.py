"""The admin API: what people and programs do with cases, over HTTP."""
