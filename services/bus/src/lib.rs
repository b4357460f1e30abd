//! NATS subjects, command and guest requests, and credentials.
