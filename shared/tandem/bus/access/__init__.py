"""The bus as a strategy has it where the bus has users."""
