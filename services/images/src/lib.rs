//! Fetches, verifies, unpacks and patches engines from the distribution's archive.
