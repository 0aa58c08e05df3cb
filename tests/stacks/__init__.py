"""The program, the provider and the simulator."""
