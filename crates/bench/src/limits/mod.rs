//! What the machine itself allows.
