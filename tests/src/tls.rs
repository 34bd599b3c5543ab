//! A server that lets nobody in without TLS.

use std::{
    fs,
    fs::Permissions,
    net::Ipv4Addr,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use commandbus::embedded::{Durability, EmbeddedPostgres};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::Server;

/// A private server on two addresses of this machine; its certificate is for the first.
#[derive(Debug)]
pub struct TlsServer {
    _server: Server,
    address: Ipv4Addr,
    other: Ipv4Addr,
    root: PathBuf,
}

impl TlsServer {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub async fn start() -> Self {
        // Of the whole network that is this machine, so that the port is free.
        let [a, b] = rand::random::<[u8; 2]>();
        let (address, other) = (Ipv4Addr::new(127, a, b, 101), Ipv4Addr::new(127, a, b, 102));
        let mut server = Server::start(EmbeddedPostgres::builder().durability(Durability::Relaxed)).await;
        server.stop().await;
        let data = server.data();
        let (root, certificate, key) = certificates(address);
        let root_file = data.join("root.crt");
        write(&data, "root.crt", &root);
        write(&data, "server.crt", &certificate);
        write(&data, "server.key", &key);
        write(&data, "pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.0/8 trust\n");
        server.start_again_with(&format!("-c ssl=on -c listen_addresses={address},{other}")).await;
        // Where everybody may read it.
        let shared = tempfile::Builder::new().suffix(".crt").tempfile().expect("there is room");
        fs::copy(&root_file, shared.path()).expect("it was written");
        let root = shared.into_temp_path().keep().expect("it is a file");
        Self { _server: server, address, other, root }
    }

    /// Returns its URL with such parameters, as `sslmode=require`.
    pub fn url(&self, parameters: &str) -> String {
        format!("postgres://postgres@{}:5432/postgres?{parameters}", self.address)
    }

    /// The same by an address that its certificate does not name.
    pub fn url_of_other_name(&self, parameters: &str) -> String {
        format!("postgres://postgres@{}:5432/postgres?{parameters}", self.other)
    }

    /// Returns the file with the certificate of who signed that of the server.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.root);
    }
}

/// A file of the server's: it wants to be its only owner.
fn write(data: &Path, name: &str, text: &str) {
    let path = data.join(name);
    fs::write(&path, text).expect("it ran before");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    let owner = data.metadata().expect("it ran before");
    chown(&path, Some(owner.uid()), Some(owner.gid())).expect("it is ours, or we are root");
}

/// The certificates of an authority and of a server with that address, and the key of the latter.
fn certificates(address: Ipv4Addr) -> (String, String, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "an authority of a test");
    let authority_key = KeyPair::generate().expect("there is a generator");
    let root = authority.self_signed(&authority_key).expect("it is sound");
    let key = KeyPair::generate().expect("there is a generator");
    let issuer = Issuer::new(authority, authority_key);
    let certificate = CertificateParams::new([address.to_string()])
        .and_then(|parameters| parameters.signed_by(&key, &issuer))
        .expect("it is sound");
    (root.pem(), certificate.pem(), key.serialize_pem())
}
