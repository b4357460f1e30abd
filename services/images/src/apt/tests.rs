//! Tests against the real archive, through the host's own sources.
