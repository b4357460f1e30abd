//! Who is calling: the embedded Keystone-compatible token service.
