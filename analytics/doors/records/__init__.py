"""What the doors for log lines and spans share: limits, ids of traces, levels, rates, sampling, recording."""
