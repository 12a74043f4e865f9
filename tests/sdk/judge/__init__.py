"""Official SDKs as judges: what they take from an answer, and what they would let a client send."""
