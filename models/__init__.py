"""The embedded tiny reasoners: weights, tokenizer and card of each, and the script that trained them."""
