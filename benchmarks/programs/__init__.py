"""What runs in a process of its own, so that neither its time nor its memory is mixed with the benchmark's."""
