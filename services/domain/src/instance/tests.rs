//! Scenarios: what was, what is asked, what follows.
