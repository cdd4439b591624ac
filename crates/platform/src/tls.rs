//! The cryptography behind TLS.

/// Makes ring the cryptography of every TLS client in this process, unless one was chosen before.
///
/// HTTP clients are built without cryptography of their own, so that the program contains one
/// implementation and not two: building one before this was called panics. Calling it again does nothing.
pub fn use_ring() {
    // An error says that a provider is installed already, which is what was wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
