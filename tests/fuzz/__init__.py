"""Inputs that nobody would write down, thrown at the inbound side by a fuzzer that sees which lines they reach."""
