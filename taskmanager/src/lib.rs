//! Decides commands, appends events and drives provisioning.
