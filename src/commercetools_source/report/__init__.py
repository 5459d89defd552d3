"""What people and programs are told: tables, progress, JSON, diagrams."""
