"""The platform's predicates and sort expressions: parsed, checked, evaluated."""
