//! HTTP and HTTPS requests with an answer in memory.
//!
//! TLS is rustls with `ring`. It trusts what the system trusts, or the certificates of one file,
//! and is set up only once an address wants it. Proxies are not used.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Chain;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Longer than a gateway itself waits for anything.
const ANSWER_MAX: Duration = Duration::from_secs(60);
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
const AGENT: &str = concat!("trove/", env!("CARGO_PKG_VERSION"));

/// What was answered, happy or not.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The header of that name, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; null where it is empty or something else.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, &'a str)>,
    pub(crate) body: Option<&'a Value>,
}

/// Why no answer came; a repeat may help against the second only.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The request can't be made like this.
    Unusable(String),
    /// The service was not reached, or was lost.
    Lost(String),
}

/// Sends requests.
pub(crate) struct Http {
    plain: Client<HttpConnector, Full<Bytes>>,
    tls: Option<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>,
    /// The only certificates to trust, instead of the system's.
    cacert: Option<PathBuf>,
}

impl Http {
    /// With the file of certificates to trust instead of the system's.
    pub(crate) fn new(cacert: Option<PathBuf>) -> Self {
        let plain = Client::builder(TokioExecutor::new()).build(connector());
        Self { plain, tls: None, cacert }
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(&mut self, ask: Ask<'_>) -> Result<Answer, SendError> {
        let is_tls = ask.url.starts_with("https://");
        let url = ask.url.clone();
        let request = request(ask)?;
        let work = async {
            let response = if is_tls {
                self.tls()?.request(request).await
            } else {
                self.plain.request(request).await
            };
            let response = response.map_err(|error| lost(&url, &error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|error| SendError::Lost(format!("{url}: {error}")))?;
            let body = body.to_bytes().to_vec();
            Ok(Answer { status: head.status, headers: head.headers, body })
        };
        match tokio::time::timeout(ANSWER_MAX, work).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let seconds = ANSWER_MAX.as_secs();
                Err(SendError::Lost(format!("{url} did not answer within {seconds} s")))
            }
        }
    }

    fn tls(&mut self) -> Result<&Client<HttpsConnector<HttpConnector>, Full<Bytes>>, SendError> {
        if self.tls.is_none() {
            let config = tls_config(self.cacert.as_ref()).map_err(SendError::Unusable)?;
            let mut connector = connector();
            connector.enforce_http(false);
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(config)
                .https_or_http()
                .enable_http1()
                .wrap_connector(connector);
            self.tls = Some(Client::builder(TokioExecutor::new()).build(connector));
        }
        Ok(self.tls.as_ref().expect("it was just made"))
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(CONNECT_MAX));
    connector
}

fn request(ask: Ask<'_>) -> Result<Request<Full<Bytes>>, SendError> {
    let mut request = Request::builder()
        .method(ask.method)
        .uri(&ask.url)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "application/json");
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let body = match ask.body {
        Some(body) => {
            request = request.header(CONTENT_TYPE, "application/json");
            Bytes::from(body.to_string())
        }
        None => Bytes::new(),
    };
    let unusable = |error| SendError::Unusable(format!("{}: {error}", ask.url));
    request.body(Full::new(body)).map_err(unusable)
}

fn lost(url: &str, error: &hyper_util::client::legacy::Error) -> SendError {
    let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
    SendError::Lost(format!("{host}: {}", Chain(error)))
}

fn tls_config(cacert: Option<&PathBuf>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = cacert {
        let shown = path.display();
        let read = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| format!("the certificates in {shown}: {error}"))?;
        if roots.add_parsable_certificates(read).0 == 0 {
            return Err(format!("there is no certificate in {shown}"));
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        if roots.add_parsable_certificates(found.certs).0 == 0 {
            return Err("the system trusts no certificates: install ca-certificates, or name a \
                        file with OS_CACERT"
                .to_owned());
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests;
