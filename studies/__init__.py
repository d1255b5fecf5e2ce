"""One thin file per question or figure: a CONFIG, run() and main(); computes nothing of its own."""
