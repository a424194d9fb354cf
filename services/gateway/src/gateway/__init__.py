"""The fleet's public HTTP door: stateless, any number of replicas."""
